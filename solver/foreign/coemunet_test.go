// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package foreign

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/columen/columen/internal/h5"
	"github.com/columen/columen/solver/grid"
)

const coemunetSample = "testdata/sample_raw_mulfreq_8.hdf5"

// TestCOEmuNet reads a sample of the original's layout block by block.
func TestCOEmuNet(t *testing.T) {
	c, err := OpenCOEmuNet(coemunetSample, COEmuNetOptions{Box: testBox(), VTurbMs: 150})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Mesh().Cells != [3]int{8, 8, 8} || c.Mesh().Box != testBox() {
		t.Errorf("mesh %+v", c.Mesh())
	}
	f, err := h5.Open(coemunetSample)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want, _, err := h5.Read[float64](f, "velocity_z")
	if err != nil {
		t.Fatal(err)
	}
	b := grid.Block{Stored: [3]grid.Range{{Lo: 2, Hi: 5}, {Lo: 0, Hi: 8}, {Lo: 7, Hi: 8}}}
	got, err := Read[float64](c, b, [3]bool{false, false, true})
	if err != nil {
		t.Fatal(err)
	}
	for i := 2; i < 5; i++ {
		for j := range 8 {
			if at := got.Index(i, j, 7); got.Velocity[2][at] != want[(i*8+j)*8+7] || got.Turbulence[at] != 150 {
				t.Errorf("cell %d %d 7: %g m/s, turbulence %g", i, j, got.Velocity[2][at], got.Turbulence[at])
			}
		}
	}
	_, err = Read[float64](c, b, [3]bool{true, false, false})
	checkError(t, err, coemunetSample+": velocity_x is missing|views along z")
}

func TestCOEmuNetRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.hdf5")
	write := func(shapes map[string][]int) {
		f, err := h5.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, shape := range shapes {
			n := 1
			for _, d := range shape {
				n *= d
			}
			if err := h5.Write(f, name, shape, make([]float32, n)); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	cube := []int{2, 2, 2}
	for _, c := range []struct {
		shapes map[string][]int
		box    grid.Box
		parts  string
	}{
		{map[string][]int{"CO": cube, "temperature": cube}, testBox(), "dataset velocity_z is missing"},
		{map[string][]int{"CO": cube, "temperature": {2, 2, 3}, "velocity_z": cube}, testBox(), "dataset temperature: shape [2 2 3]: want [2 2 2]"},
		{map[string][]int{"CO": {8}, "temperature": cube, "velocity_z": cube}, testBox(), "dataset CO: shape [8]: want [nx, ny, nz]"},
		{map[string][]int{"CO": cube, "temperature": cube, "velocity_z": cube}, grid.Box{}, "box"},
	} {
		write(c.shapes)
		_, err := OpenCOEmuNet(path, COEmuNetOptions{Box: c.box})
		checkError(t, err, "s.hdf5: |"+c.parts)
	}
	if err := os.WriteFile(path, []byte("no cube"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := OpenCOEmuNet(path, COEmuNetOptions{Box: testBox()})
	checkError(t, err, "s.hdf5|signature")
}
