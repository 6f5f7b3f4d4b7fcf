// SPDX-License-Identifier: BSD-3-Clause

package samples

import (
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/solver/rotation"
)

// Draw is what a sample is made of: a model, and random numbers that are
// functions of a key.
type Draw struct {
	Model int             // which decides between winds and snapshots
	Wind  rotation.Source // of the parameters of a wind; snapshots have none
	View  rotation.Source // of the direction from which it is seen
}

// Draw returns that of a sample of the set: functions of the seed, the number of
// the model among those of its origin and that of the rotation alone.
func (s *Set) Draw(sample int) Draw {
	d := s.Config.Data
	model, number := sample/d.Rotations, sample/d.Rotations
	if i, is := s.Snapshot(model); is {
		number = i
	}
	return Draw{Model: model,
		Wind: dataset.NewRandom(uint64(d.Seed), dataset.PurposeModel, 0, uint64(number)),
		View: dataset.NewRandom(uint64(d.Seed), dataset.PurposeView, uint64(sample%d.Rotations), uint64(number)),
	}
}

// attemptShift leaves 2⁴⁸ samples to an epoch in the number of a stream.
const attemptShift = 48

// Fresh returns a draw that is in no set: sample i of an epoch of training, a
// function of (seed, epoch, i). A wind is one that nobody saw before; a snapshot
// is one of those for training, seen from another direction. Models of the
// training part follow each other in the order of its files, so that an epoch of
// as many samples has as many of each. Attempts count from 0, for draws that turn
// out to be outliers.
func (s *Set) Fresh(seed uint64, epoch int64, i, attempt int) Draw {
	of, key := s.stored[i%len(s.stored)], uint64(attempt)<<attemptShift|uint64(i)
	return Draw{Model: of / s.Config.Data.Rotations,
		Wind: dataset.NewRandom(seed, dataset.PurposeFreshModel, uint64(epoch), key),
		View: dataset.NewRandom(seed, dataset.PurposeFreshView, uint64(epoch), key),
	}
}

// rotation returns that of a draw.
func (s *Set) rotation(d Draw) rotation.Rotation {
	if s.Kind() == dataset.FaceOn {
		return rotation.Identity()
	}
	if s.Quirks.AxisAngle {
		return rotation.AxisAngle(d.View)
	}
	return rotation.Uniform(d.View)
}
