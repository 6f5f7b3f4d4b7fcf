// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/columen/columen/solver/grid"
)

// counted counts and limits the leaves that are read.
type counted struct {
	*AMRVAC
	read int
	hide int  // leaf whose box is reported as empty, -1: none
	fail bool // whether reads fail
}

func (c *counted) ReadLeaf(i int, dst *Leaf) error {
	if c.read++; c.fail {
		return errors.New("disk on fire")
	}
	return c.AMRVAC.ReadLeaf(i, dst)
}

func (c *counted) LeafBox(i int) grid.Box {
	if i == c.hide {
		return grid.Box{}
	}
	return c.AMRVAC.LeafBox(i)
}

func TestAverageReadsOnlyWhatItNeeds(t *testing.T) {
	s := &counted{AMRVAC: amrModel(t, smoothGas), hide: -1}
	mesh := meshOf(s.Box(), 12, 12, 4)
	b := mesh.Full()
	b.Stored[0] = grid.Range{Lo: 8, Hi: 12} // exactly the last roots along x
	b.Stored[1] = grid.Range{Lo: 6, Hi: 12}
	if _, err := AverageGas(s, mesh, b, nil); err != nil {
		t.Fatal(err)
	}
	if s.read != 2 {
		t.Errorf("%d leaves read, want 2", s.read)
	}
}

func TestAverageErrors(t *testing.T) {
	model := amrModel(t, smoothGas)
	good := meshOf(model.Box(), 4, 4, 4)
	conv := Conversion{MassPerH2AMU: 2.02, COPerH2: 1e-4}
	outside := meshOf(shrink(model.Box(), [3]float64{0, 0, 0}, [3]float64{1, 1.001, 1}), 4, 4, 4)
	block := good.Full()
	block.Stored[2].Hi = 5
	cases := []struct {
		name  string
		src   *counted
		mesh  grid.Mesh
		block grid.Block
		conv  Conversion
		want  string
	}{
		{"outside", &counted{hide: -1}, outside, outside.Full(), conv, "m is not inside the box of the snapshot, from [-1.495978707e+11 -7.479893535e+10 0] to"},
		{"no cells", &counted{hide: -1}, meshOf(model.Box(), 4, 0, 4), good.Full(), conv, "0 cells along y"},
		{"block", &counted{hide: -1}, good, block, conv, "stored cells 0 to 5 along z: want a part of 0 to 4"},
		{"mass", &counted{hide: -1}, good, good.Full(), Conversion{COPerH2: 1}, "mass_per_h2_amu = 0: want a positive"},
		{"abundance", &counted{hide: -1}, good, good.Full(), Conversion{MassPerH2AMU: 2, COPerH2: math.Inf(1)}, "co_per_h2 = +Inf"},
		{"floor", &counted{hide: -1}, good, good.Full(), Conversion{2, 1e-4, -1, 0}, "temperature_floor_k = -1: want a finite number ≥ 0"},
		{"turbulence", &counted{hide: -1}, good, good.Full(), Conversion{2, 1e-4, 0, math.NaN()}, "v_turb_ms = NaN"},
		{"read", &counted{hide: -1, fail: true}, good, good.Full(), conv, "disk on fire"},
		{"gap", &counted{hide: 20}, good, good.Full(), conv, "cell (0,0,2) of the mesh: leaves cover 0 of its volume"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.src.AMRVAC = model
			_, err := CellAverage[float32](c.src, c.mesh, c.block, c.conv, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
