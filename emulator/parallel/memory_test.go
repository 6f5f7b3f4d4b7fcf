// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"flag"
	"sync/atomic"
	"testing"

	"github.com/columen/columen/emulator"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/mpiutil"
)

// memoryGrid is the grid of TestMemoryOfBlocks, whose bound of a fifth is that of
// 128³:
//
//	go test ./emulator/parallel -run MemoryOfBlocks -v -args -memory-grid 128
var memoryGrid = flag.Int("memory-grid", 32, "grid of TestMemoryOfBlocks: 32, 64 or 128")

// counter counts the values that a device holds for somebody.
type counter struct {
	device.Device[float32]
	held atomic.Int64
}

func (c *counter) Alloc(n int) device.Buffer[float32] {
	c.held.Add(int64(n))
	return c.Device.Alloc(n)
}

func (c *counter) Free(b device.Buffer[float32]) {
	c.held.Add(-int64(b.Len()))
	c.Device.Free(b)
}

// messages counts the values that a rank receives, which layers keep for the
// pass back, and those of its largest exchange, which share their memory. The
// first exchange gives out the cubes: its memory is free before there are
// activations.
type messages struct {
	nn.Neighbours[float32]
	exchanges  int
	kept, most int64
}

func (m *messages) Start(send, recv [][]float32) {
	if m.exchanges++; m.exchanges > 1 {
		var n int64
		for r := range send {
			n += int64(len(send[r]) + len(recv[r]))
			m.kept += int64(len(recv[r]))
		}
		m.most = max(m.most, n)
	}
	m.Neighbours.Start(send, recv)
}

// heldByPass runs a step of one sample and returns the values that it made a rank
// hold: activations, statistics, scratch memory and halos.
func heldByPass(c *mpiutil.Comm, m Mesh, g int) (int64, error) {
	dev := &counter{Device: openCPU()}
	team, err := New[float32](dev, c, Options{Mesh: m})
	if err != nil {
		return 0, err
	}
	place, halos := emulator.Placement[float32]{Parts: team.Parts()}, &messages{}
	if halos.Neighbours = team.Neighbours(); halos.Neighbours != nil {
		place.Neighbours = halos
	}
	if x := team.Exchange(); x != nil {
		place.Exchange = x
	}
	net, err := emulator.NewPlaced[float32](dev, emulator.Config{Variant: emulator.Net, Grid: g, Latent: 16}, place)
	if err != nil {
		return 0, err
	}
	if err := net.Init(3); err != nil {
		return 0, err
	}
	net.Gradients() // has its memory made
	before := dev.held.Load()
	team.Begin(1)
	lo, hi := team.samples(c.Rank())
	x := make(device.Host[float32], (hi-lo)*3*g*g*g)
	for i := range x {
		x[i] = float32(i%17) / 17
	}
	net.Forward(x, hi-lo, true)
	kept := halos.kept // not that of the pass back, which comes and goes
	net.Backward(make(device.Host[float32], (hi-lo)*g*g))
	return dev.held.Load() - before + kept + halos.most, team.Err()
}

// TestMemoryOfBlocks compares what a step of one sample holds on the fullest of
// eight ranks that share its cube with one rank.
func TestMemoryOfBlocks(t *testing.T) {
	g := *memoryGrid
	limit := map[int]float64{32: 0.3, 64: 0.22, 128: 0.2}[g]
	var one, most int64
	inProcess(t, 1, func(c *mpiutil.Comm) (err error) {
		one, err = heldByPass(c, Mesh{}, g)
		return err
	})
	held := make([]int64, 8)
	inProcess(t, 8, func(c *mpiutil.Comm) (err error) {
		held[c.Rank()], err = heldByPass(c, Mesh{Space: [3]int{2, 2, 2}}, g)
		return err
	})
	for _, n := range held {
		most = max(most, n)
	}
	if one == 0 || most == 0 {
		t.Fatal("nothing to compare")
	}
	t.Logf("grid %d: %.1f MB on one rank, %.1f MB on the fullest of eight: %.3f", g, 4e-6*float64(one), 4e-6*float64(most), float64(most)/float64(one))
	if ratio := float64(most) / float64(one); !(ratio <= limit) {
		t.Errorf("%.3f of one rank: want %g at most", ratio, limit)
	}
}
