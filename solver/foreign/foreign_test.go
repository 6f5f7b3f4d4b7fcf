// SPDX-License-Identifier: BSD-3-Clause

package foreign

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/si"
)

// testBox is the box of the models in testdata.
func testBox() grid.Box {
	return grid.Box{Min: [3]float64{-2 * si.AU, 0, -si.AU}, Max: [3]float64{2 * si.AU, 3 * si.AU, si.AU}}
}

// checkCube compares a block with the formulas of testdata/README.md.
func checkCube(t *testing.T, c *Cube, stored [3]grid.Range, velocities [3]bool) {
	t.Helper()
	m := c.Mesh()
	want := testBox()
	for a := range 3 {
		if m.Cells != [3]int{4, 3, 2} || math.Abs(m.Box.Min[a]-want.Min[a]) > 1e-3 || math.Abs(m.Box.Max[a]-want.Max[a]) > 1e-3 {
			t.Fatalf("mesh %+v, want 4 × 3 × 2 cells in %v", m, want)
		}
	}
	got, err := Read[float64](c, grid.Block{Owned: stored, Stored: stored}, velocities)
	if err != nil {
		t.Fatal(err)
	}
	for i := stored[0].Lo; i < stored[0].Hi; i++ {
		for j := stored[1].Lo; j < stored[1].Hi; j++ {
			for k := stored[2].Lo; k < stored[2].Hi; k++ {
				x, y, z, at := float64(i), float64(j), float64(k), got.Index(i, j, k)
				rows := [][2]float64{
					{got.Density[at], (1000 + 100*x + 10*y + z) * 1e6}, {got.Temperature[at], 20 + x + 2*y + 4*z},
					{got.Turbulence[at], 100 + x*y},
				}
				v := [3]float64{1e3 * (x - 1.5), 1e3 * (y + 0.25), 1e3 * (2*z - 1)}
				for a, wanted := range velocities {
					if wanted {
						rows = append(rows, [2]float64{got.Velocity[a][at], v[a]})
					}
				}
				for r, row := range rows {
					if math.Abs(row[0]-row[1]) > 1e-13*math.Abs(row[1]) {
						t.Errorf("cell %d %d %d, quantity %d: %g, want %g", i, j, k, r, row[0], row[1])
					}
				}
			}
		}
	}
}

// blocks are the whole mesh and parts of it, one of them a single cell.
func blocks() [][3]grid.Range {
	return [][3]grid.Range{
		{{Lo: 0, Hi: 4}, {Lo: 0, Hi: 3}, {Lo: 0, Hi: 2}},
		{{Lo: 1, Hi: 3}, {Lo: 1, Hi: 3}, {Lo: 1, Hi: 2}},
		{{Lo: 2, Hi: 4}, {Lo: 0, Hi: 2}, {Lo: 0, Hi: 2}},
		{{Lo: 3, Hi: 4}, {Lo: 2, Hi: 3}, {Lo: 1, Hi: 2}},
	}
}

func TestRADMC3D(t *testing.T) {
	for _, path := range []string{"testdata/radmc_text/amr_grid.inp", "testdata/radmc_binary/amr_grid.binp"} {
		c, err := OpenRADMC3D(path, RADMC3DOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if c.Species() != "CO" {
			t.Errorf("species %s", c.Species())
		}
		for _, b := range blocks() {
			checkCube(t, c, b, [3]bool{true, true, true})
			checkCube(t, c, b, [3]bool{false, true, false})
		}
		lines, err := c.Describe()
		if err != nil || !strings.Contains(fmt.Sprint(lines), "min 1e+09, max 1.321e+09, mean 1.1605e+09, 0 non-finite") {
			t.Errorf("description %v, error %v", lines, err)
		}
	}
}

// TestRADMC3DDefaults: gas without files of velocity and turbulence.
func TestRADMC3DDefaults(t *testing.T) {
	path := copyFolder(t)
	for _, name := range []string{"gas_velocity.inp", "microturbulence.inp"} {
		if err := os.Remove(filepath.Join(filepath.Dir(path), name)); err != nil {
			t.Fatal(err)
		}
	}
	speed := 150.0
	for _, v := range []*float64{nil, &speed} {
		c, err := OpenRADMC3D(path, RADMC3DOptions{VTurbMs: v})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		got, err := Read[float32](c, c.Mesh().Full(), [3]bool{true, true, true})
		want := float32(0)
		if v != nil {
			want = 150
		}
		if err != nil || got.Velocity[1][5] != 0 || got.Turbulence[23] != want || got.Density[23] != 1.321e9 {
			t.Errorf("cube %v, error %v", got, err)
		}
	}
}

// copyFolder copies the text folder and returns the path of its grid.
func copyFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/radmc_text")); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "amr_grid.inp")
}

func baseFields() FieldsOptions {
	return FieldsOptions{Density: "testdata/density.npy", Temperature: "testdata/temperature.npy", Velocity: [3]string{"testdata/velocity_x.npy", "", "testdata/velocity_z.fits"},
		Turbulence: "testdata/v_turb.fits", Box: testBox(), DensityUnit: "cm-3", VelocityUnit: "cm/s"}
}

func TestFields(t *testing.T) {
	c, err := OpenFields(baseFields())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, b := range blocks() {
		checkCube(t, c, b, [3]bool{true, false, true})
	}
	_, err = Read[float64](c, c.Mesh().Full(), [3]bool{false, true, false})
	checkError(t, err, "testdata/density.npy: velocity_y is missing and this view needs it")
	_, err = Read[float64](c, grid.Block{Stored: [3]grid.Range{{Lo: 0, Hi: 5}, {Lo: 0, Hi: 1}, {Lo: 0, Hi: 1}}}, [3]bool{})
	checkError(t, err, "block along x is [0, 5)|[0, 4)")
	o := baseFields()
	o.Turbulence, o.VTurbMs, o.Species = "", 12, "SiO"
	d, err := OpenFields(o)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	got, err := Read[float64](d, d.Mesh().Full(), [3]bool{})
	if err != nil || got.Turbulence[7] != 12 || d.Species() != "SiO" {
		t.Errorf("turbulence %v, species %s, error %v", got.Turbulence, d.Species(), err)
	}
	lines, err := DescribeArray("testdata/velocity_z.fits")
	if want := "[{format FITS, BITPIX -32} {cells [x, y, z] 4 × 3 × 2} {values min -100000, max 100000, mean 0, 0 non-finite}]"; err != nil || fmt.Sprint(lines) != want {
		t.Errorf("%v, want %s (error %v)", lines, want, err)
	}
}

func checkError(t *testing.T, err error, parts string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range strings.Split(parts, "|") {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
}

func TestIsAMRGrid(t *testing.T) {
	binary, err := os.ReadFile("testdata/radmc_binary/amr_grid.binp")
	if err != nil {
		t.Fatal(err)
	}
	for head, want := range map[string]bool{"1\n0\n0\n": true, " 1 10 1": true, "1": false, "1 x": false, "!MOLECULE": false, "": false, string(binary[:64]): true,
		"\x05\x00\x00\x00\x20\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00": false} {
		if IsAMRGrid([]byte(head)) != want {
			t.Errorf("%q: want %t", head, want)
		}
	}
}
