// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"fmt"
	"math"
	"testing"

	"github.com/columen/columen/emulator/cost"
	"github.com/columen/columen/mpiutil"
)

// priced is the network of these tests for the cost model.
func priced(g int) cost.Network {
	return cost.Network{Variant: "net", Grid: g, Frequencies: 1, Latent: latent}
}

// TestPredictedBytes compares what the cost model says that the fullest rank sends
// with what ranks count, blocks and normalisation included.
func TestPredictedBytes(t *testing.T) {
	blocks := []Mesh{{Data: 1, Tensor: 1, Space: [3]int{2, 1, 1}}, {Data: 1, Tensor: 1, Space: [3]int{2, 2, 2}}, {Data: 2, Tensor: 1, Space: [3]int{1, 2, 1}}}
	for _, m := range append(blocks, some(1, meshes())...) {
		for a := range m.Space {
			m.Space[a] = max(1, m.Space[a])
		}
		sent := make([]Traffic, m.Ranks())
		batch := m.Ranks()
		inProcess(t, m.Ranks(), func(c *mpiutil.Comm) error {
			l, err := newLearner(openCPU(), c, Options{Mesh: m, Eager: true}, 0)
			if err != nil {
				return err
			}
			l.team.Traffic()
			l.team.Begin(batch)
			lo, hi := l.team.samples(c.Rank())
			x, y := samples[float32](0, lo, hi)
			dev := l.net.Device()
			l.net.Forward(dev.Adopt(x), hi-lo, true)
			l.net.Backward(dev.Adopt(y))
			if _, err := l.opt.Step(1e-3); err != nil {
				return err
			}
			sent[c.Rank()] = l.team.Traffic()
			return nil
		})
		want := cost.SentBy(priced(grid), cost.Mesh(m), batch)
		var most Traffic
		for _, s := range sent {
			most = Traffic{max(most.Exchange, s.Exchange), max(most.Latent, s.Latent), max(most.Gradients, s.Gradients), max(most.Norm, s.Norm), max(most.Halo, s.Halo)}
		}
		// The bias of to_lat lies in shard 0 alone, and buckets round down.
		for what, pair := range map[string][3]float64{
			"exchange": {float64(most.Exchange), want.Exchange, 4}, "latent": {float64(most.Latent), want.Latent, 4},
			"gradients": {float64(most.Gradients), want.Gradients, 4*latent + 64}, "norm": {float64(most.Norm), want.Norm, 8 * 75}, "halo": {float64(most.Halo), want.Halo, 0},
		} {
			if math.Abs(pair[0]-pair[1]) > pair[2] {
				t.Errorf("%v, %s: sent %.0f bytes, predicted %.0f", m, what, pair[0], pair[1])
			}
		}
	}
}

// TestPredictedMemory compares what the cost model says that a pass makes the
// fullest rank hold with what is counted.
func TestPredictedMemory(t *testing.T) {
	for _, m := range some(2, []Mesh{{1, 1, [3]int{1, 1, 1}}, {1, 2, [3]int{1, 1, 1}}, {1, 1, [3]int{2, 1, 1}}, {1, 1, [3]int{2, 2, 2}}}) {
		held := make([]int64, m.Ranks())
		inProcess(t, m.Ranks(), func(c *mpiutil.Comm) (err error) {
			held[c.Rank()], err = heldByPass(c, m, grid)
			return err
		})
		most := int64(0)
		for _, n := range held {
			most = max(most, n)
		}
		got := 4 * float64(most)
		mem := cost.MemoryOf(priced(grid), cost.Mesh(m), 1, 0)
		want := mem.Activations + mem.Scratch
		if r := want / got; !(r > 0.85 && r < 1.2) {
			t.Errorf("%v: holds %.3f MB, predicted %.3f (%.3f + %.3f): %.3f", m, got/1e6, want/1e6, mem.Activations/1e6, mem.Scratch/1e6, r)
		}
		t.Log(fmt.Sprintf("%v: holds %.3f MB, predicted %.3f", m, got/1e6, want/1e6))
	}
}
