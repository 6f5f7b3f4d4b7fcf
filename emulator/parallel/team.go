// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/mpiutil"
)

// Team is this rank among those that train a network together. It is used by the
// goroutine that may call MPI.
type Team[T device.Float] struct {
	dev   device.Device[T]
	opts  Options
	world *mpiutil.Comm // all ranks
	group *mpiutil.Comm // those that share the dense layers
	peers *mpiutil.Comm // those with the same shard, one of each group
	space *mpiutil.Comm // those that share the cubes of their samples

	total   int   // samples of the batch at hand, of all ranks
	err     error // first failure; nothing is sent after it
	traffic Traffic
	spent   time.Duration // inside communication
	doing   atomic.Pointer[string]

	fault fault[T]
}

// fault lets tests put a mistake where a sum over ranks is made; the zero value
// makes none.
type fault[T device.Float] struct {
	moments func(counts []int, slots [][]float64)
	slots   func(bounds []int) []int
	group   func(bounds []int) []int
	halo    func(from int, values []T)
}

// New joins the ranks of world in a mesh. All ranks call it with the same options.
func New[T device.Float](dev device.Device[T], world *mpiutil.Comm, o Options) (*Team[T], error) {
	var err error
	if o.Mesh, err = o.Mesh.Fill(world.Size()); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	t := &Team[T]{dev: dev, opts: o, world: world}
	place := world.Rank() % o.Mesh.Group()
	if t.group, err = world.Split(world.Rank()/o.Mesh.Group(), place); err != nil {
		return nil, err
	}
	if t.peers, err = world.Split(place, world.Rank()); err != nil {
		return nil, err
	}
	volume := o.Mesh.Space[0] * o.Mesh.Space[1] * o.Mesh.Space[2]
	t.space, err = world.Split(world.Rank()/volume, world.Rank())
	return t, err
}

// Mesh returns the mesh, zeros filled in.
func (t *Team[T]) Mesh() Mesh { return t.opts.Mesh }

// Rank is the number of this rank, 0 ≤ Rank < Size.
func (t *Team[T]) Rank() int { return t.world.Rank() }

// Size is the number of ranks.
func (t *Team[T]) Size() int { return t.world.Size() }

// Begin tells how many samples the next batch has, over all ranks. Rank r of R
// holds samples [n·r/R, n·(r+1)/R).
func (t *Team[T]) Begin(total int) { t.total = total }

// Err returns the first failure of a communication. It is final.
func (t *Team[T]) Err() error { return t.err }

// Parts is what the layers need when a batch is in parts; nil when it is not.
func (t *Team[T]) Parts() nn.Parts[T] {
	if t.Size() == 1 && !t.opts.Fixed {
		return nil
	}
	return parts[T]{t}
}

// samples is the range of samples of a rank.
func (t *Team[T]) samples(rank int) (lo, hi int) {
	return t.total * rank / t.Size(), t.total * (rank + 1) / t.Size()
}

// slotsOf returns the bounds of the slots of ranks from to to, counted from their
// first sample. In fast mode they are one slot.
func (t *Team[T]) slotsOf(from, to int) []int {
	n := 1
	if t.opts.Fixed {
		n = Slots / t.Size() * (to - from)
	}
	lo, _ := t.samples(from)
	_, hi := t.samples(to - 1)
	bounds := []int{0}
	for k := 1; k < n; k++ {
		first := from * Slots / t.Size()
		bounds = append(bounds, t.total*(first+k)/Slots-lo)
	}
	return append(bounds, hi-lo)
}

// communicate runs f unless something has failed before, takes its time and
// keeps its error.
func (t *Team[T]) communicate(f func() error) {
	if t.err != nil {
		return
	}
	start := time.Now()
	t.err = f()
	t.spent += time.Since(start)
	t.doing.Store(nil)
}

// during names what the next communication is for.
func (t *Team[T]) during(what string) { t.doing.Store(&what) }

// Doing says what the communication at hand is for, "" where nothing special. It
// may be called from any goroutine.
func (t *Team[T]) Doing() string {
	if what := t.doing.Load(); what != nil {
		return *what
	}
	return ""
}

// Spent returns the seconds inside communication since the last call.
func (t *Team[T]) Spent() float64 {
	s := t.spent.Seconds()
	t.spent = 0
	return s
}

// sum replaces x by its sum over the ranks of c.
func (t *Team[T]) sum(c *mpiutil.Comm, x []T) error {
	if t.opts.Fixed {
		return foldAll(c, x)
	}
	return mpiutil.Allreduce(c, x, x, mpiutil.Sum)
}

// Sum replaces values by their sums over all ranks, added up in rank order.
func (t *Team[T]) Sum(values []float64) error {
	all, err := t.Gather(values)
	if err != nil {
		return err
	}
	clear(values)
	for _, part := range all {
		for i, v := range part {
			values[i] += v
		}
	}
	return nil
}

// Gather returns on every rank the values of every rank, which are equally many.
func (t *Team[T]) Gather(values []float64) ([][]float64, error) {
	flat := make([]float64, len(values)*t.Size())
	t.communicate(func() error { return mpiutil.Allgather(t.world, values, flat) })
	all := make([][]float64, t.Size())
	for r := range all {
		all[r] = flat[r*len(values) : (r+1)*len(values)]
	}
	return all, t.err
}

// GatherBytes returns the bytes of every rank on rank 0, nil on the others.
func (t *Team[T]) GatherBytes(data []byte) (all [][]byte, err error) {
	t.communicate(func() error {
		all, err = mpiutil.GatherBytes(t.world, data, 0)
		return err
	})
	return all, t.err
}

// Agree returns an error on every rank if one of them has one.
func (t *Team[T]) Agree(err error) error {
	if t.err != nil {
		return errors.Join(err, t.err)
	}
	return mpiutil.Agree(t.world, err)
}

// onHost returns the values of a buffer, read when asked, and what writes them
// back. Buffers in the host's memory are used as they are.
func (t *Team[T]) onHost(b device.Buffer[T], read bool) (values []T, put func()) {
	if h, ok := b.(device.Host[T]); ok {
		return h, func() {}
	}
	values = make([]T, b.Len())
	if read {
		t.dev.Download(values, b)
	}
	return values, func() { t.dev.Upload(b, values) }
}

// Unify gives running statistics of rank 0 to all, where each rank has its own.
func (t *Team[T]) Unify(entries []*nn.Entry[T]) error {
	if !t.opts.LocalNorm || t.Size() == 1 {
		return t.err
	}
	for _, e := range entries {
		switch e.Kind {
		case nn.RunningMean, nn.RunningVar:
			values, put := t.onHost(e.Value, true)
			t.communicate(func() error { return mpiutil.Bcast(t.world, values, 0) })
			put()
		case nn.Counter:
			count := []int64{e.Count}
			t.communicate(func() error { return mpiutil.Bcast(t.world, count, 0) })
			e.Count = count[0]
		}
	}
	return t.err
}

// Owns tells whether this rank writes the values of an entry into checkpoints:
// rank 0 what all have, and the first group its shards.
func (t *Team[T]) Owns(e *nn.Entry[T]) bool {
	if e.Slice != nil {
		return t.Rank() < t.opts.Mesh.Group()
	}
	return t.Rank() == 0
}

// Sent returns the bytes that this rank has sent since the last call.
func (t *Team[T]) Sent() int64 { return t.Traffic().Total() }
