// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"fmt"
	"math"
	"testing"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/line"
	"github.com/columen/columen/solver/si"
)

// benchmarkCube is "wind" or "shear" of testdata/README.md with all three components of the velocity.
func benchmarkCube[T grid.Float](name string, n int) *grid.Cube[T] {
	return turnedCube[T](name, n, 0, 0)
}

// turnedCube is the same in the axes of a camera: seen along z it shows what the camera sees.
func turnedCube[T grid.Float](name string, n int, inclination, azimuth float64) *grid.Cube[T] {
	axisX, axisY, axisZ := camera(inclination, azimuth)
	const l = 1e14
	m := grid.Mesh{Box: grid.Box{Min: [3]float64{-l, -l, -l}, Max: [3]float64{l, l, l}}, Cells: [3]int{n, n, n}}
	c := grid.NewCube[T](m, m.Full())
	at := func(i int) float64 { return -1 + (float64(i)+0.5)*2/float64(n) }
	for i := range n {
		for j := range n {
			for k := range n {
				x, y, z := at(i), at(j), at(k)
				u, v, w := axisX[0]*x+axisY[0]*y+axisZ[0]*z, axisX[1]*x+axisY[1]*y+axisZ[1]*z, axisX[2]*x+axisY[2]*y+axisZ[2]*z
				q, p := u*u+v*v+w*w, c.Index(i, j, k)
				var den, tem, turb float64
				var vel [3]float64
				if name == "wind" {
					den = 2e7 * 0.04 / (q + 0.04) * (1 + 0.4*math.Sin(6*u+2)*math.Cos(5*v-1)*math.Sin(4*w+0.5))
					tem, turb = 10+50/math.Pow(1+q/0.04, 0.4), 150
					s, t := 3500/math.Sqrt(q+0.09), 800/math.Sqrt(0.1+u*u+v*v)
					vel = [3]float64{s*u - t*v, s*v + t*u, s * w}
				} else {
					den = 1.5e6 * (1 + 0.5*math.Cos(math.Pi*u)*math.Cos(math.Pi*v)) * math.Exp(-w*w)
					tem, turb = 15+5*u-3*v*w, 50
					vel = [3]float64{600 * v, -600 * u, 4000 * math.Tanh(4*w)}
				}
				c.Density[p], c.Temperature[p], c.Turbulence[p] = T(den), T(tem), T(turb)
				for a, e := range [3][3]float64{axisX, axisY, axisZ} {
					c.Velocity[a][p] = T(e[0]*vel[0] + e[1]*vel[1] + e[2]*vel[2])
				}
			}
		}
	}
	return c
}

// camera is the view of testdata/README.md.
func camera(inclination, azimuth float64) (x, y, o [3]float64) {
	si, ci := math.Sincos(inclination * math.Pi / 180)
	sp, cp := math.Sincos(azimuth * math.Pi / 180)
	turn := func(x, y, z float64) [3]float64 {
		y, z = ci*y-si*z, si*y+ci*z
		return [3]float64{cp*x + sp*y, -sp*x + cp*y, z}
	}
	return turn(1, 0, 0), turn(0, 1, 0), turn(0, 0, 1)
}

// look is an oblique view of a whole cube for tests: pixels² rays over a square of the given size about the origin.
type look struct {
	kernel               string
	inclination, phi     float64
	size                 float64
	pixels               int
	centers              bool
	line                 *line.Line
	frequencies          []float64
	work                 Work // filled
	depth, first, second []float64
}

// loaded is a volume with a cube in it.
func loaded[T grid.Float](t testing.TB, k Kernel[T], c *grid.Cube[T], o [3]float64, centers bool) *Volume[T] {
	t.Helper()
	v := NewVolume[T](c.Mesh, c.Block, o, centers)
	for i := range v.Sheets() {
		if err := v.Load(k, c, i); err != nil {
			t.Fatal(err)
		}
	}
	tMin, tMax, _ := k.bounds()
	v.Close(tMin, tMax)
	return v
}

// starts lays the rays out.
func starts[T grid.Float](c *grid.Cube[T], v *Volume[T], l *look) (*Beam[T], []int32) {
	x, y, _ := camera(l.inclination, l.phi)
	h := c.Mesh.CellSize()
	at := func(i int) float64 { return l.size * ((float64(i)+0.5)/float64(l.pixels) - 0.5) }
	return v.Aim(l.pixels, l.pixels, func(i, j int) (g [3]float64) {
		for a := range g {
			g[a] = (x[a]*at(i)+y[a]*at(j)-c.Mesh.Box.Min[a])/h[a] - 0.5
		}
		return g
	})
}

// obliqueImage returns [ν][y][x].
func obliqueImage[T grid.Float](t testing.TB, c *grid.Cube[T], l *look) []float64 {
	t.Helper()
	m := NewMedium(l.line)
	k, err := Named[T](l.kernel, m, m.Offsets(l.frequencies), Limits{1})
	if err != nil {
		t.Fatal(err)
	}
	_, _, o := camera(l.inclination, l.phi)
	v := loaded(t, k, c, o, l.centers)
	b, pixel := starts(c, v, l)
	n, nf := len(pixel), len(l.frequencies)
	out := Passage[T]{Transmission: make([]T, n*nf), Emission: make([]T, n*nf), Stride: n}
	_, l.work = k.Cross(b, &out)
	img := make([]float64, nf*l.pixels*l.pixels)
	for f := range nf {
		for i, p := range pixel {
			img[f*l.pixels*l.pixels+int(p)] = float64(out.Emission[f*n+i])
		}
	}
	return img
}

// flip reverses the order of channels.
func flip(img []float64, nf int) []float64 {
	out := make([]float64, 0, len(img))
	n := len(img) / nf
	for f := nf - 1; f >= 0; f-- {
		out = append(out, img[f*n:][:n]...)
	}
	return out
}

func TestConvergedTruthAnyView(t *testing.T) {
	for _, c := range []struct {
		model      string
		transition int
		i, phi     float64
		rms        float64
	}{
		{"wind", 0, 0, 0, 0.00041}, {"wind", 0, 60, 30, 0.0014}, {"wind", 0, 117, 250, 0.0014}, {"wind", 1, 60, 30, 0.0014},
		{"shear", 0, 0, 0, 0.0036}, {"shear", 0, 60, 30, 0.0022}, {"shear", 0, 117, 250, 0.0021}, {"shear", 1, 60, 30, 0.0023},
	} {
		l := coLine(t, c.transition, line.Options{Constants: si.RADMC3D(), RestFrequency: line.FromLevels})
		s := look{kernel: Variants()[0], inclination: c.i, phi: c.phi, size: 3.5e14, pixels: 64, line: l, frequencies: benchmarkFrequencies(l)}
		if c.i == 0 {
			s.size = 2e14
		}
		want := npyFloat32(t, fmt.Sprintf("../../../../../../work/shared/golden/rt/lte/%s_J%d%d_i%03.0f_p%03.0f_truth.npy", c.model, c.transition+1, c.transition, c.i, c.phi))
		for _, kernel := range Variants() {
			s.kernel = kernel
			got := flip(obliqueImage(t, benchmarkCube[float64](c.model, 64), &s), 31)
			rms := errorRMS(got, want)
			t.Logf("%s %s %v: rms error %.5f %% %v", c.model, kernel, c.i, 100*rms, s.work)
			if rms > c.rms {
				t.Errorf("%s: rms error %.5f %%, allowed %.3f %%", c.model, 100*rms, 100*c.rms)
			}
		}
		got := flip(obliqueImage(t, benchmarkCube[float32](c.model, 64), &s), 31)
		rms := errorRMS(got, want)
		t.Logf("%s f32 %v: rms error %.5f %% %v", c.model, c.i, 100*rms, s.work)
	}
}
