// SPDX-License-Identifier: BSD-3-Clause

package emulate

import (
	"math"
	"testing"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/solver"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/lamda"
	"github.com/columen/columen/solver/line"
)

// solve images a cube on one rank.
func solve(t *testing.T, cube *grid.Cube[float64], v solver.View) []float64 {
	t.Helper()
	m, err := lamda.CO()
	if err != nil {
		t.Fatal(err)
	}
	co, err := line.New(m, 1, line.Options{})
	if err != nil {
		t.Fatal(err)
	}
	nu := co.RestFrequencyHz
	d, err := grid.Decompose(cube.Mesh, [3]int{1, 1, 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	var out []float64
	err = mpiutil.InProcess(1, func(c *mpiutil.Comm) error {
		img, err := solver.Solve(c, d, cube, solver.Problem{Line: co, FrequenciesHz: []float64{nu - 6e5, nu, nu + 4e5}, View: v, Threads: 1})
		if err == nil {
			out = img.Intensity
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What orient makes of a cube, seen by an observer at z → −∞, gives the image of
// the cube seen by the observer of the view: the solver is the judge of axes and
// signs. Fields have no symmetry, and red differs from blue.
func TestOrientAgreesWithSolver(t *testing.T) {
	const g = 4
	mesh := grid.Mesh{Box: grid.Box{Max: [3]float64{4e13, 4e13, 4e13}}, Cells: [3]int{g, g, g}}
	cube := grid.NewCube[float64](mesh, mesh.Full())
	for a := range cube.Velocity {
		cube.Velocity[a] = make([]float64, g*g*g)
	}
	for i := range cube.Density {
		x := float64(i)
		cube.Density[i], cube.Temperature[i], cube.Turbulence[i] = 1e9*(1.5+math.Sin(3*x)), 40+20*math.Cos(7*x), 300
		for a := range cube.Velocity {
			cube.Velocity[a][i] = 900 * math.Sin(x*float64(a+2)+1)
		}
	}
	for _, axis := range []string{"+x", "-x", "+y", "-y", "+z", "-z"} {
		view, err := solver.NewView(axis)
		if err != nil {
			t.Fatal(err)
		}
		want := solve(t, cube, view)
		f := orient(cube, view)
		turned := grid.NewCube[float64](mesh, mesh.Full())
		turned.Density, turned.Temperature, turned.Turbulence, turned.Velocity[2] = f.densityM3, f.temperatureK, cube.Turbulence, f.velocityMS
		got := solve(t, turned, solver.View{Observer: solver.Direction{Axis: 2, Sign: -1}, ImageX: solver.Direction{Axis: 0, Sign: 1}, ImageY: solver.Direction{Axis: 1, Sign: 1}})
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-12*want[i] {
				t.Errorf("%s: pixel %d is %g, want %g", axis, i, got[i], want[i])
				break
			}
		}
		if want[0] == want[2*g*g] || !(want[0] > 0) {
			t.Fatalf("%s: the test does not tell red from blue: %g", axis, want[0])
		}
	}
}

func TestTransposeAndRestFrequency(t *testing.T) {
	got := transpose([]float64{1, 2, 3, 4, 5, 6, 7, 8}, 2)
	for i, want := range []float64{1, 3, 2, 4, 5, 7, 6, 8} {
		if got[i] != want {
			t.Fatalf("transposed %v", got)
		}
	}
	for _, c := range []struct {
		species, transition string
		want                float64
	}{{"CO", "2-1", 230.538e9}, {"SiO", "5-4", 2e11}} {
		nu, err := restFrequency(&dataset.Manifest{Species: c.species, Transition: c.transition, FrequenciesHz: []float64{1.9e11, 2e11, 2.1e11}})
		if err != nil || nu != c.want {
			t.Errorf("%s %s: rest frequency %g, %v", c.species, c.transition, nu, err)
		}
	}
	if q := quantile([]float64{1, 2, 3, 5}, 0.25); q != 1.75 {
		t.Errorf("quartile %g", q)
	}
}
