// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"errors"
	"fmt"
	"math"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/emulator/optim"
)

// Batches gives out the samples of steps ahead of their use; *dataset.Loader does.
type Batches interface {
	// Next returns the next batch, which is valid until the next call. An error is
	// final.
	Next() (*dataset.Batch, error)
	// Effort returns that of whoever reads or makes the samples since the last call.
	Effort() dataset.Effort
	// Close ends it.
	Close()
}

// Network is what can be trained; *emulator.Model[float32] is one.
type Network interface {
	Forward(x device.Buffer[float32], batch int, train bool) device.Buffer[float32]
	Backward(dy device.Buffer[float32])
	Parameters() device.Buffer[float32]
	Gradients() device.Buffer[float32]
	Entries() []*nn.Entry[float32]
	// FreezeStatistics has batch normalisation use the running statistics.
	FreezeStatistics(frozen bool)
}

// Data are the samples to learn from and those to look at in between.
type Data struct {
	Train, Validation dataset.Source
	Shape             dataset.Shape
	Normalization     dataset.Normalization
}

// Options say how to train.
type Options struct {
	Dir    string // folder of the run
	Digest string // of everything that must not change when a run continues
	Keep   int    // newest checkpoints to keep beside the best; 0 keeps all
	Every  int    // epochs between checkpoints; 0 means 1

	// EverySteps is the number of steps between checkpoints inside epochs. 0 chooses
	// it by the mean time between failures of all machines of the run, MTBF [s], and
	// what a checkpoint costs, or writes none if MTBF is 0 too.
	EverySteps int
	MTBF       float64

	// Behind writes checkpoints while training goes on, from a copy of the values
	// that the rank writes.
	Behind bool

	Epochs          int
	BatchSize       int
	ValidationBatch int // samples per batch of validation; 0 means BatchSize
	Seed            uint64
	Augment         bool
	Alpha           float64 // weight of the MSE in the loss
	Relative        float64 // weight of the relative error, which is added to it; 0 leaves it out
	ClipNorm        float64 // largest norm of the gradients; 0 does not clip
	Patience        int     // epochs without a better validation before the end; 0 waits for ever
	FreezeFrom      int     // epoch from which batch normalisation uses the running statistics; 0 means never
	PerStep         bool    // the schedule counts steps, not epochs

	Guard Guard // against losses that are wrong

	// Team and Updater are those of a run on several ranks, made for the same
	// network, optimiser and clipping; nil for one rank.
	Team    Team
	Updater Updater

	Optimizer optim.Options
	Schedule  optim.ScheduleOptions

	// Block is what a rank reads where it has only a block of each cube, of a network
	// that takes blocks; nil for whole cubes. The sources are then BlockSources.
	Block *dataset.Block

	Threads  int // of the loss; 0 means 1
	Prefetch int // batches read ahead; 0 means 2
	Workers  int // goroutines that read; 0 means 1

	// Batches, if not nil, begins the batches that a loader with these options would
	// give from Data.Train, which is not used then: others make the samples, in so
	// many goroutines.
	Batches func(dataset.LoaderOptions) (Batches, error)
	Makers  int

	// Skipped, if not nil, is told of checkpoints that are newer than the one that
	// the run continues from, but not whole.
	Skipped func(error)

	// CoreSeconds, if not nil, returns the processor time so far, for the history.
	CoreSeconds func() float64

	// Report, if not nil, is told of every epoch, and Tick of every step of an
	// epoch of so many samples.
	Report func(Epoch)
	Tick   func(samples int)

	// Passed, if not nil, is told of batches that are passed over.
	Passed func(Incident)

	// Paced, if not nil, is told of the steps between checkpoints that were chosen, for
	// what a checkpoint and a step cost [s].
	Paced func(steps int64, costS, stepS float64)

	// At, if not nil, is told where the run is: the steps made and the phase of the
	// next one.
	At func(step int64, phase string)
}

// Validate says which option is out of its range.
func (o *Options) Validate() error {
	switch {
	case o.Dir == "":
		return errors.New("train: no folder for the run")
	case o.Epochs < 1 || o.BatchSize < 1 || o.ValidationBatch < 0:
		return fmt.Errorf("train: %d epochs, batches of %d and %d samples: want at least 1 each", o.Epochs, o.BatchSize, o.ValidationBatch)
	case !(o.Relative >= 0) || math.IsInf(o.Relative, 0):
		return fmt.Errorf("train: relative = %g: want a number ≥ 0", o.Relative)
	case !(o.Alpha >= 0 && o.Alpha <= 1):
		return fmt.Errorf("train: alpha = %g: want a number from 0 to 1", o.Alpha)
	case !(o.ClipNorm >= 0):
		return fmt.Errorf("train: clip norm %g: want a number ≥ 0", o.ClipNorm)
	case !(o.MTBF >= 0):
		return fmt.Errorf("train: %g s between failures: want a number ≥ 0", o.MTBF)
	case o.Keep < 0 || o.Every < 0 || o.EverySteps < 0 || o.Patience < 0:
		return fmt.Errorf("train: keep %d checkpoints, one every %d epochs and %d steps, patience of %d epochs: want none negative", o.Keep, o.Every, o.EverySteps, o.Patience)
	}
	return errors.Join(o.Guard.validate(), o.Optimizer.Validate())
}
