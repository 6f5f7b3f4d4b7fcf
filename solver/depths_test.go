// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"math"
	"testing"

	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/solver/grid"
)

func depthsOf(t *testing.T, m grid.Mesh, ranks [3]int, f fields, p Problem) *Depths {
	t.Helper()
	var out *Depths
	d, err := grid.Decompose(m, ranks, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := mpiutil.InProcess(d.NumRanks(), func(c *mpiutil.Comm) error {
		img, err := Solve(c, d, cubeOf[float64](m, d.Block(c.Rank()), f), p)
		if err == nil && c.Rank() == 0 {
			out = img.Depths
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// Where the light comes from: of a thin slab, its middle and spread; of a thick one, its surface; the same on all ranks.
func TestDepths(t *testing.T) {
	l := coLine(t, 0)
	m := meshOf(4, 4, 256)
	cam := NewCamera(0, 0, 0).Frame(m, 4, 4, boxSize)
	p := Problem{Line: l, FrequenciesHz: channels(l, 21, 60), Camera: &cam, Depths: true}
	slab := func(n float64) fields {
		return func(_, _, _ float64) (float64, float64, [3]float64, float64) { return n, 20, [3]float64{}, 200 }
	}
	thin := depthsOf(t, m, [3]int{1, 1, 1}, slab(1), p)
	if z := thin.MeanM[5] / boxSize; math.Abs(z) > 1e-6 {
		t.Errorf("a thin slab: light from z = %g of its depth, want 0", z)
	}
	if s := thin.SpreadM[5] / boxSize; math.Abs(s-1/math.Sqrt(12)) > 1e-5 {
		t.Errorf("a thin slab: spread %g of its depth, want 1/√12", s)
	}
	p.FrequenciesHz = []float64{l.RestFrequencyHz}
	const tau = 20.0
	n := tau / boxSize / (l.Opacity(20) * l.Profile(l.RestFrequencyHz, l.DopplerWidth(20, 200)))
	thick := depthsOf(t, m, [3]int{1, 1, 1}, slab(n), p)
	// Below the face: one mean free path, as ∫τe^{-τ}dτ = 1.
	if z := (0.5 - thick.MeanM[5]/boxSize) * tau; math.Abs(z-1) > 2e-3 {
		t.Errorf("a thick slab: light from %g mean free paths below its face, want 1", z)
	}
	if got := thick.TauCenter[5]; math.Abs(got/tau-1) > 1e-12 || thick.TauPeak[5] != got {
		t.Errorf("a thick slab: τ = %g at the centre of the line and %g at most, want %g", got, thick.TauPeak[5], tau)
	}
	cam = NewCamera(50, 20, 10).Frame(meshOf(9, 8, 7), 9, 9, 0)
	p.FrequenciesHz = channels(l, 5, 600)
	one, many := depthsOf(t, meshOf(9, 8, 7), [3]int{1, 1, 1}, spiral, p), depthsOf(t, meshOf(9, 8, 7), [3]int{2, 3, 2}, spiral, p)
	for name, pair := range map[string][2][]float64{"peak": {one.TauPeak, many.TauPeak}, "centre": {one.TauCenter, many.TauCenter}, "mean": {one.MeanM, many.MeanM}, "spread": {one.SpreadM, many.SpreadM}} {
		for i, w := range pair[0] {
			if g := pair[1][i]; !(math.Abs(g-w) <= 1e-7*math.Abs(w)+1e-9) && !(math.IsNaN(g) && math.IsNaN(w)) {
				t.Fatalf("%s of pixel %d: %g on one rank, %g on twelve", name, i, w, g)
			}
		}
	}
}
