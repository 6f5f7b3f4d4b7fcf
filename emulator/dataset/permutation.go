// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/columen/columen/emulator/philox"
)

// Permutation is the order of an epoch: a bijection of [0, n) that is computed
// point by point in O(1) time and no memory.
//
// A Feistel network of six rounds permutes [0, 4ʰ), the smallest such range
// that holds n, with the first word of Philox4x32-10 as its round function. A place
// that maps outside [0, n) is mapped again until it falls inside [cycle
// walking, Black & Rogaway 2002]: less than four times on average.
type Permutation struct {
	n     uint64
	half  uint // h: bits in each half of the Feistel network
	key   philox.Key
	epoch uint64
}

// feistelRounds: four rounds make a network of random functions a strong
// pseudo-random permutation [Luby & Rackoff 1988], but only for large domains.
// Below a hundred samples four are measurably biased, six are not.
const feistelRounds = 6

// NewPermutation returns the order of n ≥ 1 samples in an epoch. Epochs are
// counted modulo 2³².
func NewPermutation(n int, seed, epoch uint64) Permutation {
	if n < 1 {
		panic(fmt.Sprintf("dataset: permutation of %d samples", n))
	}
	return Permutation{
		n:     uint64(n),
		half:  max(1, (uint(bits.Len64(uint64(n)-1))+1)/2),
		key:   philox.NewKey(seed),
		epoch: epoch,
	}
}

// Len returns the number of samples.
func (p Permutation) Len() int { return int(p.n) }

// At returns the sample at a position in [0, Len()).
func (p Permutation) At(position int) int {
	p.check(position)
	x := uint64(position)
	for {
		if x = p.forward(x); x < p.n {
			return int(x)
		}
	}
}

// Position returns the place of a sample: the inverse of At.
func (p Permutation) Position(sample int) int {
	p.check(sample)
	x := uint64(sample)
	for {
		if x = p.backward(x); x < p.n {
			return int(x)
		}
	}
}

func (p Permutation) check(i int) {
	if uint64(i) >= p.n {
		panic(fmt.Sprintf("dataset: position %d in an epoch of %d samples", i, p.n))
	}
}

func (p Permutation) forward(x uint64) uint64 {
	mask := uint64(1)<<p.half - 1
	left, right := x>>p.half, x&mask
	for round := range uint32(feistelRounds) {
		left, right = right, left^p.round(round, right)&mask
	}
	return left<<p.half | right
}

func (p Permutation) backward(x uint64) uint64 {
	mask := uint64(1)<<p.half - 1
	left, right := x>>p.half, x&mask
	for round := range uint32(feistelRounds) {
		left, right = right^p.round(feistelRounds-1-round, left)&mask, left
	}
	return left<<p.half | right
}

// round is the Feistel function: halves have at most 32 bits, and every
// combination of size, epoch and round has counters of its own.
func (p Permutation) round(round uint32, x uint64) uint64 {
	w := p.key.Block([4]uint32{uint32(x), uint32(p.epoch), uint32(p.n), uint32(PurposeOrder)<<24 | uint32(p.n>>32)&0xffff<<8 | round})
	return uint64(w[0])
}

// splitEpoch keys the permutation that splits a data set; no epoch of a
// training run has its number.
const splitEpoch = 1<<32 - 1

// Split assigns a part to each of n models (or samples, as published): the given
// fractions of them, rounded, to validation and test, and the rest to training.
// The choice is random under the seed.
func Split(n int, seed uint64, validation, test float64) ([]Part, error) {
	if !(validation >= 0 && test >= 0 && validation+test < 1) {
		return nil, fmt.Errorf("fractions %g for validation and %g for test: want none negative and a sum below 1", validation, test)
	}
	parts := make([]Part, n)
	if n == 0 {
		return parts, nil
	}
	forValidation := int(math.Round(validation * float64(n)))
	forTest := int(math.Round(test * float64(n)))
	order := NewPermutation(n, seed, splitEpoch)
	for i := range parts {
		switch place := order.Position(i); {
		case place < forValidation:
			parts[i] = Validation
		case place < forValidation+forTest:
			parts[i] = Test
		default:
			parts[i] = Train
		}
	}
	return parts, nil
}
