// SPDX-License-Identifier: BSD-3-Clause

package dataset

import "github.com/columen/columen/emulator/philox"

// Purpose separates streams of random numbers that share seed, epoch and sample.
type Purpose uint8

// The purposes in use. Numbers are part of the definition of a run: they may
// be added to, never changed.
const (
	PurposeOrder   Purpose = 1 // Permutation
	PurposeAugment Purpose = 2 // the symmetry of a sample
	PurposeModel   Purpose = 3 // parameters of a generated model
	PurposeView    Purpose = 4 // direction of view of a generated sample

	PurposeFreshModel Purpose = 5 // parameters of a model that is made while training
	PurposeFreshView  Purpose = 6 // direction of view of a sample that is made while training
	PurposeMixture    Purpose = 7 // whether a sample of training is stored or made
)

// Random is a stream of random numbers that is a pure function of its key.
// It is a value: copies continue independently. A stream has 2³⁴ words.
type Random struct {
	key     philox.Key
	counter [4]uint32
	words   [4]uint32
	used    int // words already handed out; 4 means none are left
}

// NewRandom returns the stream of (seed, purpose, epoch, sample). Epochs count
// to 2³², samples to 2⁵⁶; both wrap beyond.
func NewRandom(seed uint64, p Purpose, epoch, sample uint64) *Random {
	return &Random{
		key:     philox.NewKey(seed),
		counter: [4]uint32{0, uint32(epoch), uint32(sample), uint32(p)<<24 | uint32(sample>>32)&0xffffff},
		used:    4,
	}
}

// Uint32 returns 32 random bits.
func (r *Random) Uint32() uint32 {
	if r.used == len(r.words) {
		r.words = r.key.Block(r.counter)
		r.counter[0]++
		r.used = 0
	}
	r.used++
	return r.words[r.used-1]
}

// Uint64 returns 64 random bits, the first word in the lower half; with it a
// Random is a math/rand/v2 Source.
func (r *Random) Uint64() uint64 {
	lo := uint64(r.Uint32())
	return uint64(r.Uint32())<<32 | lo
}

// Float64 returns a number in [0, 1), a multiple of 2⁻⁵³.
func (r *Random) Float64() float64 { return float64(r.Uint64()>>11) * 0x1p-53 }
