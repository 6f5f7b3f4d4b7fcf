// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/device/cpu"
	"github.com/columen/columen/emulator/loss"
	"github.com/columen/columen/emulator/optim"
)

// BenchmarkTrainStep makes steps of training as package train does: forward,
// loss, backward, clipping, Adam. It prints samples/s beside the rate that is
// asked for at grid 64, and the share of each kind of operation.
func BenchmarkTrainStep(b *testing.B) {
	const batch = 16
	for _, c := range []struct {
		config Config
		want   float64 // samples/s with two threads, 0 for none
	}{
		{Config{Variant: Net3D, Grid: 32, Latent: 256}, 0},
		{Config{Variant: Net3D, Grid: 64}, 18},
	} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("grid%d/threads%d", c.config.Grid, threads), func(b *testing.B) {
				s := newTraining(b, c.config, batch, threads)
				s.step(b)
				best := 0.0
				var shares map[string]time.Duration
				b.ResetTimer()
				for range b.N {
					clear(s.dev.spent)
					start := time.Now()
					s.step(b)
					if t := time.Since(start).Seconds(); best == 0 || t < best {
						best, shares = t, s.dev.shares()
					}
				}
				b.ReportMetric(batch/best, "samples/s")
				if c.want > 0 && threads == 2 {
					b.ReportMetric(c.want, "samples/s-wanted")
				}
				b.ReportMetric(best*1e3, "best-ms")
				b.ReportMetric(0, "ns/op")
				fmt.Println(table(shares, best))
			})
		}
	}
}

// training is what a step needs.
type training struct {
	dev          *timed
	m            *Model[float32]
	loss         *loss.FreqMSE
	adam         *optim.Adam[float32]
	clip         *optim.Clipper[float32]
	x, dy        device.Buffer[float32]
	target, pred []float32
	grad         []float32
	batch        int
}

func newTraining(b *testing.B, c Config, batch, threads int) *training {
	s := &training{dev: &timed{Device: cpu.Open(threads), spent: map[string]time.Duration{}}, batch: batch}
	var err error
	check := func() {
		if err != nil {
			b.Fatal(err)
		}
	}
	s.m, err = New[float32](s.dev, c)
	check()
	err = s.m.Init(1)
	check()
	s.loss, err = loss.NewFreqMSE(c.Grid, c.Grid, loss.Alpha, threads)
	check()
	s.adam, err = optim.NewAdam[float32](s.dev, s.m.Parameters(), s.m.Gradients(), optim.Options{WeightDecay: 1e-4, Decoupled: true})
	check()
	s.clip, err = optim.NewClipper[float32](s.dev, 10)
	check()
	in, out := batch*device.Volume(s.m.config.InputShape()), batch*device.Volume(s.m.config.OutputShape())
	s.x, s.dy = s.dev.Alloc(in), s.dev.Alloc(out)
	s.dev.Upload(s.x, hashed[float32](1, in, 0, 1))
	s.target, s.pred, s.grad = hashed[float32](2, out, 0, 1), make([]float32, out), make([]float32, out)
	return s
}

func (s *training) step(b *testing.B) {
	for _, e := range s.m.Entries() {
		e.Clear(s.dev)
	}
	s.dev.Download(s.pred, s.m.Forward(s.x, s.batch, true))
	s.dev.time("loss", func() {
		if _, err := loss.Eval(s.loss, s.pred, s.target, s.grad); err != nil {
			b.Fatal(err)
		}
	})
	s.dev.Upload(s.dy, s.grad)
	s.m.Backward(s.dy)
	if _, err := s.clip.Clip(s.m.Gradients()); err != nil {
		b.Fatal(err)
	}
	s.adam.Step(1e-4)
}

// table says how a step of so many seconds was spent.
func table(spent map[string]time.Duration, whole float64) string {
	var names []string
	for name := range spent {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return spent[names[i]] > spent[names[j]] })
	var t strings.Builder
	for _, name := range names {
		s := spent[name].Seconds()
		if s < 0.003*whole {
			break
		}
		fmt.Fprintf(&t, "\n%9.2f ms %5.1f %%  %s", s*1e3, 100*s/whole, name)
	}
	return t.String()
}
