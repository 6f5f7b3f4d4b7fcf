// SPDX-License-Identifier: BSD-3-Clause

package calibrate

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/columen/columen/emulator/cost"
	"github.com/columen/columen/emulator/device/cpu"
	"github.com/columen/columen/mpiutil"
)

// TestMain plays the role of a rank of BenchmarkCostModel when a launcher has
// started this binary: MPI is called from its main thread alone.
func TestMain(m *testing.M) {
	role := os.Getenv("COLUMEN_COST_ROLE")
	if role == "" {
		os.Exit(m.Run())
	}
	runtime.LockOSThread()
	c, err := mpiutil.Init()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := play(c, role); err != nil {
		fmt.Fprintf(os.Stderr, "rank %d: %v\n", c.Rank(), err)
		c.Abort(1)
	}
	if err := c.Finalize(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// TestCompute: what is measured is positive and grows with the batch, and the same
// whether a rank works for itself or as one of several, within a factor.
func TestCompute(t *testing.T) {
	n := cost.Network{Variant: "net", Grid: 32, Frequencies: 1, Latent: 16}
	r, err := Compute(cpu.Open(1), Plan{Network: n, Batches: [2]int{1, 2}, Steps: 1, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]cost.Pass{"alone": r.Alone, "member": r.Member} {
		for what, s := range map[string]float64{
			"encoders forward": p.EncoderForward.At(2), "encoders backward": p.EncoderBackward.At(2), "decoder forward": p.DecoderForward.At(2),
			"decoder backward": p.DecoderBackward.At(2), "dense forward": p.DenseForward.At(2), "dense backward": p.DenseBackward.At(2),
		} {
			if !(s > 0 && s < 10) {
				t.Errorf("%s, %s: %g s", name, what, s)
			}
		}
	}
	if !(r.UpdatePerParameter > 0) {
		t.Errorf("update: %g s per parameter", r.UpdatePerParameter)
	}
	if s := cost.Predict(n, cost.One(), cost.Options{Batch: 2}, r, cost.Messages{}, cost.Alone()); !(s.Total() > 0) || s.Reduce != 0 {
		t.Errorf("%+v", s)
	}
}

// TestShort: a plan of seconds for networks of any size.
func TestShort(t *testing.T) {
	for _, n := range []cost.Network{{Variant: "net", Grid: 32, Frequencies: 1, Latent: 16}, {Variant: "net3d", Grid: 64, Frequencies: 7, Latent: 4096}, {Variant: "net3d", Grid: 128, Frequencies: 31, Latent: 4096}} {
		for _, samples := range [][2]int{{1, 1}, {4, 16}, {512, 2048}} {
			p := Short(n, samples[0], samples[1], 1)
			_, _, _, dense := p.Network.Parameters()
			if p.Batches[0] < 1 || p.Batches[1] <= p.Batches[0] || dense > 1.1*mostWeights || p.Network.Latent > n.Latent {
				t.Errorf("%v of %v: %+v, %d weights", samples, n, p, dense)
			}
		}
	}
	if p := Short(cost.Network{Variant: "net3d", Grid: 32, Frequencies: 7, Latent: 256}, 4, 16, 1); p.Batches != [2]int{4, 16} || p.Network.Latent != 256 {
		t.Errorf("a small network is measured as %+v", p)
	}
}

// TestMessages: ranks in one process have times, the same on all of them, and one
// rank has none.
func TestMessages(t *testing.T) {
	texts := make([]string, 3)
	err := mpiutil.InProcess(3, func(c *mpiutil.Comm) error {
		m, s, err := messages(c, cpu.Open(1), effort{10, time.Millisecond, 1 << 12, []int{8, 1 << 10}, []int{8, 1 << 16}, []int{8, 1 << 10}})
		if err != nil {
			return err
		}
		if !(m.BytesPerSecond > 0 && s.Stream >= 1 && s.Arithmetic >= 1 && s.Bandwidth > 0) || len(m.Sums)*len(m.Buckets)*len(m.Exchanges) == 0 {
			return fmt.Errorf("%+v, %+v", m, s)
		}
		texts[c.Rank()] = fmt.Sprint(m, s)
		return nil
	})
	if err != nil || texts[0] != texts[1] || texts[0] != texts[2] {
		t.Errorf("%v: %s", err, strings.Join(texts, "\n"))
	}
	err = mpiutil.InProcess(1, func(c *mpiutil.Comm) error {
		m, s, err := Messages(c, cpu.Open(1))
		if s != cost.Alone() || m.Allreduce(1, 1e9) != 0 {
			return fmt.Errorf("one rank: %+v, %+v", m, s)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
