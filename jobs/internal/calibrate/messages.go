// SPDX-License-Identifier: BSD-3-Clause

package calibrate

import (
	"errors"
	"math"
	"slices"
	"time"

	"github.com/columen/columen/emulator/cost"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/mpiutil"
)

// Sizes of what is sent and computed.
const (
	small = 8       // bytes of a message that costs its latency
	large = 4 << 20 // bytes of one that costs its transfer
)

// bucketBytes is the size of the pieces that gradients are summed in (package
// parallel).
const bucketBytes = 25 << 20

// effort is how long a measurement may take.
type effort struct {
	trips                int           // of a message at most
	patience             time.Duration // that each measurement goes on for, about
	streamed             int           // parameters of an update
	sums, buckets, moves []int         // bytes of reductions, blocking and not, and of all-to-alls
}

// usual takes about two seconds. Gradients are reduced in one bucket and in three
// at once, which are larger than most caches, as those of a large network are.
func usual() effort {
	return effort{2000, 60 * time.Millisecond, 4 << 20,
		[]int{8, 1 << 10, 16 << 10, 256 << 10, 2 << 20}, []int{8, 64 << 10, 1 << 20, bucketBytes, 3 * bucketBytes}, []int{8, 16 << 10, 256 << 10, 4 << 20}}
}

// Messages measures messages between the ranks of comm, and by how much ranks of
// one machine slow each other down. All ranks call it, and get the same.
func Messages(comm *mpiutil.Comm, dev device.Device[float32]) (cost.Messages, cost.Sharing, error) {
	return messages(comm, dev, usual())
}

func messages(comm *mpiutil.Comm, dev device.Device[float32], e effort) (cost.Messages, cost.Sharing, error) {
	m := cost.Messages{Ranks: comm.Size()}
	alone := cost.Alone()
	if comm.Size() == 1 {
		return m, alone, nil
	}
	latency, err := trip(comm, small, e)
	if err != nil {
		return m, alone, err
	}
	whole, err := trip(comm, large, e)
	if err != nil {
		return m, alone, err
	}
	m.LatencySeconds, m.BytesPerSecond = latency, large/math.Max(whole-latency, 1e-12)
	if m.Sums, err = table(comm, e, e.sums, func(x []float32) error {
		return mpiutil.Allreduce(comm, x, x, mpiutil.Sum)
	}); err != nil {
		return m, alone, err
	}
	if m.Buckets, err = table(comm, e, e.buckets, reduction(comm)); err != nil {
		return m, alone, err
	}
	if m.Exchanges, err = table(comm, e, e.moves, exchange(comm)); err != nil {
		return m, alone, err
	}
	s, err := sharing(comm, dev, e)
	if err != nil {
		return m, s, err
	}
	m.HiddenShare, err = overlap(comm, dev, e, m.Buckets[len(m.Buckets)-1])
	if err != nil {
		return m, s, err
	}
	// What rank 0 measured holds for all.
	values := []float64{m.LatencySeconds, m.BytesPerSecond}
	if err := mpiutil.Bcast(comm, values, 0); err != nil {
		return m, s, err
	}
	m.LatencySeconds, m.BytesPerSecond = values[0], values[1]
	return m, s, m.Validate()
}

// reduction returns a sum in buckets that are all in flight.
func reduction(comm *mpiutil.Comm) func(x []float32) error {
	return func(x []float32) error {
		var requests []*mpiutil.Request
		for lo := 0; lo < len(x); lo += bucketBytes / 4 {
			r, err := mpiutil.Iallreduce(comm, x[lo:min(len(x), lo+bucketBytes/4)], mpiutil.Sum)
			if err != nil {
				return err
			}
			requests = append(requests, r)
		}
		return mpiutil.Waitall(requests...)
	}
}

// exchange returns an all-to-all in which each rank sends all of x to the others.
func exchange(comm *mpiutil.Comm) func(x []float32) error {
	var recv []float32
	return func(x []float32) error {
		q, r := comm.Size(), comm.Rank()
		out, in := make([]int, q), make([]int, q)
		at := 0
		for i := range q {
			if i != r {
				out[i] = len(x)*(at+1)/(q-1) - len(x)*at/(q-1)
				at++
			}
		}
		total := 0
		for i := range q { // what rank i sends here: its part of this rank's place among the others
			if place := r; i != r {
				if r > i {
					place--
				}
				in[i] = len(x)*(place+1)/(q-1) - len(x)*place/(q-1)
				total += in[i]
			}
		}
		if len(recv) < total {
			recv = make([]float32, total)
		}
		return mpiutil.Alltoallv(comm, x, out, recv[:total], in)
	}
}

// table takes the time of a collective at several sizes: the median of some
// attempts, of which the slowest rank counts.
func table(comm *mpiutil.Comm, e effort, sizes []int, do func(x []float32) error) ([]cost.Sum, error) {
	var list []cost.Sum
	for _, bytes := range sizes {
		x := make([]float32, bytes/4)
		attempt := func() (float64, error) {
			if err := comm.Barrier(); err != nil {
				return 0, err
			}
			start := time.Now()
			err := do(x)
			return time.Since(start).Seconds(), err
		}
		seconds, err := repeated(comm, e, bytes, attempt)
		if err != nil {
			return nil, err
		}
		t, err := slowest(comm, median(seconds))
		if err != nil {
			return nil, err
		}
		list = append(list, cost.Sum{Bytes: float64(bytes), Seconds: max(t, 1e-9)})
	}
	for i := len(list) - 2; i >= 0; i-- { // less never takes longer, but for other programs
		list[i].Seconds = min(list[i].Seconds, list[i+1].Seconds)
	}
	return list, nil
}

// repeated makes attempts on all ranks for about as long as patience lasts, after
// one that warms up, and returns their times.
func repeated(comm *mpiutil.Comm, e effort, bytes int, attempt func() (float64, error)) ([]float64, error) {
	least := 3
	if bytes < 1<<20 { // one that is interrupted must not count
		least = 9
	}
	var seconds []float64
	for n := least; len(seconds) < n; {
		start := time.Now()
		t, err := attempt()
		if err != nil {
			return nil, err
		}
		if seconds = append(seconds, t); len(seconds) != 2 {
			continue
		}
		whole, err := slowest(comm, time.Since(start).Seconds())
		if err != nil {
			return nil, err
		}
		n = min(e.trips, max(least, int(e.patience.Seconds()/max(whole, 1e-9)))) + 1
	}
	return seconds[1:], nil
}

// slowest is the largest of the values of all ranks.
func slowest(comm *mpiutil.Comm, t float64) (float64, error) {
	v := []float64{t}
	err := mpiutil.Allreduce(comm, v, v, mpiutil.Max)
	return v[0], err
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// trip returns half the time of the shortest round trip between rank 0 and the last
// rank [s], on rank 0.
func trip(comm *mpiutil.Comm, bytes int, e effort) (float64, error) {
	buf := make([]byte, bytes)
	last := comm.Size() - 1
	seconds, err := repeated(comm, e, bytes, func() (float64, error) {
		start := time.Now()
		var err error
		switch comm.Rank() {
		case 0:
			err = errors.Join(mpiutil.Send(comm, buf, last, 1), mpiutil.Recv(comm, buf, last, 2))
		case last:
			err = errors.Join(mpiutil.Recv(comm, buf, 0, 1), mpiutil.Send(comm, buf, 0, 2))
		}
		return time.Since(start).Seconds() / 2, err
	})
	if err != nil {
		return 0, err
	}
	return slices.Min(seconds), nil
}
