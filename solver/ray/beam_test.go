// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/line"
)

// randomCube has jumps of everything from cell to cell.
func randomCube[T grid.Float](rng *rand.Rand, cells [3]int) *grid.Cube[T] {
	m := grid.Mesh{Box: grid.Box{Max: [3]float64{1e13 * float64(cells[0]), 1.3e13 * float64(cells[1]), 0.8e13 * float64(cells[2])}}, Cells: cells}
	c := grid.NewCube[T](m, m.Full())
	for i := range c.Density {
		c.Density[i] = T(math.Pow(10, 4+4*rng.Float64()))
		if rng.IntN(10) == 0 {
			c.Density[i] = 0
		}
		c.Temperature[i], c.Turbulence[i] = T(3*math.Pow(300, rng.Float64())), T(300*rng.Float64())
		for a := range c.Velocity {
			c.Velocity[a][i] = T(6000 * (rng.Float64() - 0.5))
		}
	}
	return c
}

// randomDirection is uniform on the sphere, or along an axis or an edge.
func randomDirection(rng *rand.Rand) (o [3]float64) {
	for {
		norm := 0.0
		for a := range o {
			o[a] = rng.NormFloat64()
			if rng.IntN(4) == 0 {
				o[a] = 0
			}
			norm += o[a] * o[a]
		}
		if norm > 0.01 {
			for a := range o {
				o[a] /= math.Sqrt(norm)
			}
			return o
		}
	}
}

// randomBeam has rays through the box and beside it.
func randomBeam[T grid.Float](rng *rand.Rand, v *Volume[T], rays int) *Beam[T] {
	b := &Beam[T]{Volume: v}
	for range rays {
		for a := range b.Start {
			b.Start[a] = append(b.Start[a], T(float64(v.Cells[a])*(1.4*rng.Float64()-0.2)-0.5))
		}
	}
	return b
}

func passage[T grid.Float](rays, channels int) *Passage[T] {
	f := func() []T { return make([]T, rays*channels) }
	return &Passage[T]{Transmission: f(), Emission: f(), Stride: rays, Depth: f(), First: f(), Second: f()}
}

// Every kernel sees what its scalar twin sees, from any direction, of any gas.
func TestBeamsEqualTheirTwin(t *testing.T) {
	l := coLine(t, 1, line.Options{})
	for _, kernel := range Variants() {
		rng := rand.New(rand.NewPCG(11, 12))
		for i := range 40 {
			cells := [3]int{1 + rng.IntN(12), 1 + rng.IntN(12), 1 + rng.IntN(12)}
			o, rays, centers := randomDirection(rng), 1+rng.IntN(40), i%4 == 0
			twinned(t, kernel, l, randomCube[float64](rng, cells), o, centers, rays, rng, 1e-11)
			twinned(t, kernel, l, randomCube[float32](rng, cells), o, centers, rays, rng, 3e-4)
		}
	}
}

func twinned[T grid.Float](t *testing.T, kernel string, l *line.Line, c *grid.Cube[T], o [3]float64, centers bool, rays int, rng *rand.Rand, tol float64) {
	t.Helper()
	m := NewMedium(l)
	x := m.Offsets(referenceFrequencies(l))
	k, err := Named[T](kernel, m, x, Limits{1})
	if err != nil {
		t.Fatal(err)
	}
	twin, _ := Named[T]("twin", m, x, Limits{1})
	v := loaded(t, k, c, o, centers)
	for i, p := range loaded(t, twin, c, o, centers).Points {
		// The sum of three components may round otherwise.
		if d := math.Abs(float64(v.Points[i] - p)); d > 1e-6*math.Abs(float64(p))+1e-3*tol*6000 {
			t.Fatalf("%s: point %d packed as %g, by the twin as %g", kernel, i, v.Points[i], p)
		}
	}
	b := randomBeam(rng, v, rays)
	got, want := passage[T](rays, len(x)), passage[T](rays, len(x))
	gotLight, gotWork := k.Cross(b, got)
	wantLight, wantWork := twin.Cross(b, want)
	const rough = 1e-4 // it is for a warning only, and the twin leaves 1 + v/c out
	if math.Abs(gotLight.Total-wantLight.Total) > rough*wantLight.Total || math.Abs(gotLight.Outside-wantLight.Outside) > rough*wantLight.Total {
		t.Fatalf("%s: light %v, the twin has %v", kernel, gotLight, wantLight)
	}
	if d := gotWork.Segments - wantWork.Segments; d*d > 4*int64(rays*rays) {
		t.Fatalf("%s: %d segments, the twin has %d", kernel, gotWork.Segments, wantWork.Segments)
	}
	for name, f := range map[string][2][]T{"T": {got.Transmission, want.Transmission}, "E": {got.Emission, want.Emission},
		"first": {got.First, want.First}, "second": {got.Second, want.Second}, "τ": {got.Depth, want.Depth}} {
		top := 0.0
		for _, w := range f[1] {
			top = max(top, math.Abs(float64(w)))
		}
		for i, w := range f[1] {
			if d := math.Abs(float64(f[0][i] - w)); !(d <= tol*max(top, 1e-300)) {
				t.Fatalf("%s, cells %v from %.3f: %s[%d] = %g, the twin has %g, at most %g", kernel, c.Mesh.Cells, o, name, i, f[0][i], w, top)
			}
		}
	}
}

// A ray's result does not depend on the rays beside it.
func TestBeamsLeaveNoTrace(t *testing.T) {
	l := coLine(t, 0, line.Options{})
	m := NewMedium(l)
	x := m.Offsets(referenceFrequencies(l))
	for _, kernel := range Variants() {
		rng := rand.New(rand.NewPCG(5, 6))
		k, _ := Named[float64](kernel, m, x, Limits{1})
		c := randomCube[float64](rng, [3]int{40, 50, 60}) // several legs
		v := loaded(t, k, c, [3]float64{0.6, 0, 0.8}, false)
		b := randomBeam(rng, v, 13)
		all, one := passage[float64](13, len(x)), passage[float64](1, len(x))
		k.Cross(b, all)
		for r := range 13 {
			single := &Beam[float64]{Volume: v}
			for a := range single.Start {
				single.Start[a] = b.Start[a][r : r+1]
			}
			k.Cross(single, one)
			for f := range x {
				if one.Emission[f] != all.Emission[f*13+r] || one.Transmission[f] != all.Transmission[f*13+r] || one.First[f] != all.First[f*13+r] {
					t.Fatalf("%s: ray %d channel %d alone gives %v, among others %v", kernel, r, f, one.Emission[f], all.Emission[f*13+r])
				}
			}
		}
	}
}

// At the faces fields are those of the view along an axis: half a cell on from the last two centres, but never below a tenth.
func TestFacesOfAVolume(t *testing.T) {
	l := coLine(t, 0, line.Options{})
	m := NewMedium(l)
	for _, kernel := range Variants() {
		k, _ := Named[float64](kernel, m, []float64{0}, Limits{1})
		c := randomCube[float64](rand.New(rand.NewPCG(1, 2)), [3]int{3, 4, 5})
		v := loaded(t, k, c, [3]float64{0, 0, 1}, false)
		s := v.strides()
		for x := range 3 {
			for y := range 4 {
				row := Row[float64]{Density: c.Density, Temperature: c.Temperature, Velocity: c.Velocity[2], Turbulence: c.Turbulence,
					Origin: c.Index(x, y, 4), Step: -1, Cells: 5, Rays: 1, VelocitySign: -1}
				n, tk, u, w := row.face(0, 0, 1, l.Z.TMin, l.Z.TMax)
				p := v.Points[PointFields*((x+1)*s[0]+(y+1)*s[1]+6):]
				for i, want := range []float64{n, tk, u, w} {
					if math.Abs(p[i]-want) > 1e-12*math.Abs(want) {
						t.Errorf("%s: field %d at the face of cell [%d, %d, 4] is %g, want %g", kernel, i, x, y, p[i], want)
					}
				}
			}
		}
		for i := 0; i < len(v.Points); i += PointFields {
			if !(v.Points[i] >= 0) || !(v.Points[i+1] >= l.Z.TMin) || !(v.Points[i+3] >= 0) {
				t.Fatalf("%s: point %d has n = %g, T = %g, v_turb = %g", kernel, i/PointFields, v.Points[i], v.Points[i+1], v.Points[i+3])
			}
		}
	}
}

// The image converges at least with the square of the cell: its error at 32³ is four times that at 64³ or more.
func TestObliqueConverges(t *testing.T) {
	v := benchmarkView{model: "wind", i: 60, phi: 30}
	want := npyFloat32(t, v.name()+"_truth_every2.npy")
	var rms [2]float64
	for i, n := range []int{32, 64} {
		s := v.look(t, false)
		s.every = 2
		rms[i] = errorRMS(flip(obliqueImage(t, benchmarkCube[float64](v.model, n), &s), 31), want)
	}
	if ratio := rms[0] / rms[1]; ratio < 3.5 || ratio > 7 {
		t.Errorf("rms error %.4f %% at 32³, %.4f %% at 64³: ratio %.2f, want 4 or a little more", 100*rms[0], 100*rms[1], ratio)
	}
}

func TestImpossibleCellsOfABeam(t *testing.T) {
	l := coLine(t, 0, line.Options{})
	m := NewMedium(l)
	nan, inf := math.NaN(), math.Inf(1)
	for _, kernel := range Variants() {
		k, _ := Named[float64](kernel, m, []float64{0}, Limits{1})
		for _, c := range []struct {
			field string
			value float64
		}{{"density", -1}, {"density", nan}, {"density", inf}, {"temperature", 0}, {"temperature", 1e6}, {"temperature", nan},
			{"velocity", nan}, {"velocity", 1e9}, {"velocity", -inf}, {"v_turb", -1}, {"v_turb", nan}} {
			cube := randomCube[float64](rand.New(rand.NewPCG(1, 2)), [3]int{3, 4, 5})
			map[string][]float64{"density": cube.Density, "temperature": cube.Temperature, "velocity": cube.Velocity[1], "v_turb": cube.Turbulence}[c.field][cube.Index(2, 1, 3)] = c.value
			v := NewVolume[float64](cube.Mesh, cube.Block, [3]float64{0, 0.6, 0.8}, false)
			var err error
			for i := range v.Sheets() {
				if e := v.Load(k, cube, i); e != nil {
					err = e
				}
			}
			if err == nil || !strings.HasPrefix(err.Error(), c.field) || !strings.Contains(err.Error(), "in cell [2, 1, 3]: want") {
				t.Errorf("%s: %s = %g: error %v", kernel, c.field, c.value, err)
			}
		}
	}
}

// No allocation in the steady state of the C kernels.
func TestBeamsDoNotAllocate(t *testing.T) {
	l := coLine(t, 0, line.Options{})
	m := NewMedium(l)
	for _, kernel := range Variants() {
		if kernel == "twin" {
			continue // it lists the segments of each ray
		}
		rng := rand.New(rand.NewPCG(5, 6))
		k, _ := Named[float64](kernel, m, []float64{0, 100}, Limits{1})
		v := loaded(t, k, randomCube[float64](rng, [3]int{9, 8, 7}), [3]float64{0, 0.6, 0.8}, false)
		b, out := randomBeam(rng, v, 13), passage[float64](13, 2)
		if n := testing.AllocsPerRun(10, func() { k.Cross(b, out) }); n != 0 {
			t.Errorf("%s: %g allocations per beam", kernel, n)
		}
	}
}
