// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/emulator/optim"
	"github.com/columen/columen/mpiutil"
)

// Network is what an optimiser trains; *emulator.Model is one.
type Network[T device.Float] interface {
	Parameters() device.Buffer[T]
	Gradients() device.Buffer[T]
	Entries() []*nn.Entry[T]
	Hooks(ready, needed func(entries []*nn.Entry[T]), between func())
}

// Optimizer sums the gradients of all ranks, as soon as a backward pass has
// completed them, and makes steps of Adam. It keeps the gradients at zero between
// steps, as nn.Entry.Clear does.
type Optimizer[T device.Float] struct {
	team    *Team[T]
	dev     device.Device[T]
	net     Network[T]
	adam    *optim.Adam[T]
	clip    float64 // largest norm; 0 does not clip
	lazy    bool
	buckets []*bucket[T] // in the order of a backward pass
	of      map[*nn.Entry[T]][]*bucket[T]
	steps   int
	square  device.Buffer[T] // one value
	spent   time.Duration    // inside updates
}

// NewOptimizer returns an optimiser with moments of zero. The late update needs
// more than one group of ranks and no clipping; without it, it is off.
func NewOptimizer[T device.Float](t *Team[T], net Network[T], o optim.Options, clipNorm float64) (*Optimizer[T], error) {
	adam, err := optim.NewAdam(t.dev, net.Parameters(), net.Gradients(), o)
	if err != nil {
		return nil, err
	}
	if !(clipNorm >= 0) {
		return nil, fmt.Errorf("parallel: gradients clipped to norm %g; it must not be negative", clipNorm)
	}
	u := &Optimizer[T]{team: t, dev: t.dev, net: net, adam: adam, clip: clipNorm, square: t.dev.Alloc(1)}
	u.lazy = t.opts.Mesh.Data > 1 && clipNorm == 0 && !t.opts.Eager
	u.buckets, u.of = plan(net.Entries(), func(e *nn.Entry[T]) *mpiutil.Comm {
		if e.Slice != nil {
			return t.peers
		}
		return t.world
	})
	net.Hooks(u.ready, u.needed, u.progress)
	return u, nil
}

// Lazy tells whether dense layers are updated late.
func (u *Optimizer[T]) Lazy() bool { return u.lazy }

// ready counts the entries that a backward pass has completed, and starts the
// buckets that are.
func (u *Optimizer[T]) ready(entries []*nn.Entry[T]) {
	for _, e := range entries {
		for _, b := range u.of[e] {
			if b.missing--; b.missing == 0 {
				u.start(b)
			}
		}
	}
	u.progress()
}

// start begins to sum a bucket. In fixed mode the sum is made when it is needed.
func (u *Optimizer[T]) start(b *bucket[T]) {
	if b.comm.Size() == 1 || b.lo == b.hi {
		return
	}
	g := u.net.Gradients().Slice(b.lo, b.hi)
	u.team.traffic.Gradients += reduceBytes(b.comm.Size(), g.Len(), sizeOf[T]())
	h, ok := g.(device.Host[T])
	if !ok || u.team.opts.Fixed {
		return
	}
	u.team.communicate(func() (err error) {
		b.request, err = mpiutil.Iallreduce(b.comm, []T(h), mpiutil.Sum)
		return err
	})
}

// progress lets MPI work on what is in flight.
func (u *Optimizer[T]) progress() {
	for _, b := range u.buckets {
		if b.request == nil {
			continue
		}
		done := false
		u.team.communicate(func() (err error) {
			done, err = b.request.Test()
			return err
		})
		if done {
			b.request = nil
			continue
		}
		return
	}
}

// finish completes the sum of a bucket.
func (u *Optimizer[T]) finish(b *bucket[T]) {
	if b.comm.Size() == 1 || b.lo == b.hi {
		return
	}
	u.team.during(b.name)
	g := u.net.Gradients().Slice(b.lo, b.hi)
	if _, ok := g.(device.Host[T]); ok && !u.team.opts.Fixed {
		u.team.communicate(func() error { return b.request.Wait() })
		b.request = nil
		return
	}
	values, put := u.team.onHost(g, true)
	u.team.communicate(func() error { return u.team.sum(b.comm, values) })
	put()
}

// update makes the step of a bucket that is summed, and clears its gradients.
func (u *Optimizer[T]) update(b *bucket[T], rate float64, step int) {
	start := time.Now()
	u.adam.StepRange(rate, step, b.lo, b.hi)
	u.clear(b)
	u.spent += time.Since(start)
}

// clear makes the gradients of a bucket zero, to be completed again. Those of late
// entries are marked: all their buckets are cleared before the next backward pass.
func (u *Optimizer[T]) clear(b *bucket[T]) {
	if b.late {
		for _, e := range b.entries {
			e.Clear(u.dev)
		}
	} else {
		u.dev.Fill(u.net.Gradients().Slice(b.lo, b.hi), 0)
	}
	b.missing, b.owed = len(b.entries), false
}

// Step makes a step at a learning rate with the gradients of the last backward
// pass of all ranks, or owes it where the late update is on. It returns the norm
// of the gradients if they are clipped, else 0.
func (u *Optimizer[T]) Step(rate float64) (norm float64, err error) {
	u.steps++
	if u.clip > 0 {
		for _, b := range u.buckets {
			u.finish(b)
		}
		if norm, err = u.clipAll(); err != nil {
			u.steps--
			return norm, err
		}
	}
	for _, b := range u.buckets {
		if u.lazy && b.late {
			b.owed, b.rate, b.step = true, rate, u.steps
			continue
		}
		if u.clip == 0 {
			u.finish(b)
		}
		u.update(b, rate, u.steps)
		u.progress()
	}
	return norm, u.team.err
}

// Skip drops the gradients of the last backward pass of all ranks, reduced or not.
// What was owed before has been made by the forward pass in between.
func (u *Optimizer[T]) Skip() error {
	for _, b := range u.buckets {
		u.team.communicate(func() error { return b.request.Wait() })
		b.request = nil
		u.clear(b)
	}
	return errors.Join(u.team.err, u.dev.Sync())
}

// needed updates what a forward pass is about to read.
func (u *Optimizer[T]) needed(entries []*nn.Entry[T]) {
	for _, e := range entries {
		for _, b := range u.of[e] {
			u.settle(b)
		}
	}
}

// settle makes the step that a bucket is owed.
func (u *Optimizer[T]) settle(b *bucket[T]) {
	if b.owed {
		u.finish(b)
		u.update(b, b.rate, b.step)
		u.progress()
	}
}

// Flush makes all steps that are owed: values and moments are then those of the
// last step.
func (u *Optimizer[T]) Flush() error {
	for _, b := range u.buckets {
		u.settle(b)
	}
	return u.team.err
}

// Moments returns the first and second moments, laid out as the parameters.
func (u *Optimizer[T]) Moments() (first, second device.Buffer[T]) { return u.adam.Moments() }

// Resume continues as if so many steps had been made.
func (u *Optimizer[T]) Resume(steps int) error {
	u.steps = steps
	return u.adam.Resume(steps)
}

// Spent returns the seconds inside updates since the last call.
func (u *Optimizer[T]) Spent() float64 {
	s := u.spent.Seconds()
	u.spent = 0
	return s
}

// clipAll scales the summed gradients as optim.Clipper does and returns their
// norm. Each tensor counts once, a shard where it lies.
func (u *Optimizer[T]) clipAll() (float64, error) {
	squares, at, names := []float64{0}, 0, map[string]int{}
	for _, e := range u.net.Entries() {
		if !e.HasGradient() {
			continue
		}
		s := u.squareOf(at, at+e.Len())
		at += e.Len()
		if e.Slice == nil {
			squares[0] += s
			continue
		}
		if _, found := names[e.Name]; !found {
			names[e.Name] = len(squares)
			squares = append(squares, make([]float64, e.Slice.Of)...)
		}
		squares[names[e.Name]+e.Slice.Index] = s
	}
	u.team.communicate(func() error {
		return mpiutil.Allreduce(u.team.group, squares[1:], squares[1:], mpiutil.Sum)
	})
	var sum float64
	for _, s := range squares {
		sum += s
	}
	norm := math.Sqrt(sum)
	if err := u.dev.Sync(); err != nil {
		return norm, err
	}
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return norm, &optim.NormError{Norm: norm}
	}
	if scale := u.clip / (norm + 1e-6); scale < 1 {
		u.dev.Scale(T(scale), u.net.Gradients())
	}
	return norm, u.team.err
}

// squareOf is the sum of the squares of gradients lo to hi.
func (u *Optimizer[T]) squareOf(lo, hi int) float64 {
	var host [1]T
	u.dev.SumSquares(u.net.Gradients().Slice(lo, hi), u.square)
	u.dev.Download(host[:], u.square)
	return float64(host[0])
}
