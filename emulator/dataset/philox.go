// SPDX-License-Identifier: BSD-3-Clause

package dataset

import "math/bits"

// Philox4x32 is the counter-based generator Philox4x32-10 [Salmon et al. 2011,
// section 3.3]: ten rounds that map a counter to four random words under a key.
func Philox4x32(counter [4]uint32, key [2]uint32) [4]uint32 {
	const (
		m0, m1 = 0xD2511F53, 0xCD9E8D57 // multipliers, and the Weyl steps of the key
		w0, w1 = 0x9E3779B9, 0xBB67AE85
	)
	c, k0, k1 := counter, key[0], key[1]
	for range 10 {
		hi0, lo0 := bits.Mul32(m0, c[0])
		hi1, lo1 := bits.Mul32(m1, c[2])
		c = [4]uint32{hi1 ^ c[1] ^ k0, lo1, hi0 ^ c[3] ^ k1, lo0}
		k0 += w0
		k1 += w1
	}
	return c
}

// Purpose separates streams of random numbers that share seed, epoch and sample.
type Purpose uint8

// The purposes in use. Numbers are part of the definition of a run: they may
// be added to, never changed.
const (
	PurposeOrder   Purpose = 1 // Permutation
	PurposeAugment Purpose = 2 // the symmetry of a sample
	PurposeModel   Purpose = 3 // parameters of a generated model
	PurposeView    Purpose = 4 // direction of view of a generated sample
)

// Random is a stream of random numbers that is a pure function of its key.
// It is a value: copies continue independently. A stream has 2³⁴ words.
type Random struct {
	key     [2]uint32
	counter [4]uint32
	words   [4]uint32
	used    int // words already handed out; 4 means none are left
}

// NewRandom returns the stream of (seed, purpose, epoch, sample). Epochs count
// to 2³², samples to 2⁵⁶; both wrap beyond.
func NewRandom(seed uint64, p Purpose, epoch, sample uint64) *Random {
	return &Random{
		key:     [2]uint32{uint32(seed), uint32(seed >> 32)},
		counter: [4]uint32{0, uint32(epoch), uint32(sample), uint32(p)<<24 | uint32(sample>>32)&0xffffff},
		used:    4,
	}
}

// Uint32 returns 32 random bits.
func (r *Random) Uint32() uint32 {
	if r.used == len(r.words) {
		r.words = Philox4x32(r.counter, r.key)
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
