// SPDX-License-Identifier: BSD-3-Clause

package rotation

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// off returns the largest difference of two rotations.
func off(r, s Rotation) float64 {
	var d float64
	for a := range r {
		for b := range r {
			d = max(d, math.Abs(r[a][b]-s[a][b]))
		}
	}
	return d
}

func determinant(r Rotation) float64 {
	return r[0][0]*(r[1][1]*r[2][2]-r[1][2]*r[2][1]) - r[0][1]*(r[1][0]*r[2][2]-r[1][2]*r[2][0]) + r[0][2]*(r[1][0]*r[2][1]-r[1][1]*r[2][0])
}

// TestPublishedLaw compares with the matrices of the original program.
func TestPublishedLaw(t *testing.T) {
	f, err := os.Open("testdata/rotation.npz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	r, err := npz.NewReader(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	var draws, matrices []float64
	for name, dst := range map[string]*[]float64{"u0_u1_u2_a.npy": &draws, "matrix.npy": &matrices} {
		if err := r.Read(name, dst); err != nil {
			t.Fatal(err)
		}
	}
	if len(draws) != 6*4 || len(matrices) != 6*9 {
		t.Fatalf("%d draws, %d entries of matrices", len(draws), len(matrices))
	}
	for i := range 6 {
		var want Rotation
		for a := range 9 {
			want[a/3][a%3] = matrices[9*i+a]
		}
		numbers := list(draws[4*i : 4*i+4])
		if d := off(AxisAngle(&numbers), want); d > 1e-13 {
			t.Errorf("rotation %d is off by %.2g", i, d)
		}
		if len(numbers) != 0 {
			t.Errorf("%d of four numbers left", len(numbers))
		}
	}
}

// list is a source of given numbers.
type list []float64

func (l *list) Float64() float64 {
	x := (*l)[0]
	*l = (*l)[1:]
	return x
}

// TestCamera checks the table of package solver, and a view in between.
func TestCamera(t *testing.T) {
	x, y, z := [3]float64{1, 0, 0}, [3]float64{0, 1, 0}, [3]float64{0, 0, 1}
	minus := func(v [3]float64) [3]float64 { return [3]float64{-v[0], -v[1], -v[2]} }
	for _, c := range []struct {
		i, phi, psi        float64
		right, up, towards [3]float64
	}{
		{0, 0, 0, x, y, z},
		{180, 0, 0, x, minus(y), minus(z)},
		{90, 0, 0, x, z, minus(y)},
		{90, 90, 0, minus(y), z, minus(x)},
		{90, 180, 0, minus(x), z, y},
		{90, 270, 0, y, z, x},
		{90, -90, 0, y, z, x},
		{0, 0, 90, minus(y), x, z}, // what was up is to the left, in the east
		{0, 720, -270, minus(y), x, z},
		{180, 0, 90, y, x, minus(z)},
	} {
		r := Camera(c.i, c.phi, c.psi)
		// Adding 0 makes 0 of −0.
		if r.Apply(x) != c.right || r.Apply(y) != c.up || r.Apply(z) != c.towards {
			t.Errorf("i %g, φ %g, ψ %g: axes %v, %v, %v, want %v, %v, %v", c.i, c.phi, c.psi, r.Apply(x), r.Apply(y), r.Apply(z), c.right, c.up, c.towards)
		}
	}
	i, phi := 60*math.Pi/180, 40*math.Pi/180
	got := Camera(60, 40, 0).Apply(z)
	want := [3]float64{math.Sin(phi) * -math.Sin(i), -math.Sin(i) * math.Cos(phi), math.Cos(i)}
	for a := range got {
		if math.Abs(got[a]-want[a]) > 1e-15 {
			t.Errorf("i 60, φ 40: the observer is towards %v, want %v", got, want)
			break
		}
	}
}

func TestAlgebra(t *testing.T) {
	u := rand.New(rand.NewPCG(3, 5))
	for range 100 {
		r, s := Uniform(u), AxisAngle(u)
		if d := max(off(r.Times(r.Inverse()), Identity()), off(s.Inverse().Times(s), Identity()), math.Abs(determinant(r)-1), math.Abs(determinant(s)-1)); d > 1e-14 {
			t.Fatalf("not a rotation by %.2g", d)
		}
		v := [3]float64{1, -2, 3}
		a, b := r.Times(s).Apply(v), r.Apply(s.Apply(v))
		if math.Abs(a[0]-b[0])+math.Abs(a[1]-b[1])+math.Abs(a[2]-b[2]) > 1e-13 {
			t.Fatal("the product is not one after the other")
		}
	}
	for _, angle := range []float64{0, 1e-9, 0.5, math.Pi / 2, 3, math.Pi - 1e-9} {
		if got := AboutAxis([3]float64{0.6, 0, -0.8}, angle).AngleRad(); math.Abs(got-angle) > 1e-15 {
			t.Errorf("angle %.17g, want %.17g", got, angle)
		}
	}
}

// kolmogorov returns √n times the largest distance of the distribution of x
// from the law cdf. It is above 1.95 for one in a thousand samples of the law.
func kolmogorov(x []float64, cdf func(float64) float64) float64 {
	slices.Sort(x)
	var d float64
	n := float64(len(x))
	for i, v := range x {
		f := cdf(v)
		d = max(d, f-float64(i)/n, float64(i+1)/n-f)
	}
	return d * math.Sqrt(n)
}

// TestLawOfTheTrace checks 10⁵ draws, each a function of seed and number, by the
// law of the angle, (1 − cos ω)/π, by that of one entry, uniform from −1 to 1,
// and the published law by its own, which is not that of uniform rotations.
func TestLawOfTheTrace(t *testing.T) {
	const n = 100_000
	uniform := func(w float64) float64 { return (w - math.Sin(w)) / math.Pi }
	angles, entries, published := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		r := Uniform(rand.New(rand.NewPCG(7, uint64(i))))
		if r != Uniform(rand.New(rand.NewPCG(7, uint64(i)))) {
			t.Fatal("the same number gives another rotation")
		}
		angles[i], entries[i] = r.AngleRad(), r[2][0]
		published[i] = AxisAngle(rand.New(rand.NewPCG(7, uint64(i)))).AngleRad()
	}
	if k := kolmogorov(angles, uniform); k > 1.95 {
		t.Errorf("the angle is not that of uniform rotations: %.2f, want below 1.95", k)
	}
	if k := kolmogorov(entries, func(x float64) float64 { return (x + 1) / 2 }); k > 1.95 {
		t.Errorf("the entries are not those of uniform rotations: %.2f, want below 1.95", k)
	}
	if k := kolmogorov(published, func(w float64) float64 { return w / math.Pi }); k > 1.95 {
		t.Errorf("the published angle is not uniform: %.2f, want below 1.95", k)
	}
	if k := kolmogorov(published, uniform); k < 10 {
		t.Errorf("the published law passes for uniform rotations: %.2f", k)
	}
}

// cloud makes points at random.
func cloud(n int) *hydro.Points {
	u := rand.New(rand.NewPCG(1, 2))
	p := &hydro.Points{Density: make([]float64, n), Temperature: make([]float64, n)}
	for a := range p.Position {
		p.Position[a], p.Velocity[a] = make([]float64, n), make([]float64, n)
		for i := range p.Position[a] {
			p.Position[a][i], p.Velocity[a][i] = u.NormFloat64(), u.NormFloat64()
		}
	}
	return p
}

func TestPoints(t *testing.T) {
	p := cloud(1001)
	r, about := Uniform(rand.New(rand.NewPCG(1, 1))), [3]float64{3, -1, 0.5}
	var want hydro.Points
	box := r.Points(&want, p, about, 1)
	if box != want.Box() {
		t.Errorf("box %v, want %v", box, want.Box())
	}
	for i := range p.Len() {
		x := r.Apply([3]float64{p.Position[0][i] - about[0], p.Position[1][i] - about[1], p.Position[2][i] - about[2]})
		v := r.Apply([3]float64{p.Velocity[0][i], p.Velocity[1][i], p.Velocity[2][i]})
		for a := range x {
			if want.Position[a][i] != x[a]+about[a] || want.Velocity[a][i] != v[a] {
				t.Fatalf("point %d lies at %g, want %g", i, want.Position[a][i], x[a]+about[a])
			}
		}
	}
	if &want.Density[0] != &p.Density[0] {
		t.Error("densities are copied")
	}
	for _, threads := range []int{0, 2, 3, 7, 5000} {
		got := hydro.Points{Position: cloud(2000).Position}
		if b := r.Points(&got, p, about, threads); b != box {
			t.Errorf("%d threads: box %v, want %v", threads, b, box)
		}
		for a := range got.Position {
			if !slices.Equal(got.Position[a], want.Position[a]) || !slices.Equal(got.Velocity[a], want.Velocity[a]) {
				t.Errorf("%d threads: other points", threads)
			}
		}
	}
	if allocs := testing.AllocsPerRun(10, func() { r.Points(&want, p, about, 1) }); allocs > 8 {
		t.Errorf("%g allocations for the next rotation, more than of the work itself", allocs)
	}
	still := &hydro.Points{Position: p.Position}
	r.Points(still, still, about, 2)
	if still.Velocity[0] != nil || !slices.Equal(still.Position[2], want.Position[2]) {
		t.Error("points without velocity, turned in place, differ")
	}
	var none hydro.Points
	if b := r.Points(&none, &hydro.Points{}, about, 2); b != (grid.Box{}) {
		t.Errorf("box of no points %v", b)
	}
}

// TestQuarterTurnIsExact checks that a quarter turn about the origin permutes
// the axes without rounding.
func TestQuarterTurnIsExact(t *testing.T) {
	p := cloud(50)
	var q hydro.Points
	Camera(90, 0, 0).Inverse().Points(&q, p, [3]float64{}, 1)
	// A camera at −y with z upwards has the model's z along its y, and −y towards it.
	for i := range p.Len() {
		if q.Position[0][i] != p.Position[0][i] || q.Position[1][i] != p.Position[2][i] || q.Position[2][i] != -p.Position[1][i] ||
			q.Velocity[2][i] != -p.Velocity[1][i] {
			t.Fatal("a quarter turn does not permute the axes")
		}
	}
}

// BenchmarkPoints turns as many points as the example model has cells.
func BenchmarkPoints(b *testing.B) {
	p := cloud(348160)
	r := Uniform(rand.New(rand.NewPCG(1, 1)))
	var q hydro.Points
	for b.Loop() {
		r.Points(&q, p, [3]float64{}, 1)
	}
}
