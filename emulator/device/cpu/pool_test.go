// SPDX-License-Identifier: BSD-3-Clause

package cpu

import (
	"math"
	"strings"
	"testing"

	"github.com/columen/columen/emulator/device"
)

// step does everything once: what it computes must not depend on the threads, and must not allocate.
type step struct {
	c                                   Conv
	x, w, bias, packed, y, dx, dw, db   []float32
	lw, ly, ldx, ldw, pooled, mean, vrn []float32
	m, v                                []float32 // moments
	half                                []uint16
	nx, px, gamma, beta                 []float32 // gradients of normalisation and pooling
	squares                             []float32
	stem                                Conv // of so many positions that its gradient is summed by samples
	sx, sy, sdw, sdb                    []float32
}

func newStep(t testing.TB) *step {
	c := cube(5, 9, 9, 3, 2, 1)
	s := &step{c: c, x: numbers(t, 3*c.InLen(), 1), w: numbers(t, c.WeightLen(), 2), bias: numbers(t, c.Out, 3)}
	s.packed, s.y, s.dx = make([]float32, c.PackedLen()), make([]float32, 3*c.OutLen()), make([]float32, 3*c.InLen())
	s.dw, s.db = make([]float32, c.WeightLen()), make([]float32, c.Out)
	s.lw, s.ly = numbers(t, 77*c.InLen(), 4), make([]float32, 3*77)
	s.ldx, s.ldw = make([]float32, 3*c.InLen()), make([]float32, len(s.lw))
	s.pooled, s.nx, s.px, s.squares = make([]float32, 3*5*64), make([]float32, len(s.x)), make([]float32, len(s.x)), make([]float32, 1)
	s.gamma, s.beta = make([]float32, c.In), make([]float32, c.In)
	s.mean, s.vrn, s.half = make([]float32, c.In), make([]float32, c.In), make([]uint16, len(s.lw))
	s.m, s.v = make([]float32, len(s.dx)), make([]float32, len(s.dx))
	s.stem = cube(1, 5, 17, 3, 1, 0)
	s.sx, s.sy = numbers(t, 3*s.stem.InLen(), 5), numbers(t, 3*s.stem.OutLen(), 6)
	s.sdw, s.sdb = make([]float32, s.stem.WeightLen()), make([]float32, s.stem.Out)
	BF16(NewPool(1), s.lw, s.half)
	c.Pack(s.w, s.bias, s.packed)
	return s
}

func (s *step) run(p *Pool) {
	c, in, n := s.c, s.c.InLen(), volume(s.c.Size)
	clear(s.dw)
	clear(s.db)
	clear(s.ldw)
	clear(s.sdw)
	clear(s.sdb)
	ConvBackwardWeights(p, s.stem, 3, s.sx, s.sy, s.sdw, s.sdb)
	ConvPacked(p, c, 3, s.x, s.packed, s.y, After{ReLU: true})
	ConvBackwardData(p, c, 3, s.y, s.w, s.dx)
	ConvBackwardWeights(p, c, 3, s.x, s.y, s.dw, s.db)
	LinearBF16(p, 1, in, 77, true, s.x, s.half, nil, s.ly)
	Linear(p, 1, in, 77, true, s.x, s.lw, nil, s.ly)
	Linear(p, 3, in, 77, false, s.x, s.lw, nil, s.ly)
	LinearBackward(p, device.Linear{In: in, Out: 77}, 3, s.x, s.lw, s.ly, s.ldx, s.ldw, nil)
	BatchNormStats(p, 3, c.In, n, s.x, s.mean, s.vrn)
	norm := Norm{s.mean, s.vrn, s.vrn, s.mean, 1e-5, true}
	BatchNormSums(p, 3, c.In, n, norm, s.x, s.dx, s.gamma, s.beta)
	BatchNormBackward(p, 3, c.In, n, norm, s.x, s.dx, s.gamma, s.beta, s.nx)
	MaxPool2(p, 3*5, c.Size, s.x, s.pooled)
	MaxPool2Backward(p, 3*5, c.Size, s.x, s.pooled, s.px)
	s.squares[0] = float32(SumSquares(p, s.x))
	Tanh(p, s.ldx, s.ldx)
	Add(p, s.ldx, s.dx, s.dx)
	Adam(p, AdamRule{Rate: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, 1, s.ldx, s.dx, s.m, s.v)
}

func TestThreadsDoNotMatter(t *testing.T) {
	for _, v := range Variants() {
		var first *step
		for _, threads := range []int{1, 2, 3, 7} {
			p, err := NewPoolOf(v, threads)
			if err != nil {
				t.Fatal(err)
			}
			s := newStep(t)
			s.run(p)
			if first == nil {
				first = s
			}
			for _, pair := range [][2][]float32{{s.y, first.y}, {s.dx, first.dx}, {s.dw, first.dw}, {s.db, first.db}, {s.ly, first.ly},
				{s.ldx, first.ldx}, {s.ldw, first.ldw}, {s.mean, first.mean}, {s.vrn, first.vrn}, {s.pooled, first.pooled},
				{s.nx, first.nx}, {s.px, first.px}, {s.gamma, first.gamma}, {s.beta, first.beta}, {s.squares, first.squares},
				{s.sdw, first.sdw}, {s.sdb, first.sdb}} {
				same(t, v, pair[0], pair[1])
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	if Variants()[0] == "scalar" {
		t.Log("scalar kernels allocate: nothing to hold them to")
		return
	}
	for _, threads := range []int{1, 2} {
		p, s := NewPool(threads), newStep(t)
		s.run(p)
		if n := testing.AllocsPerRun(10, func() { s.run(p) }); n != 0 {
			t.Errorf("%d threads: %v allocations in a step", threads, n)
		}
	}
}

// TestNaNPasses: a broken value must reach the loss, not vanish in a ReLU.
func TestNaNPasses(t *testing.T) {
	everywhere(t, func(t *testing.T, p *Pool) {
		s := newStep(t)
		s.x[0], s.lw[5] = float32(math.NaN()), float32(math.NaN())
		ConvPacked(p, s.c, 1, s.x, s.packed, s.y, After{ReLU: true})
		Linear(p, 1, s.c.InLen(), 77, true, s.dx, s.lw, nil, s.ly)
		if s.y[0] == s.y[0] || s.ly[0] == s.ly[0] {
			t.Errorf("a NaN became %v, %v", s.y[0], s.ly[0])
		}
	})
}

func TestShortSlicePanics(t *testing.T) {
	defer func() {
		if r, ok := recover().(string); !ok || !strings.Contains(r, "cpu: convolution output") {
			t.Errorf("recovered %v", r)
		}
	}()
	s := newStep(t)
	ConvPacked(NewPool(1), s.c, 3, s.x, s.packed, s.y[1:], After{})
}

func TestUnknownVariant(t *testing.T) {
	if _, err := NewPoolOf("abacus", 1); err == nil || !strings.Contains(err.Error(), "abacus") {
		t.Errorf("got %v", err)
	}
}

func TestAlloc(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 3 << 20} {
		data, free := Alloc(n)
		if len(data) != n {
			t.Fatalf("%d floats, want %d", len(data), n)
		}
		for i := range data {
			if data[i] != 0 {
				t.Fatal("not zero")
			}
			data[i] = 1
		}
		free()
	}
}

// TestEarlierJobsDoNotMatter compares the weight gradient of a pool that has just
// begun with that of one whose memory has grown in larger jobs: a training that
// is continued must make the same sums.
func TestEarlierJobsDoNotMatter(t *testing.T) {
	c := Conv{In: 8, Out: 16, Size: [3]int{1, 32, 32}, Kernel: [3]int{1, 3, 3}, Stride: [3]int{1, 1, 1}, Pad: [3]int{0, 1, 1}}
	const batch = 16
	x, dy := numbers(t, batch*c.InLen(), 1), numbers(t, batch*c.OutLen(), 2)
	for _, v := range Variants() {
		var want []float32
		for _, grown := range []int{0, 300_000, 3_000_000} {
			p, err := NewPoolOf(v, 1)
			if err != nil {
				t.Fatal(err)
			}
			p.scratch[0] = make([]float32, grown)
			dw := make([]float32, c.WeightLen())
			ConvBackwardWeights(p, c, batch, x, dy, dw, nil)
			if want == nil {
				want = dw
			}
			for i := range dw {
				if dw[i] != want[i] {
					t.Fatalf("%s: after a job with %d floats, weight %d has the gradient %g, not %g", v, grown, i, dw[i], want[i])
				}
			}
		}
	}
}
