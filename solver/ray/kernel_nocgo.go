// SPDX-License-Identifier: BSD-3-Clause

//go:build !cgo

package ray

import (
	"fmt"

	"github.com/columen/columen/solver/grid"
)

// Variants returns the kernels that this build can run: without cgo only the
// scalar twin.
func Variants() []string { return []string{"twin"} }

func newNative[T grid.Float](name string, _ Medium, _ []float64, _ Limits) (Kernel[T], error) {
	return nil, fmt.Errorf("ray: no kernel named %q in a build without cgo: want one of %v", name, Variants())
}
