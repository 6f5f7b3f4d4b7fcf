// SPDX-License-Identifier: BSD-3-Clause

package evaluate

import (
	"math"
	"testing"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/lamda"
	"github.com/columen/columen/solver/line"
	"github.com/columen/columen/solver/ray"
)

const testGrid = 16

// gas is a smooth cloud with a gradient of velocity.
func gas[T grid.Float]() *grid.Cube[T] {
	const side = testGrid * 4e12
	mesh := grid.Mesh{Box: grid.Box{Max: [3]float64{side, side, side}}, Cells: [3]int{testGrid, testGrid, testGrid}}
	c := grid.NewCube[T](mesh, mesh.Full())
	for i := range c.Density {
		at := func(k int) float64 { return (float64(k)+0.5)/testGrid*2 - 1 }
		x, y, z := at(i/(testGrid*testGrid)), at(i/testGrid%testGrid), at(i%testGrid)
		r2 := x*x + 1.3*y*y + z*z
		c.Density[i], c.Temperature[i] = T(1e9*math.Exp(-2*r2)), T(30+200*math.Exp(-r2))
		c.Velocity[2][i], c.Turbulence[i] = T(1500*z+200*x), 150
	}
	return c
}

func testMedium(t *testing.T) (ray.Medium, []float64) {
	t.Helper()
	m, err := lamda.CO()
	if err != nil {
		t.Fatal(err)
	}
	l, err := line.New(m, 1, line.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var nu []float64
	for k := range 7 {
		nu = append(nu, l.RestFrequencyHz*(1+float64(k-3)*300/299792458))
	}
	return ray.NewMedium(l), nu
}

// shoot images the cloud at a setting.
func shoot[T grid.Float](t *testing.T, s setting) []float64 {
	t.Helper()
	cube := gas[T]()
	medium, nu := testMedium(t)
	m, err := newImager[T](s, medium, nu, cube.Mesh)
	if err != nil {
		t.Fatal(err)
	}
	m.cube = cube
	if err := m.compute(1); err != nil {
		t.Fatal(err)
	}
	return m.intensity(0)
}

// TestSettings: the plain solver and the fast one agree, threads change nothing,
// single precision is near, and coarse grids are the worse the coarser they are.
func TestSettings(t *testing.T) {
	fast := ray.Variants()[0]
	exact := shoot[float64](t, setting{kernel: fast, threads: 1, coarse: 1})
	peak := 0.0
	for _, v := range exact {
		peak = max(peak, v)
	}
	distance := func(img []float64) (most float64) {
		for i := range img {
			most = max(most, math.Abs(img[i]-exact[i])/peak)
		}
		return most
	}
	half := distance(shoot[float64](t, setting{kernel: fast, threads: 2, coarse: 2, linear: true}))
	for _, c := range []struct {
		name   string
		image  []float64
		lo, hi float64
	}{
		{"twin", shoot[float64](t, setting{kernel: "twin", threads: 1, coarse: 1}), 0, 1e-10},
		{"threads", shoot[float64](t, setting{kernel: fast, threads: 3, coarse: 1}), 0, 0},
		{"f32", shoot[float32](t, setting{kernel: fast, threads: 2, coarse: 1}), 1e-12, 2e-5},
		{"half, repeated", shoot[float64](t, setting{kernel: fast, threads: 1, coarse: 2}), half, 0.3},
		{"quarter", shoot[float32](t, setting{kernel: fast, threads: 1, coarse: 4, linear: true}), half, 0.5},
	} {
		if d := distance(c.image); d < c.lo || d > c.hi {
			t.Errorf("%s: off by %g of the peak, want %g to %g", c.name, d, c.lo, c.hi)
		}
	}
	if half > 0.1 {
		t.Errorf("half the grid is off by %g of the peak", half)
	}
}

// TestCoarsen: no molecule, momentum or heat is lost, and empty cells keep the
// plain mean.
func TestCoarsen(t *testing.T) {
	src := gas[float64]()
	for i := range src.Density[:testGrid*testGrid*2] { // a layer without gas
		src.Density[i] = 0
	}
	for _, f := range []int{2, 4} {
		h := testGrid / f
		mesh := grid.Mesh{Box: src.Mesh.Box, Cells: [3]int{h, h, h}}
		dst := grid.NewCube[float64](mesh, mesh.Full())
		coarsen(dst, src, testGrid, f)
		sums := func(c *grid.Cube[float64]) (s [4]float64) {
			size := c.Mesh.CellSize()
			for i, n := range c.Density {
				n *= size[0] * size[1] * size[2]
				for k, v := range [4]float64{1, c.Temperature[i], c.Velocity[2][i], c.Turbulence[i]} {
					s[k] += n * v
				}
			}
			return s
		}
		a, b := sums(src), sums(dst)
		for k := range a {
			if math.Abs(a[k]-b[k]) > 1e-12*math.Max(math.Abs(a[k]), a[0]) {
				t.Errorf("1/%d: sum %d is %g, was %g", f, k, b[k], a[k])
			}
		}
		if f == 2 && (dst.Density[0] != 0 || !(dst.Temperature[0] > 29) || dst.Turbulence[0] != 150) {
			t.Errorf("an empty cell has n = %g, T = %g, v_turb = %g", dst.Density[0], dst.Temperature[0], dst.Turbulence[0])
		}
	}
}

// TestEnlarge: a plane stays a plane between the centres; repeated pixels are
// those of the source.
func TestEnlarge(t *testing.T) {
	const g, f, h = 8, 2, 4
	src := make([]float64, 2*h*h)
	for i := range src {
		src[i] = 1 + float64(i/(h*h)) + 2*float64(i/h%h) - float64(i%h)
	}
	dst := make([]float64, 2*g*g)
	enlarge(dst, src, 2, g, f, true)
	for c := range 2 {
		for x := 1; x < g-1; x++ {
			for y := 1; y < g-1; y++ {
				want := 1 + float64(c) + 2*(float64(x)/2-0.25) - (float64(y)/2 - 0.25)
				if got := dst[(c*g+x)*g+y]; math.Abs(got-want) > 1e-12 {
					t.Errorf("pixel %d, %d, %d is %g, want %g", c, x, y, got, want)
				}
			}
		}
	}
	enlarge(dst, src, 2, g, f, false)
	for i, v := range dst {
		if want := src[i/(g*g)*h*h+i/g%g/f*h+i%g/f]; v != want {
			t.Errorf("pixel %d repeated is %g, want %g", i, v, want)
		}
	}
}
