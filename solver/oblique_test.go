// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/ray"
)

// cameras returns views with all the awkward cases: along edges and diagonals of the cells, nearly along an axis, from behind.
func cameras(m grid.Mesh) []Camera {
	var list []Camera
	for _, d := range [][3]float64{{60, 30, 0}, {117, 250, 20}, {90, 45, 0}, {45, 0, 0}, {math.Acos(1/math.Sqrt(3)) * 180 / math.Pi, 45, 0},
		{1e-9, 10, 0}, {0, 45, 0}, {180, 0, 90}, {123, -200, -77}} {
		c := NewCamera(d[0], d[1], d[2])
		list = append(list, c.Frame(m, 14, 12, 0), c.Frame(m, 0, 0, 0))
	}
	return list
}

// The six views along an axis are cameras too: with angles, and with the pixels of the view.
func TestAnglesOfTheAxes(t *testing.T) {
	l := coLine(t, 1)
	for _, c := range []struct {
		axis   string
		i, phi float64
	}{{"+z", 0, 0}, {"-z", 180, 0}, {"-y", 90, 0}, {"-x", 90, 90}, {"+y", 90, 180}, {"+x", 90, 270}} {
		for _, m := range []grid.Mesh{meshOf(13, 11, 17), meshOf(12, 12, 12), meshOf(1, 5, 4)} {
			for _, centers := range []bool{false, true} {
				p := Problem{Line: l, FrequenciesHz: channels(l, 9, 600), View: view(t, c.axis), AtCenters: centers}
				p.BackgroundSI = cmb(2.725, p.FrequenciesHz)
				want := solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
				want32 := solveRanks[float32](t, m, [3]int{1, 1, 1}, spiral, p)
				if centers && m.Cells[0] == 1 {
					continue // one cell has no inside
				}
				cam := p.View.Camera(m)
				p.Camera = &cam
				if d := difference(solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p), want); d > 1e-12 {
					t.Errorf("%s as a camera, cells %v, centers %v: differs by %.1e of the peak, allowed 1e-12", c.axis, m.Cells, centers, d)
				}
				if d := difference(solveRanks[float32](t, m, [3]int{1, 1, 1}, spiral, p), want32); d > 1e-5 {
					t.Errorf("%s as a camera in f32, cells %v: differs by %.1e of the peak, allowed 1e-5", c.axis, m.Cells, d)
				}
				if m.Cells != [3]int{12, 12, 12} {
					continue // pixels are square only where cells are
				}
				cam = NewCamera(c.i, c.phi, 0).Frame(m, 0, 0, 0)
				if d := difference(solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p), want); d > 1e-12 {
					t.Errorf("%s by angles: differs by %.1e of the peak, allowed 1e-12", c.axis, d)
				}
			}
		}
	}
}

// Uneven and prime blocks, every direction: the image does not depend on the ranks.
func TestObliqueRanksAgree(t *testing.T) {
	l := coLine(t, 1)
	m := meshOf(13, 11, 17)
	for _, cam := range cameras(m) {
		for _, centers := range []bool{false, true} {
			p := Problem{Line: l, FrequenciesHz: channels(l, 5, 600), Camera: &cam, AtCenters: centers, Threads: 2, Depths: true}
			p.BackgroundSI = cmb(2.725, p.FrequenciesHz)
			want := solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
			for _, r := range append(lattices, [3]int{2, 2, 2}, [3]int{13, 1, 1}, [3]int{1, 11, 1}, [3]int{4, 2, 1}) {
				if d := difference(solveRanks[float64](t, m, r, spiral, p), want); d > 1e-13 {
					t.Errorf("camera from %.3f on ranks %v: differs by %.1e of the peak, allowed 1e-13", cam.Observer, r, d)
				}
			}
		}
	}
}

// Uniform gas at rest: the optical depth of each ray is its length through the box, whatever planes, edges and corners it meets.
func TestChordsThroughTheBox(t *testing.T) {
	l := coLine(t, 0)
	m := meshOf(8, 8, 8)
	uniform := func(_, _, _ float64) (float64, float64, [3]float64, float64) { return 2e6, 20, [3]float64{}, 200 }
	chi := l.Opacity(20) * 2e6 * l.Profile(l.RestFrequencyHz, l.DopplerWidth(20, 200))
	for _, cam := range cameras(m) {
		p := Problem{Line: l, FrequenciesHz: []float64{l.RestFrequencyHz}, Camera: &cam, Depths: true}
		for _, ranks := range [][3]int{{1, 1, 1}, {2, 2, 2}, {3, 1, 2}} {
			img := depthsOf(t, m, ranks, uniform, p)
			for y := range cam.NY {
				for x := range cam.NX {
					want := chi * chord(m, &cam, x, y)
					if got := img.TauCenter[y*cam.NX+x]; math.Abs(got-want) > 1e-12*chi*boxSize {
						t.Fatalf("from %.3f on ranks %v, pixel %d, %d: τ = %g, the chord gives %g", cam.Observer, ranks, x, y, got, want)
					}
				}
			}
		}
	}
}

// chord is the length of a ray through the box by its six faces [m].
func chord(m grid.Mesh, c *Camera, x, y int) float64 {
	enter, leave := math.Inf(-1), math.Inf(1)
	g, h := c.starts(m)(x, y), m.CellSize()
	for a := range g {
		at := m.Box.Min[a] + (g[a]+0.5)*h[a]
		if c.Observer[a] == 0 {
			if at < m.Box.Min[a] || at > m.Box.Max[a] {
				return 0
			}
			continue
		}
		s, e := (m.Box.Min[a]-at)/c.Observer[a], (m.Box.Max[a]-at)/c.Observer[a]
		enter, leave = max(enter, min(s, e)), min(leave, max(s, e))
	}
	return max(leave-enter, 0)
}

// A turn of the camera about the line of sight by 90° turns the image: what was north is then east, which is left.
func TestPositionAngle(t *testing.T) {
	l := coLine(t, 1)
	m := meshOf(9, 9, 9)
	const n = 11
	cam := NewCamera(40, 70, 0).Frame(m, n, n, 3e14)
	p := Problem{Line: l, FrequenciesHz: channels(l, 3, 600), Camera: &cam}
	a := solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
	cam = NewCamera(40, 70, 90).Frame(m, n, n, 3e14)
	b := solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
	want := make([]float64, len(a))
	for f := range 3 {
		for y := range n {
			for x := range n {
				want[(f*n+x)*n+n-1-y] = a[(f*n+y)*n+x] // north (0, +1) goes to (-1, 0)
			}
		}
	}
	if d := difference(b, want); d > 1e-12 {
		t.Errorf("position angle 90: differs from the turned image by %.1e of the peak", d)
	}
}

// Stretches composed in the wrong order give another image: the comparison of ranks can fail.
func TestOrderOfBlocksMatters(t *testing.T) {
	l := coLine(t, 1)
	m := meshOf(13, 11, 17)
	cam := NewCamera(60, 30, 0).Frame(m, 14, 14, 0)
	p := Problem{Line: l, FrequenciesHz: channels(l, 5, 600), Camera: &cam, Threads: 1}
	d, err := grid.Decompose(m, [3]int{2, 2, 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	o := newOwners(grid.Decomposition{Mesh: m, Ranks: [3]int{1, 1, 1}, Leaf: 1}, &cam) // of all pixels at once
	in := make([]parcel[float64], d.NumRanks())
	for r := range in {
		b, _, _, err := cross(cubeOf[float64](m, d.Block(r), spiral), &p, o)
		if err != nil {
			t.Fatal(err)
		}
		in[r] = b.parcel(0, 2*5)
	}
	want := solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
	if diff := difference(compose(d, in, o, &p, 0).image, want); diff > 1e-13 {
		t.Errorf("in order: differs by %.1e of the peak", diff)
	}
	back := cam
	for a := range back.Observer {
		back.Observer[a] = -cam.Observer[a]
	}
	p.Camera = &back
	if diff := difference(compose(d, in, o, &p, 0).image, want); diff < 1e-3 {
		t.Errorf("in reverse: differs by %.1e of the peak only", diff)
	}
}

func TestCameraRefuses(t *testing.T) {
	l := coLine(t, 0)
	m := meshOf(9, 9, 9)
	d, _ := grid.Decompose(m, [3]int{1, 1, 1}, 1)
	for _, c := range []struct {
		want   string
		change func(*Problem, *grid.Cube[float64])
	}{
		{"depths in fixed mode", func(p *Problem, _ *grid.Cube[float64]) { p.Fixed, p.Depths = true, true }},
		{"depths", func(p *Problem, _ *grid.Cube[float64]) { p.Camera, p.Depths = nil, true }},
		{"pixel", func(p *Problem, _ *grid.Cube[float64]) { p.Camera.NX = 0 }},
		{"positive size", func(p *Problem, _ *grid.Cube[float64]) { p.Camera.PixelM[1] = math.NaN() }},
		{"unit vector", func(p *Problem, _ *grid.Cube[float64]) { p.Camera.ImageX[0] += 0.1 }},
		{"no velocity along y", func(_ *Problem, c *grid.Cube[float64]) { c.Velocity[1] = nil }},
		{"no kernel named", func(p *Problem, _ *grid.Cube[float64]) { p.Kernel = "abacus" }},
		{"temperature = NaN in cell [3, 4, 5]", func(_ *Problem, c *grid.Cube[float64]) { c.Temperature[c.Index(3, 4, 5)] = math.NaN() }},
		{"density = -1 in cell [8, 8, 8]", func(_ *Problem, c *grid.Cube[float64]) { c.Density[c.Index(8, 8, 8)] = -1 }},
		{"velocity along the line of sight", func(_ *Problem, c *grid.Cube[float64]) { c.Velocity[0][7] = math.Inf(1) }},
	} {
		cam := NewCamera(60, 30, 0).Frame(m, 9, 9, 0)
		p := Problem{Line: l, FrequenciesHz: channels(l, 3, 500), View: view(t, "+z"), Camera: &cam}
		for _, kernel := range ray.Variants() {
			p.Kernel = kernel
			cube := cubeOf[float64](m, d.Block(0), spiral)
			c.change(&p, cube)
			err := mpiutil.InProcess(1, func(comm *mpiutil.Comm) error {
				_, err := Solve(comm, d, cube, p)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error %v, want one with %q", kernel, err, c.want)
			}
		}
	}
}

// obliqueWithSerial compares the ranks of c with one rank.
func obliqueWithSerial(t *testing.T, c *mpiutil.Comm) error {
	l := coLine(t, 1)
	m := meshOf(26, 19, 41)
	cam := NewCamera(60, 30, 10).Frame(m, 40, 30, 0)
	p := Problem{Line: l, FrequenciesHz: channels(l, 7, 400), Camera: &cam, Threads: 1, Depths: true}
	p.BackgroundSI = cmb(2.725, p.FrequenciesHz)
	var want []float64
	if c.Rank() == 0 {
		want = solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
	}
	lattices := [][3]int{{c.Size(), 1, 1}, {1, c.Size(), 1}, {1, 1, c.Size()}}
	if n := c.Size(); n%2 == 0 {
		lattices = append(lattices, [3]int{2, n / 2, 1})
	}
	if n := c.Size(); n == 8 {
		lattices = append(lattices, [3]int{2, 2, 2})
	}
	for _, ranks := range lattices {
		got, err := solveOn[float64](c, m, ranks, spiral, p)
		if err != nil {
			return err
		}
		if c.Rank() != 0 {
			continue
		}
		if d := difference(got, want); d > 1e-13 {
			t.Errorf("camera on ranks %v: differs by %.1e of the peak", ranks, d)
		}
	}

	p.Depths, p.Fixed = false, true
	if c.Rank() == 0 {
		want = solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
	}
	for _, ranks := range lattices {
		if _, err := grid.Decompose(m, ranks, grid.LeafCells); err != nil {
			continue // more ranks than leaves
		}
		got, err := solveOn[float64](c, m, ranks, spiral, p)
		if err != nil {
			return err
		}
		if c.Rank() == 0 {
			bitwise(t, fmt.Sprintf("camera in fixed mode on ranks %v", ranks), got, want)
		}
	}
	return nil
}
