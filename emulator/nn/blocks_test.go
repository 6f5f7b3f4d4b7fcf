// SPDX-License-Identifier: BSD-3-Clause

package nn

import (
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/space"
)

// post carries messages between goroutines that stand for ranks.
type post struct {
	lattice space.Lattice
	boxes   [][]chan []float64 // from, to
}

type place struct {
	*post
	rank    int
	samples []int
	recv    [][]float64
}

func (p *place) Lattice() space.Lattice { return p.lattice }
func (p *place) Rank() int              { return p.rank }
func (p *place) Samples() []int         { return p.samples }

func (p *place) Start(send, recv [][]float64) {
	p.recv = recv
	for to, v := range send {
		if len(v) > 0 {
			p.boxes[p.rank][to] <- append([]float64(nil), v...)
		}
	}
}

func (p *place) Wait() {
	for from, v := range p.recv {
		if len(v) > 0 {
			copy(v, <-p.boxes[from][p.rank])
		}
	}
}

// onRanks runs f on every rank of a lattice, with samples shared as bounds say.
func onRanks(l space.Lattice, bounds []int, f func(b *Blocks[float64], rank int)) {
	p := &post{lattice: l, boxes: make([][]chan []float64, l.Ranks())}
	for r := range p.boxes {
		for range p.boxes {
			p.boxes[r] = append(p.boxes[r], make(chan []float64, 4))
		}
	}
	var wg sync.WaitGroup
	for r := range l.Ranks() {
		wg.Go(func() {
			f(NewBlocks(NewEnv[float64](device.NewScalar[float64](1)), &place{post: p, rank: r, samples: bounds}), r)
		})
	}
	wg.Wait()
}

// wave returns n values that belong to a rank.
func wave(n, rank int, step float64) device.Host[float64] {
	x := make(device.Host[float64], n)
	for i := range x {
		x[i] = math.Sin(step*float64(i) + 1.7*float64(rank))
	}
	return x
}

// TestMovesAreAdjoint checks ⟨Hx, y⟩ = ⟨x, Hᵀy⟩, summed over all ranks, for the
// halos of every kind of layer and for the ways of cubes and features.
func TestMovesAreAdjoint(t *testing.T) {
	const channels = 3
	size := func(n int) [3]int { return [3]int{n, n, n} }
	halo := func(n, out int, w space.Window) func(b *Blocks[float64]) (have, want []space.Part) {
		return func(b *Blocks[float64]) (have, want []space.Part) {
			c := newCut(b, w, size(n), size(out))
			return b.Parts(size(n)), b.of(c.needs)
		}
	}
	for name, parts := range map[string]func(b *Blocks[float64]) (have, want []space.Part){
		"valid":    halo(16, 14, space.Window{Kernel: size(3), Stride: size(1)}),
		"pool":     halo(14, 7, space.Window{Kernel: size(2), Stride: size(2)}),
		"stride 2": halo(15, 8, space.Window{Kernel: size(3), Stride: size(2), Pad: size(1)}),
		"same":     halo(8, 8, space.Window{Kernel: size(3), Stride: size(1), Pad: size(1)}),
		"shrink":   halo(8, 4, space.Window{Kernel: size(3), Stride: size(2), Pad: size(1)}),
		"scatter":  func(b *Blocks[float64]) (have, want []space.Part) { return b.Cubes(size(8)), b.Parts(size(8)) },
		"gather":   func(b *Blocks[float64]) (have, want []space.Part) { return b.Parts(size(4)), b.Cubes(size(4)) },
	} {
		for _, l := range []space.Lattice{{2, 1, 1}, {2, 2, 2}, {1, 3, 1}} {
			t.Run(fmt.Sprintf("%s/%v", name, l), func(t *testing.T) {
				bounds := []int{0}
				for r := range l.Ranks() {
					bounds = append(bounds, 2*(r+1)/l.Ranks())
				}
				var mu sync.Mutex
				var forward, backward float64
				onRanks(l, bounds, func(b *Blocks[float64], rank int) {
					have, want := parts(b)
					m := b.NewMove(channels, have, want)
					x, y := wave(channels*have[rank].Len(), rank, 0.7), wave(channels*want[rank].Len(), rank, 1.3)
					hx, hy := wave(len(y), rank, 9), wave(len(x), rank, 5)
					m.Forward(x, hx, want[rank])
					m.Backward(y, want[rank], hy)
					mu.Lock()
					defer mu.Unlock()
					for i := range y {
						forward += hx[i] * y[i]
					}
					for i := range x {
						backward += x[i] * hy[i]
					}
				})
				if math.Abs(forward-backward) > 1e-11*(1+math.Abs(forward)) || forward == 0 {
					t.Errorf("⟨Hx, y⟩ = %.15g, ⟨x, Hᵀy⟩ = %.15g", forward, backward)
				}
			})
		}
	}
}
