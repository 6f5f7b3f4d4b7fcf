// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"math"
	"testing"
)

func TestRandomIsAFunctionOfItsKey(t *testing.T) {
	a, b := NewRandom(1, PurposeAugment, 2, 3), NewRandom(1, PurposeAugment, 2, 3)
	seen := map[uint64]bool{}
	for range 9 {
		v := a.Uint64()
		if v != b.Uint64() {
			t.Fatal("equal keys give different numbers")
		}
		seen[v] = true
	}
	for _, other := range []*Random{
		NewRandom(2, PurposeAugment, 2, 3), NewRandom(1<<32|1, PurposeAugment, 2, 3), NewRandom(1, PurposeModel, 2, 3),
		NewRandom(1, PurposeAugment, 3, 3), NewRandom(1, PurposeAugment, 2, 4), NewRandom(1, PurposeAugment, 2, 1<<32|3),
	} {
		for range 9 {
			if v := other.Uint64(); seen[v] {
				t.Errorf("word %x appears under two keys", v)
			} else {
				seen[v] = true
			}
		}
	}
}

func TestRandomIsUniform(t *testing.T) {
	const n, bins = 1 << 16, 64
	var count [bins]float64
	r, mean := NewRandom(7, PurposeModel, 0, 0), 0.0
	for range n {
		v := r.Float64()
		if v < 0 || v >= 1 {
			t.Fatalf("number %g outside [0, 1)", v)
		}
		mean += v / n
		count[int(v*bins)]++
	}
	chi2 := 0.0
	for _, c := range count {
		chi2 += (c - n/bins) * (c - n/bins) / (n / bins)
	}
	// 63 degrees of freedom: mean 63, standard deviation 11.2.
	if chi2 > 63+5*11.3 || math.Abs(mean-0.5) > 5/math.Sqrt(12*n) {
		t.Errorf("chi² = %.1f for 63 degrees of freedom, mean %.4f", chi2, mean)
	}
}

func TestPermutationVisitsEverySampleOnce(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 63, 64, 65, 100, 255, 256, 257, 1000, 1021, 4096, 4097, 20011} {
		epochs := 5
		if n > 10000 {
			epochs = 1
		}
		for epoch := range uint64(epochs) {
			for _, seed := range []uint64{0, 1234, 1 << 63} {
				p := NewPermutation(n, seed, epoch)
				seen := make([]bool, n)
				for i := range n {
					s := p.At(i)
					if s < 0 || s >= n || seen[s] {
						t.Fatalf("n %d, seed %d, epoch %d: position %d gives %d, which is outside or came before", n, seed, epoch, i, s)
					}
					seen[s] = true
					if back := p.Position(s); back != i {
						t.Fatalf("n %d, seed %d, epoch %d: sample %d is at %d: Position says %d", n, seed, epoch, s, i, back)
					}
				}
			}
		}
	}
}

// Over many epochs every sample must be equally likely at every place, and
// neighbours must not stay neighbours.
func TestPermutationShuffles(t *testing.T) {
	for _, n := range []int{2, 3, 5, 12, 40} {
		const epochs = 4000
		count := make([]float64, n*n)
		stay := 0.0
		for epoch := range uint64(epochs) {
			p := NewPermutation(n, 99, epoch)
			for i := range n {
				count[i*n+p.At(i)]++
				if i > 0 && p.At(i) == p.At(i-1)+1 {
					stay++
				}
			}
		}
		chi2, want := 0.0, float64(epochs)/float64(n)
		for _, c := range count {
			chi2 += (c - want) * (c - want) / want
		}
		freedom := float64((n - 1) * (n - 1))
		if chi2 > freedom+6*math.Sqrt(2*freedom) {
			t.Errorf("n %d: chi² = %.1f for %g degrees of freedom", n, chi2, freedom)
		}
		// A random permutation has (n−1)/n such pairs.
		if mean := stay / epochs; math.Abs(mean-float64(n-1)/float64(n)) > 0.1 {
			t.Errorf("n %d: %.3f neighbours stay neighbours on average: want %.3f", n, mean, float64(n-1)/float64(n))
		}
	}
}

func TestPermutationChangesWithSeedAndEpoch(t *testing.T) {
	const n = 1000
	base := NewPermutation(n, 1, 0)
	for _, other := range []Permutation{NewPermutation(n, 2, 0), NewPermutation(n, 1, 1), NewPermutation(n, 1<<40|1, 0)} {
		same := 0
		for i := range n {
			if base.At(i) == other.At(i) {
				same++
			}
		}
		if same > 10 { // one expected
			t.Errorf("%d of %d samples are at the same place", same, n)
		}
	}
	// The order of a data set of the published size, as a golden value.
	if p := NewPermutation(2175000, 1234, 7); p.Position(p.At(2174999)) != 2174999 {
		t.Error("no bijection at the published size")
	}
}

func TestSplitHasTheFractionsAsked(t *testing.T) {
	for _, n := range []int{0, 1, 10, 997} {
		parts, err := Split(n, 1234, 0.1, 0.2)
		must(t, err)
		count := map[Part]int{}
		for _, p := range parts {
			count[p]++
		}
		v, test := int(math.Round(0.1*float64(n))), int(math.Round(0.2*float64(n)))
		if len(parts) != n || count[Validation] != v || count[Test] != test || count[Train] != n-v-test {
			t.Errorf("%d models are split into %v: want %d for validation and %d for test", n, count, v, test)
		}
	}
	a, _ := Split(997, 1, 0, 0.2)
	b, _ := Split(997, 2, 0, 0.2)
	both := 0
	for i := range a {
		if a[i] == Test && b[i] == Test {
			both++
		}
	}
	if both > 80 { // 40 expected
		t.Errorf("two seeds share %d of 199 held-out models", both)
	}
	_, err := Split(10, 1, 0.5, 0.5)
	mentions(t, "nothing to train on", err, "0.5")
}

func BenchmarkPermutation(b *testing.B) {
	p := NewPermutation(2175000, 1234, 7)
	for i := range b.N {
		p.At(i % 2175000)
	}
}
