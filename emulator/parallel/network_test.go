// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"fmt"
	"math"
	"testing"

	"github.com/columen/columen/emulator"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/device/cpu"
	"github.com/columen/columen/emulator/loss"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/emulator/optim"
	"github.com/columen/columen/mpiutil"
)

// The network of these tests.
const (
	grid   = 32
	latent = 16
	alpha  = 0.8
)

func shape() emulator.Config {
	return emulator.Config{Variant: emulator.Net, Grid: grid, Latent: latent}
}

// openCPU and openScalar are the devices of the tests in float32 and float64.
func openCPU() device.Device[float32]    { return cpu.Open(1) }
func openScalar() device.Device[float64] { return device.NewScalar[float64](1) }

// samples returns inputs and targets of samples lo to hi of a batch: waves of
// several lengths, made of parabolas instead of sines, which take less time.
func samples[T device.Float](step, lo, hi int) (x, y []T) {
	x, y = make([]T, 0, (hi-lo)*3*grid*grid*grid), make([]T, 0, (hi-lo)*grid*grid)
	for s := lo; s < hi; s++ {
		seed := 0.16*float64(s) + 0.06*float64(step)
		slow := 0.0022 * (1 + 0.6*seed)
		for i := range 3 * grid * grid * grid {
			p := float64(i)
			x = append(x, T(wave(0.0175*p+seed)*wave(slow*p)+0.3*wave(p*p*1.6e-5)))
		}
		for i := range grid * grid {
			y = append(y, T(0.3*wave(0.008*float64(i)+seed)))
		}
	}
	return x, y
}

// wave is a parabola up and one down in a period of 1.
func wave(t float64) float64 {
	t -= math.Floor(t)
	if t < 0.5 {
		return 16 * t * (0.5 - t)
	}
	return -16 * (t - 0.5) * (1 - t)
}

// adam has the published constants where bits are compared. Elsewhere ε is above
// the rounding of gradients that are 0 by nature, those of biases in front of a
// batch normalisation: Adam divides them by themselves, and their steps would be
// the learning rate with the sign of the rounding.
func adam(fixed bool) optim.Options {
	if fixed {
		return optim.Options{}
	}
	return optim.Options{Eps: 1e-3}
}

// rate is small outside fixed mode: after a step values differ in their last bits,
// and sooner or later an activation falls on the other side of a rectifier's edge,
// where the gradient jumps. With batches of 2 none of 24 runs of three steps had
// that, with batches of 8 one of five.
func rate(fixed bool) float64 {
	if fixed {
		return 1e-3
	}
	return 1e-4
}

// learner is one rank of a run in a test.
type learner[T device.Float] struct {
	team  *Team[T]
	net   *emulator.Model[T]
	opt   *Optimizer[T]
	loss  *loss.FreqMSE
	total float64 // last loss, over all ranks
	place int     // whose samples it takes: its own
}

func newLearner[T device.Float](dev device.Device[T], c *mpiutil.Comm, o Options, clip float64) (*learner[T], error) {
	l := &learner[T]{place: c.Rank()}
	var err error
	if l.team, err = New(dev, c, o); err != nil {
		return nil, err
	}
	place := emulator.Placement[T]{Parts: l.team.Parts(), Neighbours: l.team.Neighbours()}
	if x := l.team.Exchange(); x != nil {
		place.Exchange = x
	}
	if l.net, err = emulator.NewPlaced(dev, shape(), place); err != nil {
		return nil, err
	}
	if err = l.net.Init(11); err != nil {
		return nil, err
	}
	if l.opt, err = NewOptimizer(l.team, l.net, adam(o.Fixed), clip); err != nil {
		return nil, err
	}
	l.loss, err = loss.NewFreqMSE(grid, grid, alpha, 1)
	return l, err
}

// pass runs forward and backward on a batch.
func (l *learner[T]) pass(step, batch int) error {
	l.team.Begin(batch)
	lo, hi := l.team.samples(l.place)
	x, y := samples[T](step, lo, hi)
	dev := l.net.Device()
	in := dev.Adopt(x)
	out := l.net.Forward(in, hi-lo, true)
	pred, grad := make([]T, len(y)), make([]T, len(y))
	dev.Download(pred, out)
	terms, err := loss.EvalPart(l.loss, pred, y, grad, batch*grid*grid)
	if err != nil {
		return err
	}
	l.net.Backward(dev.Adopt(grad))
	sum := []float64{terms.Total()}
	err = l.team.Sum(sum)
	l.total = sum[0]
	return err
}

// reduce completes the sums of all gradients.
func (l *learner[T]) reduce() error {
	for _, b := range l.opt.buckets {
		l.opt.finish(b)
	}
	return l.team.Err()
}

// step updates by gradients that are reduced.
func (l *learner[T]) step() {
	l.opt.steps++
	for _, b := range l.opt.buckets {
		l.opt.update(b, rate(l.team.opts.Fixed), l.opt.steps)
	}
}

// record is what a run gives: whole tensors by name.
type record[T device.Float] struct {
	gradients, values map[string][]T
	losses            []float64
}

// run makes steps on a comm and returns this rank's part of a record, NaN where
// another rank has the values.
func run[T device.Float](dev device.Device[T], c *mpiutil.Comm, o Options, batch, steps int, prepare func(l *learner[T])) (*record[T], error) {
	l, err := newLearner(dev, c, o, 0)
	if err != nil {
		return nil, err
	}
	if prepare != nil {
		prepare(l)
	}
	r := &record[T]{}
	for s := range steps {
		if err := l.pass(s, batch); err != nil {
			return nil, err
		}
		if err := l.reduce(); err != nil {
			return nil, err
		}
		if s == 0 {
			r.gradients = l.tensors(func(e *nn.Entry[T]) device.Buffer[T] { return e.Grad })
		}
		l.step()
		r.losses = append(r.losses, l.total)
	}
	r.values = l.tensors(func(e *nn.Entry[T]) device.Buffer[T] { return e.Value })
	return r, nil
}

func (l *learner[T]) tensors(of func(e *nn.Entry[T]) device.Buffer[T]) map[string][]T {
	all := map[string][]T{}
	for _, e := range l.net.Entries() {
		b := of(e)
		if b == nil {
			continue
		}
		whole := all[e.Name]
		if whole == nil {
			whole = make([]T, device.Volume(e.Whole()))
			for i := range whole {
				whole[i] = T(math.NaN())
			}
			all[e.Name] = whole
		}
		host := make([]T, b.Len())
		l.net.Device().Download(host, b)
		e.Stretches(func(at, from, n int) { copy(whole[from:from+n], host[at:at+n]) })
	}
	return all
}

// compare returns an error for the first tensor of a rank that is not that of the
// reference: bit by bit for a tolerance of 0, else in relative L2 norm, where the
// norm is at least that of its partner, for gradients three times that.
func compare[T device.Float](what string, got, want map[string][]T, tolerance float64) error {
	seen, floor := 0, 1.0
	if what == "gradient" {
		floor = 3
	}
	for name, w := range want {
		g := got[name]
		if g == nil {
			continue
		}
		var diff, norm float64
		for i := range g {
			if g[i] != g[i] { // of another rank
				continue
			}
			seen++
			d := float64(g[i]) - float64(w[i])
			diff += d * d
			norm += float64(w[i]) * float64(w[i])
		}
		diff, norm = math.Sqrt(diff), math.Sqrt(norm)
		limit := tolerance * norm
		if p := partner(name, what == "gradient"); p != name {
			limit = tolerance * max(norm, floor*length(want[p]))
		}
		if diff > limit {
			return fmt.Errorf("%s of %s: off by %.3g of %.3g", what, name, diff, norm)
		}
	}
	if seen < 1000 {
		return fmt.Errorf("%s: only %d values to compare", what, seen)
	}
	return nil
}

// inProcess runs f on ranks and fails the test on an error.
func inProcess(t *testing.T, ranks int, f func(c *mpiutil.Comm) error) {
	t.Helper()
	if err := mpiutil.InProcess(ranks, f); err != nil {
		t.Error(err)
	}
}

// whole is the network on one rank.
func whole() *emulator.Model[float32] {
	m, err := emulator.New(openCPU(), shape())
	if err != nil {
		panic(err)
	}
	return m
}

// some is the first n cases in short mode, which the race detector is run in, as
// it makes them fifteen times as slow; otherwise it is all.
func some[T any](n int, cases []T) []T {
	if testing.Short() {
		return cases[:min(n, len(cases))]
	}
	return cases
}
