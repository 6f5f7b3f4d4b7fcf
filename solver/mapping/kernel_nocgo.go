// SPDX-License-Identifier: BSD-3-Clause

//go:build !cgo

package mapping

import (
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

func locate(cells, pairs []int32, x, y, z []float64, l Lattice, window [3]grid.Range) int {
	return locateTwin(cells, pairs, x, y, z, l, window)
}

func add(sum []sample, count []int32, cells, place []int32, first int, p *hydro.Points) {
	addTwin(sum, count, cells, place, first, p)
}
