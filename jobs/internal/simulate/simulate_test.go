// SPDX-License-Identifier: BSD-3-Clause

package simulate

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/columen/columen/emulator/cost"
)

func simulated(t *testing.T, net Network, p int, f func([][]Op, float64), bytes float64) float64 {
	t.Helper()
	programs := make([][]Op, p)
	f(programs, bytes)
	done, err := Run(net, programs)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Max(done)
}

// TestClosedForms: ring and tree take what the formulas of the literature say, on
// both networks, for short and for long vectors.
func TestClosedForms(t *testing.T) {
	for _, net := range Profiles() {
		for _, bytes := range []float64{8, 4096, 573e6} {
			for _, p := range []int{2, 3, 5, 8, 29, 64} {
				if got, want := simulated(t, net, p, Ring, bytes), RingSeconds(net, p, bytes); math.Abs(got/want-1) > 1e-12 {
					t.Errorf("%s: ring of %d, %g bytes: %g s, formula %g", net.Name, p, bytes, got, want)
				}
			}
			for _, p := range []int{2, 3, 4, 7, 10, 12, 64, 100, 320, 1024} {
				if got, want := simulated(t, net, p, Tree, bytes), TreeSeconds(net, p, bytes); math.Abs(got/want-1) > 1e-12 {
					t.Errorf("%s: tree of %d, %g bytes: %g s, formula %g", net.Name, p, bytes, got, want)
				}
			}
		}
	}
}

// TestWays: two messages into one rank take turns, those of two pairs do not, and
// a rank that computes gets its message late.
func TestWays(t *testing.T) {
	net := Network{Latency: 1, Overhead: 0.5, PerByte: 0.1}
	send := func(to int) Op { return Op{Kind: Send, Peer: to, Bytes: 10} }
	recv := func(from int) Op { return Op{Kind: Recv, Peer: from} }
	for name, c := range map[string]struct {
		programs [][]Op
		want     []float64
	}{
		"one":       {[][]Op{{send(1)}, {recv(0)}}, []float64{0.5, 2.5}},
		"two in":    {[][]Op{{send(2)}, {send(2)}, {recv(0), recv(1)}}, []float64{0.5, 0.5, 3.5}},
		"two pairs": {[][]Op{{send(2)}, {send(3)}, {recv(0)}, {recv(1)}}, []float64{0.5, 0.5, 2.5, 2.5}},
		"two out":   {[][]Op{{send(1), send(2)}, {recv(0)}, {recv(0)}}, []float64{1, 2.5, 3.5}},
		"busy":      {[][]Op{{send(1)}, {{Kind: Compute, Seconds: 9}, recv(0)}}, []float64{0.5, 9}},
	} {
		got, err := Run(net, c.programs)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, c.want)
		}
	}
	if _, err := Run(net, [][]Op{{recv(1)}, {recv(0)}}); err == nil || !strings.Contains(err.Error(), "that nobody sends") {
		t.Errorf("a deadlock: %v", err)
	}
}

// TestImage: without a price for messages the solver scales as its blocks; with
// one, the image that all send to rank 0 is what is left.
func TestImage(t *testing.T) {
	m := Image{Cells: [3]int{64, 64, 64}, Channels: 7, Axis: 2, SecondsPerUnit: 1e-9, BytesPerValue: 8}
	for _, p := range []int{1, 2, 4, 8} {
		got, err := m.Predict(Network{}, p)
		if want := 64 * 64 * 64 * 7e-9 / float64(p); err != nil || math.Abs(got/want-1) > 1e-12 {
			t.Errorf("%d ranks: %g s, want %g: %v", p, got, want, err)
		}
	}
	slow := Network{PerByte: 1e-6}
	got, err := m.Predict(slow, 4096)
	if want := 64 * 64 * 7 * 8 * 1e-6; err != nil || math.Abs(got/want-1) > 0.01 {
		t.Errorf("a slow network: %g s, want those of the image, %g: %v", got, want, err)
	}
	if _, err := m.Predict(slow, 64*64*64+1); !errors.Is(err, ErrNoFit) {
		t.Error("more ranks than cells")
	}
}

// TestStep: on two ranks of a network that hides all it can, a step is what the
// formulas say, with the reductions of the closed form; the network is hidden while
// the batch of a rank is large, and is all that counts when it is small.
func TestStep(t *testing.T) {
	net := Profiles()[0]
	step := func(ranks, batch int) cost.Step {
		return Training{net}.Step(Published(), ranks, batch, cost.ByArithmetic(Published(), 1e-3, 1e12))
	}
	if one := step(1, 32); math.Abs(one.Forward+one.Backward-0.032) > 1e-12 || one.Reduce != 0 {
		t.Errorf("one rank: %+v", one)
	}
	four := step(4, 2048)
	convolutions, unused, _, dense := Published().Parameters()
	if want := TreeSeconds(net, 4, 4*float64(dense)); math.Abs(four.Hidden/want-1) > 1e-12 {
		t.Errorf("four ranks hide %g s, want those of the dense layers, %g", four.Hidden, want)
	}
	if least := TreeSeconds(net, 4, 4*float64(convolutions-unused)); four.Reduce < least || four.Reduce > least+2e-3 {
		t.Errorf("four ranks wait for %g s, the other gradients alone take %g", four.Reduce, least)
	}
	many := step(2048, 2048)
	if least := TreeSeconds(net, 2048, 4*float64(dense)); many.Reduce+many.Hidden < least || many.Total() > least+20e-3 {
		t.Errorf("2048 ranks: %+v, the sum of the dense gradients alone %g s", many, least)
	}
	if all := 4 * (dense + convolutions - unused); all != 4*(143303809-9072) {
		t.Errorf("gradients of %d bytes", all)
	}
	// Another number than a power of two costs more.
	odd, even := step(10, 1280), step(8, 1024)
	if !(odd.Reduce+odd.Hidden > even.Reduce+even.Hidden) {
		t.Errorf("ten ranks reduce in %g s, eight in %g", odd.Reduce+odd.Hidden, even.Reduce+even.Hidden)
	}
}
