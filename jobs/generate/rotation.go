// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/solver/rotation"
)

// rotation returns that of a sample: a function of the seed, the number of the
// model among those of its origin and that of the rotation alone.
func (s *scheme) rotation(sample int) rotation.Rotation {
	if s.kind() == dataset.FaceOn {
		return rotation.Identity()
	}
	d := s.cfg.Data
	number := sample / d.Rotations
	if i, is := s.snapshot(number); is {
		number = i
	}
	u := dataset.NewRandom(uint64(d.Seed), dataset.PurposeView, uint64(sample%d.Rotations), uint64(number))
	if s.quirks.AxisAngle {
		return rotation.AxisAngle(u)
	}
	return rotation.Uniform(u)
}
