// SPDX-License-Identifier: BSD-3-Clause

package cost

import (
	"fmt"
	"math/bits"
)

// Wires is what messages between ranks cost [s].
type Wires interface {
	// Allreduce is the sum of so many bytes over so many ranks, for which all wait.
	Allreduce(ranks int, bytes float64) float64
	// Gradients is the sum of gradients, in buckets that are in flight together, if
	// no computing runs beside it.
	Gradients(ranks int, bytes float64) float64
	// Exchange is an all-to-all in which each rank sends so many bytes.
	Exchange(ranks int, bytes float64) float64
	// Hidden is the share of a sum of gradients that computing beside it hides.
	Hidden() float64
}

// Messages are measured times of messages. It is a Wires.
type Messages struct {
	LatencySeconds float64 `json:"latency_seconds"` // of one message
	BytesPerSecond float64 `json:"bytes_per_second"`
	Ranks          int     `json:"ranks"`     // of the sums below
	Sums           []Sum   `json:"sums"`      // blocking, by increasing size
	Buckets        []Sum   `json:"buckets"`   // non-blocking, all at once, nothing beside them
	Exchanges      []Sum   `json:"exchanges"` // all-to-alls, by the bytes that a rank sends
	HiddenShare    float64 `json:"hidden_share"`
}

// Sum is the time of an all-reduce or all-to-all.
type Sum struct {
	Bytes   float64 `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

// Validate returns an error for times that are no times.
func (m Messages) Validate() error {
	if m.LatencySeconds < 0 || !(m.BytesPerSecond > 0) || m.HiddenShare < 0 || m.HiddenShare > 1 {
		return fmt.Errorf("cost: messages of latency %g s, %g bytes/s, hidden share %g: want no negative time, a positive rate, a share from 0 to 1", m.LatencySeconds, m.BytesPerSecond, m.HiddenShare)
	}
	for _, list := range [][]Sum{m.Sums, m.Buckets, m.Exchanges} {
		for i, s := range list {
			if !(s.Seconds > 0) || i > 0 && !(s.Bytes > list[i-1].Bytes) || m.Ranks < 2 {
				return fmt.Errorf("cost: a sum of %g bytes over %d ranks in %g s: want positive times on 2 ranks at least, by increasing size", s.Bytes, m.Ranks, s.Seconds)
			}
		}
	}
	return nil
}

// steps is 2·⌈log₂q⌉ and volume 2·(q − 1)/q of the package documentation.
func stages(q int) (steps, parts float64) {
	return 2 * float64(bits.Len(uint(q-1))), 2 * float64(q-1) / float64(q)
}

// Allreduce follows the measured sums, or latency and rate where there are none.
func (m Messages) Allreduce(ranks int, bytes float64) float64 { return m.sum(m.Sums, ranks, bytes) }

// Gradients follows the measured buckets.
func (m Messages) Gradients(ranks int, bytes float64) float64 { return m.sum(m.Buckets, ranks, bytes) }

// Exchange follows the measured all-to-alls, whose first gives the latency.
func (m Messages) Exchange(ranks int, bytes float64) float64 {
	if ranks < 2 {
		return 0
	}
	if len(m.Exchanges) > 0 {
		latency := m.Exchanges[0].Seconds
		return latency*float64(ranks-1)/float64(m.Ranks-1) + max(0, interpolate(m.Exchanges, bytes)-latency)
	}
	return float64(ranks-1)*m.LatencySeconds + bytes/m.BytesPerSecond
}

// Hidden is the measured share.
func (m Messages) Hidden() float64 { return m.HiddenShare }

// sum splits what was measured into latency and transfer at the sizes around
// bytes, and takes as many of each as other ranks have.
func (m Messages) sum(table []Sum, ranks int, bytes float64) float64 {
	if ranks < 2 || bytes <= 0 {
		return 0
	}
	steps, parts := stages(ranks)
	if len(table) == 0 {
		return steps*m.LatencySeconds + parts*bytes/m.BytesPerSecond
	}
	steps0, parts0 := stages(m.Ranks)
	latency := table[0].Seconds
	transfer := interpolate(table, bytes) - latency
	return latency*steps/steps0 + max(0, transfer)*parts/parts0
}

// interpolate is linear between sizes, and proportional beyond the last; below the
// first it is constant.
func interpolate(table []Sum, bytes float64) float64 {
	if bytes <= table[0].Bytes {
		return table[0].Seconds
	}
	for i := 1; i < len(table); i++ {
		a, b := table[i-1], table[i]
		if bytes <= b.Bytes {
			return a.Seconds + (bytes-a.Bytes)/(b.Bytes-a.Bytes)*(b.Seconds-a.Seconds)
		}
	}
	last := table[len(table)-1]
	return last.Seconds * bytes / last.Bytes
}
