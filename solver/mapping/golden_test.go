// SPDX-License-Identifier: BSD-3-Clause

package mapping

import (
	"fmt"
	"math"
	"os"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
	"github.com/columen/columen/solver/rotation"
	"github.com/columen/columen/solver/si"
)

// archive is an open .npz file.
type archive struct {
	t testing.TB
	*npz.Reader
}

func openArchive(t testing.TB, path string) archive {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	r, err := npz.NewReader(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return archive{t, r}
}

func (a archive) floats(name string) []float64 {
	a.t.Helper()
	var x []float64
	if err := a.Read(name+".npy", &x); err != nil {
		a.t.Fatalf("%s: %v", name, err)
	}
	return x
}

func (a archive) ints(name string) []int64 {
	a.t.Helper()
	var x []int64
	if err := a.Read(name+".npy", &x); err != nil {
		a.t.Fatalf("%s: %v", name, err)
	}
	return x
}

// column returns column c of a table of n columns, times scale.
func column(table []float64, n, c int, scale float64) []float64 {
	x := make([]float64, len(table)/n)
	for i := range x {
		x[i] = table[i*n+c] * scale
	}
	return x
}

// TestHaarSmall compares every level with the original, bit for bit.
func TestHaarSmall(t *testing.T) {
	a := openArchive(t, "testdata/haar_small.npz")
	data := a.floats("data")
	p := &hydro.Points{Density: data, Temperature: data, Velocity: [3][]float64{data, data, data}, Turbulence: data}
	for axis := range p.Position {
		p.Position[axis] = column(a.floats("points"), 3, axis, 1)
	}
	l := Enclosing(p.Box(), 5)
	for axis := range 3 {
		if l.Min[axis] != a.floats("xyz_min")[axis] || l.Size[axis] != a.floats("xyz_L")[axis] {
			t.Fatalf("lattice %+v, want xyz_min and xyz_L of the file", l)
		}
	}
	var h Haar
	for k := range 5 {
		// The finest cells of a lattice of k+1 levels are those of level k of five,
		// but the box depends on the number of levels.
		coarse := Lattice{Min: l.Min, Size: l.Size, Levels: k + 1}
		c := coarse.Whole()
		cube, err := Map[float64](&h, p, c, c.Mesh.Full(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		num, interp := a.ints(fmt.Sprintf("num_l%d", k)), a.floats(fmt.Sprintf("interp_l%d", k))
		finest := h.parts[0].levels[k]
		for i := range interp {
			if int64(finest.count[i]) != num[i] {
				t.Fatalf("level %d, cell %d: %d points, want %d", k, i, finest.count[i], num[i])
			}
			for _, f := range [][]float64{cube.Density, cube.Temperature, cube.Velocity[0], cube.Velocity[1], cube.Velocity[2], cube.Turbulence} {
				if f[i] != interp[i] {
					t.Fatalf("level %d, cell %d: %.17g, want %.17g", k, i, f[i], interp[i])
				}
			}
		}
	}
}

// ballRadiusM is R of the published data sets.
const ballRadiusM = 28984584112701.441406

// magritteLike is the model of magritte_like_6000.npz.
func magritteLike(t testing.TB) *hydro.Points {
	t.Helper()
	a := openArchive(t, "testdata/magritte_like_6000.npz")
	p := &hydro.Points{Temperature: a.floats("temperature"), Density: column(a.floats("abundance"), 3, 1, 1), Turbulence: a.floats("vturb2")}
	for i, v := range p.Turbulence {
		p.Turbulence[i] = math.Sqrt(v) * si.CODATA2018().C
	}
	position, velocity := a.floats("position"), a.floats("velocity")
	for axis := range p.Position {
		p.Position[axis], p.Velocity[axis] = column(position, 3, axis, 1), column(velocity, 3, axis, si.CODATA2018().C)
	}
	return p
}

// TestPublishedCubes makes the cubes of the published generator from its model:
// face-on to the last bit, turned to 1e-12.
func TestPublishedCubes(t *testing.T) {
	all := magritteLike(t)
	p := Ball(all, Midpoint(all.Box()), ballRadiusM)
	if p.Len() != 5597 {
		t.Fatalf("%d points in the ball, want 5597", p.Len())
	}
	for _, c := range []struct {
		file      string
		tolerance float64
	}{{"faceon", 0}, {"rotation", 1e-12}} {
		a := openArchive(t, "testdata/datagen32_"+c.file+"_mulfreq.npz")
		turned := p
		if c.file == "rotation" {
			var r rotation.Rotation
			for i, x := range a.floats("rotation_matrix") {
				r[i/3][i%3] = x
			}
			turned = new(hydro.Points)
			r.Points(turned, p, [3]float64{}, 2)
		}
		crop := Enclosing(turned.Box(), 7).Center()
		cube, err := Map[float64](new(Haar), turned, crop, crop.Mesh.Full(), Options{Still: [3]bool{true, true, false}})
		if err != nil {
			t.Fatal(err)
		}
		if cube.Velocity[0] != nil {
			t.Error("v_x was not asked for")
		}
		for name, got := range map[string][]float64{"CO": cube.Density, "temperature": cube.Temperature, "velocity_z": cube.Velocity[2]} {
			want := a.floats(name)
			if len(want) != 32*32*32 || len(got) != len(want) {
				t.Fatalf("%s: %d cells, want %d", name, len(got), len(want))
			}
			for i := range want {
				if math.Abs(got[i]-want[i]) > c.tolerance*math.Abs(want[i]) {
					t.Fatalf("%s: %s, cell %d: %.17g, want %.17g", c.file, name, i, got[i], want[i])
				}
			}
		}
		for i, v := range cube.Turbulence {
			if math.Abs(v-150) > 1e-9 {
				t.Fatalf("v_turb of cell %d is %g m/s, want 150", i, v)
			}
		}
		published := crop.DoubleCells().Mesh
		for axis, size := range published.CellSize() {
			if want := crop.Lattice.Size[axis] / 32; math.Abs(size-want) > 1e-12*want {
				t.Errorf("doubled cells are %g m along %s, want %g", size, grid.AxisName(axis), want)
			}
		}
	}
}
