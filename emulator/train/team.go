// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"github.com/columen/columen/emulator/checkpoint"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/emulator/optim"
)

// Team is the ranks that train one network together, each with its samples of
// every batch: those that dataset.Loader gives its rank. Methods other than Rank,
// Size, Begin, Owns, Spent and Sent are collective.
type Team interface {
	checkpoint.Team
	// Begin tells how many samples the next batch has, over all ranks.
	Begin(total int)
	// Sum replaces values by their sums over all ranks, the same bits on all.
	Sum(values []float64) error
	// Gather returns on every rank the equally many values of all ranks.
	Gather(values []float64) ([][]float64, error)
	// Unify gives running statistics that may differ between ranks those of rank 0.
	Unify(entries []*nn.Entry[float32]) error
	// Owns tells whether this rank writes the values of an entry into checkpoints.
	Owns(e *nn.Entry[float32]) bool
	// Spent returns the seconds inside communication since the last call.
	Spent() float64
	// Sent returns the bytes that this rank has sent since the last call.
	Sent() int64
	// Err returns the first failure of a communication in a pass.
	Err() error
}

// Updater turns the gradients of all ranks into steps. Between steps it keeps the
// gradients at zero (nn.Entry.Clear). It may put off updates until values are needed.
type Updater interface {
	// Step makes a step at a learning rate and returns the norm of the gradients
	// if they are clipped, else 0.
	Step(rate float64) (norm float64, err error)
	// Skip drops the gradients of the last backward pass instead. It may follow a Step
	// that has failed with an *optim.NormError.
	Skip() error
	// Flush makes the updates that were put off.
	Flush() error
	// Moments returns the moments, laid out as the parameters.
	Moments() (first, second device.Buffer[float32])
	// Resume continues as if so many steps had been made.
	Resume(steps int) error
	// Spent returns the seconds inside updates since the last call.
	Spent() float64
}

// alone is the Team of one rank.
type alone struct{}

func (alone) Rank() int                                    { return 0 }
func (alone) Size() int                                    { return 1 }
func (alone) Agree(err error) error                        { return err }
func (alone) GatherBytes(data []byte) ([][]byte, error)    { return [][]byte{data}, nil }
func (alone) Begin(int)                                    {}
func (alone) Sum([]float64) error                          { return nil }
func (alone) Gather(values []float64) ([][]float64, error) { return [][]float64{values}, nil }
func (alone) Unify([]*nn.Entry[float32]) error             { return nil }
func (alone) Owns(*nn.Entry[float32]) bool                 { return true }
func (alone) Spent() float64                               { return 0 }
func (alone) Sent() int64                                  { return 0 }
func (alone) Err() error                                   { return nil }

// single is the Updater of one rank.
type single struct {
	dev     device.Device[float32]
	net     Network
	adam    *optim.Adam[float32]
	clipper *optim.Clipper[float32] // nil without clipping
	watch   stopwatch
}

func newSingle(dev device.Device[float32], net Network, o optim.Options, clipNorm float64) (*single, error) {
	s := &single{dev: dev, net: net}
	var err error
	if s.adam, err = optim.NewAdam(dev, net.Parameters(), net.Gradients(), o); err != nil {
		return nil, err
	}
	if clipNorm > 0 {
		s.clipper, err = optim.NewClipper(dev, clipNorm)
	}
	return s, err
}

// Step clips, steps and clears the gradients.
func (s *single) Step(rate float64) (norm float64, err error) {
	defer s.watch.run()()
	if s.clipper != nil {
		if norm, err = s.clipper.Clip(s.net.Gradients()); err != nil {
			return norm, err
		}
	}
	s.adam.Step(rate)
	s.clear()
	return norm, nil
}

// Skip clears the gradients.
func (s *single) Skip() error {
	s.clear()
	return s.dev.Sync()
}

func (s *single) clear() {
	for _, e := range s.net.Entries() {
		e.Clear(s.dev)
	}
}

// Flush has nothing to do.
func (s *single) Flush() error { return nil }

// Moments returns those of Adam.
func (s *single) Moments() (first, second device.Buffer[float32]) { return s.adam.Moments() }

// Resume counts on from a step.
func (s *single) Resume(steps int) error { return s.adam.Resume(steps) }

// Spent returns the seconds inside Step since the last call.
func (s *single) Spent() float64 { return s.watch.read() }
