// SPDX-License-Identifier: BSD-3-Clause

package evaluate

import (
	"math"
	"strconv"
)

// count is a number of images: +Inf when there is none, NaN when it is unknown.
type count float64

// String returns the number, "∞" or "unknown".
func (c count) String() string {
	switch x := float64(c); {
	case math.IsNaN(x):
		return "unknown"
	case math.IsInf(x, 1):
		return "∞"
	default:
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
}

// MarshalJSON writes the number, "infinity" or null.
func (c count) MarshalJSON() ([]byte, error) {
	switch x := float64(c); {
	case math.IsNaN(x):
		return []byte("null"), nil
	case math.IsInf(x, 1):
		return []byte(`"infinity"`), nil
	default:
		return strconv.AppendFloat(nil, x, 'f', -1, 64), nil
	}
}

// breakEven returns the number of images from which on the emulator costs no more
// than a solver, fixed + N·emulator ≤ N·solver, for what is spent before the
// first image and what each image costs [core seconds, I/O included]:
//
//	N = ⌈fixed/(solver − emulator)⌉
//
// It is infinite when an image of the emulator costs as much as the solver's or
// more, and NaN when any of them is not known.
func breakEven(fixed, solver, emulator float64) count {
	switch {
	case math.IsNaN(solver) || math.IsNaN(emulator):
		return count(math.NaN())
	case emulator >= solver: // whatever was spent before
		return count(math.Inf(1))
	}
	return count(math.Ceil(fixed / (solver - emulator)))
}

// cheapest returns the index of the offer of the lowest cost among those whose
// error is at most allowed, or −1 when there is none.
func cheapest(costs, errors []float64, allowed float64) int {
	best := -1
	for i, c := range costs {
		if errors[i] <= allowed && (best < 0 || c < costs[best]) {
			best = i
		}
	}
	return best
}
