// SPDX-License-Identifier: BSD-3-Clause

// Package philox is the counter-based random generator Philox4x32-10: four
// 32-bit words as a pure function of a key and a counter, so that any value of
// any stream can be had without those before it and on any number of ranks.
//
// Reference: Salmon, Moraes, Dror & Shaw 2011, Parallel random numbers: as easy
// as 1, 2, 3, Proc. SC11, 16.
package philox

// Key selects a stream.
type Key [2]uint32

// NewKey returns the key of a seed.
func NewKey(seed uint64) Key { return Key{uint32(seed), uint32(seed >> 32)} }

// Block returns the four words at a counter.
func (k Key) Block(counter [4]uint32) [4]uint32 {
	c := counter
	for range 10 {
		p0, p1 := 0xD2511F53*uint64(c[0]), 0xCD9E8D57*uint64(c[2])
		c = [4]uint32{uint32(p1>>32) ^ c[1] ^ k[0], uint32(p1), uint32(p0>>32) ^ c[3] ^ k[1], uint32(p0)}
		k[0] += 0x9E3779B9
		k[1] += 0xBB67AE85
	}
	return c
}

// Unit maps a word to the open interval (0, 1), to one of 2²⁴ midpoints, which
// are exact in float32 after the usual shift to (−1, 1).
func Unit(word uint32) float64 { return (float64(word>>8) + 0.5) / (1 << 24) }
