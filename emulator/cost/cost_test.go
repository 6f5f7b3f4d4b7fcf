// SPDX-License-Identifier: BSD-3-Clause

package cost

import (
	"math"
	"strings"
	"testing"
)

// published is the network of Su et al. (2025).
func published() Network { return Network{"net3d", 64, 7, 4096} }

// rates are easy to compute with: a second per sample and pass, a nanosecond to
// stream a weight and a tenth of that to work with it.
func rates() Rates {
	pass := Line{0, 1}
	dense := Line{1e-9, 1e-10}
	all := Pass{pass, pass, pass, pass, dense, dense}
	return Rates{Network: published(), Alone: all, Member: all, UpdatePerParameter: 1e-9}
}

// wires have a latency of a microsecond and a rate of 1 GB/s, and hide nothing.
func wires() Messages { return Messages{LatencySeconds: 1e-6, BytesPerSecond: 1e9} }

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9*math.Abs(want) {
		t.Errorf("%s: %g, want %g", what, got, want)
	}
}

// TestPublishedCounts: parameters and arithmetic are those of the published network.
func TestPublishedCounts(t *testing.T) {
	c, unused, statistics, dense := published().Parameters()
	if c+dense != 143_303_809 || unused != 9_072 || dense != 142_639_104 || statistics == 0 {
		t.Errorf("%d + %d parameters, %d without gradient", c, dense, unused)
	}
	e, d, dec := published().MACs()
	for what, pair := range map[string][2]float64{"encoders": {float64(e), 565.9e6}, "dense": {float64(d), 285.2e6}, "decoder": {float64(dec), 103.2e6}} {
		if flop := 2 * pair[0]; math.Abs(flop/pair[1]-1) > 1e-3 {
			t.Errorf("%s: %g flop, want %g", what, flop, pair[1])
		}
	}
	if c, _, _, dense := (Network{"net", 32, 1, 16}).Parameters(); c == 0 || dense != 16*(768+1)+1024*17 {
		t.Errorf("net: %d and %d parameters", c, dense)
	}
}

// TestOneRankSendsNothing: there is no communication with oneself, and a step is
// the sum of what was measured.
func TestOneRankSendsNothing(t *testing.T) {
	if s := SentBy(published(), One(), 16); s != (Sent{}) {
		t.Errorf("one rank sends %+v", s)
	}
	slow := Sharing{Ranks: 2, Stream: 3, Arithmetic: 2, Bandwidth: 1e9}
	s := Predict(published(), One(), Options{Batch: 16}, rates(), wires(), slow)
	_, _, _, dense := published().Parameters()
	near(t, "forward", s.Forward, 2*16+float64(dense)*(1e-9+16e-10))
	near(t, "optimiser", s.Optimiser, 1e-9*(143_303_809-9_072))
	if s.Reduce != 0 || s.Hidden != 0 || s.Idle != 0 || s.Data != 0 {
		t.Errorf("one rank: %+v", s)
	}
}

// TestTwoRanks follows the formulas of the package documentation by hand.
func TestTwoRanks(t *testing.T) {
	n, o := published(), Options{Batch: 16, LocalNorm: true}
	k, h, out := n.Dense()
	c, unused, _, dense := n.Parameters()
	conv := 4 * float64(c-unused)
	data := Predict(n, Mesh{2, 1, [3]int{1, 1, 1}}, o, rates(), wires(), Alone())
	near(t, "data forward", data.Forward, 2*8+float64(dense)*(1e-9+8e-10))
	near(t, "data reduce", data.Reduce, (4*float64(dense)+conv)*1e-9+2*2e-6)
	tensor := Predict(n, Mesh{1, 2, [3]int{1, 1, 1}}, o, rates(), wires(), Alone())
	near(t, "tensor forward", tensor.Forward, 2*8+float64(dense)/2*(1e-9+16e-10))
	near(t, "tensor optimiser", tensor.Optimiser, 1e-9*(float64(c-unused)+float64(dense)/2))
	exchange := 4*1e-6 + 8*float64(k+out)*4*1e-9
	latent := 2 * (2e-6 + 16*float64(h)*8*1e-9)
	near(t, "tensor reduce", tensor.Reduce, exchange+latent+conv*1e-9+2e-6)

	o.LocalNorm = false
	if synchronised := Predict(n, Mesh{2, 1, [3]int{1, 1, 1}}, o, rates(), wires(), Alone()); !(synchronised.Reduce-data.Reduce >= 2*75*2e-6) {
		t.Errorf("75 normalisations cost %g s", synchronised.Reduce-data.Reduce)
	}
}

// TestOverlap: what is hidden is at most the share of the window, and the window
// of the late update is longer.
func TestOverlap(t *testing.T) {
	n, w := published(), wires()
	m, o := Mesh{2, 1, [3]int{1, 1, 1}}, Options{Batch: 2, LocalNorm: true}
	none := Predict(n, m, o, rates(), w, Alone())
	w.HiddenShare = 1
	all := Predict(n, m, o, rates(), w, Alone())
	near(t, "hidden", all.Hidden, none.Reduce-all.Reduce)
	r := rates()
	r.Member.EncoderBackward.PerSample, r.Member.EncoderForward.PerSample = 0.1, 0.05
	near(t, "late update", Predict(n, m, o, r, w, Alone()).Hidden, 0.15)
	o.Eager = true
	near(t, "eager update", Predict(n, m, o, r, w, Alone()).Hidden, 0.1)
}

// TestSharing: work that is bound by memory is slowed by that factor, other work by
// the other.
func TestSharing(t *testing.T) {
	s := Sharing{Ranks: 2, Stream: 2, Arithmetic: 1.2, Bandwidth: 1e9}
	near(t, "half", s.factor(1, 0.5e9), 1.6)
	near(t, "all", s.factor(1, 5e9), 2)
	near(t, "none", s.factor(1, 0), 1.2)
	one := Predict(published(), Mesh{1, 2, [3]int{1, 1, 1}}, Options{Batch: 4}, rates(), wires(), Alone())
	two := Predict(published(), Mesh{1, 2, [3]int{1, 1, 1}}, Options{Batch: 4}, rates(), wires(), s)
	near(t, "optimiser", two.Optimiser, 2*one.Optimiser)
	if !(two.Forward > 1.19*one.Forward && two.Forward < 2*one.Forward) {
		t.Errorf("forward %g s, alone %g", two.Forward, one.Forward)
	}
}

// TestMessages: closed forms without a table, the table where there is one, and
// more ranks than it was measured on.
func TestMessages(t *testing.T) {
	w := wires()
	near(t, "eight ranks", w.Allreduce(8, 1e6), 6e-6+2*7.0/8*1e-3)
	near(t, "exchange", w.Exchange(4, 3e6), 3e-6+3e-3)
	if w.Allreduce(1, 1e9) != 0 || w.Gradients(1, 1e9) != 0 || w.Exchange(1, 1e9) != 0 {
		t.Error("one rank pays for messages")
	}
	w.Ranks, w.Sums = 2, []Sum{{8, 2e-6}, {1e6, 1e-3}, {1e7, 2e-2}}
	near(t, "first", w.Allreduce(2, 8), 2e-6)
	near(t, "on a point", w.Allreduce(2, 1e6), 1e-3)
	near(t, "between", w.Allreduce(2, 5.5e6), 1.05e-2)
	near(t, "beyond", w.Allreduce(2, 2e7), 4e-2)
	near(t, "four ranks", w.Allreduce(4, 1e6), 4e-6+1.5*(1e-3-2e-6))
	if err := w.Validate(); err != nil {
		t.Error(err)
	}
	for _, bad := range []Messages{{}, {BytesPerSecond: 1, HiddenShare: 2}, {BytesPerSecond: 1, Ranks: 2, Sums: []Sum{{8, 0}}}, {BytesPerSecond: 1, Ranks: 2, Buckets: []Sum{{8, 1}, {8, 1}}}} {
		if bad.Validate() == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

// TestLines: two times give a line, never one that falls or begins below zero.
func TestLines(t *testing.T) {
	for _, c := range []struct {
		first, later float64
		want         Line
	}{{3, 7, Line{1, 1}}, {2, 8, Line{0, 4.0 / 3}}, {5, 4, Line{5, 0}}} {
		if got := Through(2, c.first, 6, c.later); math.Abs(got.Fixed-c.want.Fixed)+math.Abs(got.PerSample-c.want.PerSample) > 1e-12 {
			t.Errorf("%g and %g: %+v, want %+v", c.first, c.later, got, c.want)
		}
	}
}

// TestMemory: shards shrink what the dense layers hold, samples what activations
// do, and blocks the encoders'.
func TestMemory(t *testing.T) {
	n := published()
	one := MemoryOf(n, One(), 16, 2)
	near(t, "parameters", one.Moments, 8*(143_303_809-9_072))
	near(t, "gradients", one.Gradients, 4*(143_303_809-9_072))
	four := MemoryOf(n, Mesh{1, 4, [3]int{1, 1, 1}}, 16, 2)
	if r := four.Moments / one.Moments; r < 0.25 || r > 0.26 {
		t.Errorf("moments on four ranks: %.3f", r)
	}
	if r := four.Activations / one.Activations; r < 0.25 || r > 0.35 {
		t.Errorf("activations on four ranks: %.3f", r)
	}
	n.Grid = 128
	whole, blocks := MemoryOf(n, One(), 1, 2), MemoryOf(n, Mesh{1, 1, [3]int{2, 2, 2}}, 1, 2)
	if r := blocks.Activations / whole.Activations; r < 0.125 || r > 0.2 {
		t.Errorf("activations on eight blocks: %.3f", r)
	}
}

// TestMeshes: every factorisation once.
func TestMeshes(t *testing.T) {
	seen := map[Mesh]bool{}
	for _, m := range Meshes(8) {
		if m.Ranks() != 8 || seen[m] {
			t.Errorf("%v", m)
		}
		seen[m] = true
	}
	if len(seen) != 4+3+2*2+3 { // cubes among 1, 2, 4 and 8
		t.Errorf("%d meshes: %v", len(seen), seen)
	}
}

// TestChoose: memory first, then time; cubes are shared only if they must be.
func TestChoose(t *testing.T) {
	n, r := published(), rates().Scaled(1000)
	choose := func(o Options, l Limits) []Candidate {
		t.Helper()
		list, err := Choose(n, o, l, r, wires(), Alone())
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	list := choose(Options{Batch: 16}, Limits{Ranks: 4})
	if best := list[0].Mesh; best != (Mesh{1, 4, [3]int{1, 1, 1}}) { // 570 MB of gradients at 1 GB/s
		t.Errorf("small batch: %v", best)
	}
	for _, c := range list {
		if c.Mesh.volume() > 1 {
			t.Errorf("%v without need", c.Mesh)
		}
	}
	list = choose(Options{Batch: 100_000}, Limits{Ranks: 4})
	if best := list[0].Mesh; best != (Mesh{4, 1, [3]int{1, 1, 1}}) {
		t.Errorf("large batch: %v", best)
	}
	whole := MemoryOf(n, Mesh{4, 1, [3]int{1, 1, 1}}, 16, 0).Total()
	for _, c := range choose(Options{Batch: 16}, Limits{Ranks: 4, MemoryBytes: whole - 5e8}) {
		if c.Fits != (c.Mesh.Tensor > 1) {
			t.Errorf("half a gigabyte less than whole layers need: %v fits %v", c.Mesh, c.Fits)
		}
	}
	fast := Messages{LatencySeconds: 1e-6, BytesPerSecond: 1e11}
	single, err := Choose(n, Options{Batch: 1}, Limits{Ranks: 8}, r, fast, Alone())
	if err != nil || single[0].Mesh.volume() == 1 {
		t.Errorf("one sample on eight ranks: %v, %v", single, err)
	}
	if best := choose(Options{Batch: 16}, Limits{Ranks: 4, MemoryBytes: 1})[0]; best.Fits {
		t.Error("fits into a byte")
	}
	for _, c := range choose(Options{Batch: 4}, Limits{Ranks: 8, Fixed: true}) {
		if c.Mesh.volume() > 1 {
			t.Errorf("fixed mode: %v", c.Mesh)
		}
	}
	if _, err := Choose(n, Options{Batch: 4}, Limits{Ranks: 3, Fixed: true}, r, wires(), Alone()); err == nil || !strings.Contains(err.Error(), "1, 2, 4 or 8") {
		t.Errorf("three ranks in fixed mode: %v", err)
	}
}

// TestData: the source is waited for when it is slower than the step.
func TestData(t *testing.T) {
	r := rates().Scaled(1000)
	r.SourcePerSample, r.Workers = 10, 2
	s := Predict(published(), One(), Options{Batch: 4}, r, wires(), Alone())
	near(t, "total", s.Total(), 20)
	r.Workers = 100_000
	if s := Predict(published(), One(), Options{Batch: 4}, r, wires(), Alone()); s.Data != 0 {
		t.Errorf("a fast source is waited for %g s", s.Data)
	}
}

// TestRates: another network's convolutions cost by their arithmetic, and what
// cannot be is refused.
func TestRates(t *testing.T) {
	small := Network{"net3d", 32, 7, 4096}
	r := rates().For(small)
	near(t, "encoder", r.Alone.EncoderForward.PerSample, float64(macs(small))/float64(macs(published())))
	if r.Alone.DenseForward != rates().Alone.DenseForward || r.Validate() != nil {
		t.Errorf("%+v", r)
	}
	s := Predict(published(), One(), Options{Batch: 8}, ByArithmetic(published(), 0.5, 32e9), wires(), Alone())
	near(t, "by arithmetic", s.Forward+s.Backward, 8*0.5)
	near(t, "twice as long backward", s.Backward, 2*s.Forward)
	near(t, "at the bandwidth", s.Optimiser, 1e-9*(143_303_809-9_072))
	r.Member.EncoderBackward.Fixed = math.NaN()
	if r.Validate() == nil {
		t.Error("NaN is accepted")
	}
}

func macs(n Network) int { e, _, _ := n.MACs(); return e }
