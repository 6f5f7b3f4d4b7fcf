// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"testing"

	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/lamda"
	"github.com/columen/columen/solver/line"
)

// mpi is the communicator of the launcher when these tests run under mpirun.
var mpi *mpiutil.Comm

func TestMain(m *testing.M) {
	if os.Getenv("COLUMEN_MPI_TEST") == "" {
		os.Exit(m.Run())
	}
	runtime.LockOSThread()
	var err error
	if mpi, err = mpiutil.Init(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if code != 0 {
		mpi.Abort(code)
	}
	if err := mpi.Finalize(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// fields are n [m⁻³], T [K], v [m/s] and v_turb [m/s] at a place, in units of the box's half size.
type fields func(x, y, z float64) (n, t float64, v [3]float64, turb float64)

const boxSize = 2e14 // [m]

// spiral has no symmetry, so that a mistaken axis or sign shows.
func spiral(x, y, z float64) (n, t float64, v [3]float64, turb float64) {
	q := x*x + 1.3*y*y + 0.8*z*z
	n = 2e8 * 0.04 / (q + 0.04) * (1 + 0.4*math.Sin(6*x+2)*math.Cos(5*y-1)*math.Sin(4*z+0.5))
	t = 12 + 50/math.Pow(1+q/0.04, 0.4)
	s, rot := 3500/math.Sqrt(q+0.09), 800/math.Sqrt(0.1+x*x+y*y)
	return n, t, [3]float64{s*x - rot*y, s*y + rot*x + 200, s*z - 350}, 150 + 50*x
}

func meshOf(nx, ny, nz int) grid.Mesh {
	h := boxSize / 2
	return grid.Mesh{Box: grid.Box{Min: [3]float64{-h, -h, -h}, Max: [3]float64{h, h, h}}, Cells: [3]int{nx, ny, nz}}
}

// cubeOf samples fields at the centres of the stored cells.
func cubeOf[T grid.Float](m grid.Mesh, b grid.Block, f fields) *grid.Cube[T] {
	c := grid.NewCube[T](m, b)
	s := b.Stored
	for i := s[0].Lo; i < s[0].Hi; i++ {
		for j := s[1].Lo; j < s[1].Hi; j++ {
			for k := s[2].Lo; k < s[2].Hi; k++ {
				at := c.Index(i, j, k)
				n, t, v, w := f(2*m.Center(0, i)/boxSize, 2*m.Center(1, j)/boxSize, 2*m.Center(2, k)/boxSize)
				c.Density[at], c.Temperature[at], c.Turbulence[at] = T(n), T(t), T(w)
				for a := range v {
					c.Velocity[a][at] = T(v[a])
				}
			}
		}
	}
	return c
}

func coLine(t testing.TB, transition int) *line.Line {
	t.Helper()
	m, err := lamda.CO()
	if err != nil {
		t.Fatal(err)
	}
	l, err := line.New(m, transition, line.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// channels returns n frequencies spacing [m/s] apart about the line.
func channels(l *line.Line, n int, spacing float64) []float64 {
	f := make([]float64, n)
	for i := range f {
		f[i] = l.RestFrequencyHz * (1 + (float64(i)-float64(n-1)/2)*spacing/l.Constants.C)
	}
	return f
}

func view(t testing.TB, axis string) View {
	t.Helper()
	v, err := NewView(axis)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// solveOn solves on the ranks of c; the image is returned on rank 0, nil elsewhere.
func solveOn[T grid.Float](c *mpiutil.Comm, m grid.Mesh, ranks [3]int, f fields, p Problem) ([]float64, error) {
	leaf := 1
	if p.Fixed {
		leaf = grid.LeafCells
	}
	d, err := grid.Decompose(m, ranks, leaf)
	if err != nil {
		return nil, err
	}
	img, err := Solve(c, d, cubeOf[T](m, d.Block(c.Rank()), f), p)
	if err != nil {
		return nil, err
	}
	return img.Intensity, nil
}

// solveRanks solves on ranks that are goroutines.
func solveRanks[T grid.Float](t testing.TB, m grid.Mesh, ranks [3]int, f fields, p Problem) []float64 {
	t.Helper()
	var img []float64
	err := mpiutil.InProcess(ranks[0]*ranks[1]*ranks[2], func(c *mpiutil.Comm) error {
		got, err := solveOn[T](c, m, ranks, f, p)
		if c.Rank() == 0 {
			img = got
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// difference returns max|a-b| over the peak of b.
func difference(a, b []float64) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	peak, d := 0.0, 0.0
	for i := range b {
		peak = max(peak, math.Abs(b[i]))
		if x := math.Abs(a[i] - b[i]); !(x <= d) {
			d = x
		}
	}
	return d / peak
}
