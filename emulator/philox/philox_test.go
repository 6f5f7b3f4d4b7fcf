// SPDX-License-Identifier: BSD-3-Clause

package philox

import (
	"math"
	"testing"
)

// The known answers are those published with the generator (Random123 1.09,
// kat_vectors).
func TestKnownAnswers(t *testing.T) {
	const ones = 0xffffffff
	for _, c := range []struct {
		key           Key
		counter, want [4]uint32
	}{
		{Key{}, [4]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{Key{ones, ones}, [4]uint32{ones, ones, ones, ones}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{Key{0xa4093822, 0x299f31d0}, [4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := c.key.Block(c.counter); got != c.want {
			t.Errorf("key %x, counter %x: %x, want %x", c.key, c.counter, got, c.want)
		}
	}
}

// The mean and variance of a uniform variable are 1/2 and 1/12; the standard
// errors of 40,000 values are 0.0014 and 0.0004.
func TestUnitMoments(t *testing.T) {
	var sum, square float64
	const n = 10_000
	for i := range n {
		for _, w := range NewKey(7).Block([4]uint32{uint32(i)}) {
			u := Unit(w)
			if u <= 0 || u >= 1 {
				t.Fatalf("value %g outside (0, 1)", u)
			}
			sum += u
			square += (u - 0.5) * (u - 0.5)
		}
	}
	if mean := sum / (4 * n); math.Abs(mean-0.5) > 0.006 {
		t.Errorf("mean %g", mean)
	}
	if v := square / (4 * n); math.Abs(v-1.0/12) > 0.0016 {
		t.Errorf("variance %g", v)
	}
}
