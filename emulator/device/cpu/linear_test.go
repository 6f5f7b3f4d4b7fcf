// SPDX-License-Identifier: BSD-3-Clause

package cpu

import (
	"fmt"
	"math"
	"testing"

	"github.com/columen/columen/emulator/device"
)

func TestLinear(t *testing.T) {
	for i, c := range []struct{ batch, in, out int }{
		{1, 6144, 37}, {1, 4096, 66}, {1, 1, 1}, {1, 7, 5}, {1, 8, 4}, {1, 63, 9}, {1, 64, 3}, {1, 65, 2}, {1, 100, 13}, {1, 1000, 6},
		{2, 6144, 21}, {3, 4096, 18}, {2, 5, 3}, {3, 17, 4}, {4, 33, 7}, {5, 1030, 9}, {6, 64, 11}, {7, 2049, 5}, {8, 1024, 8},
		{16, 100, 6}, {24, 40, 5}, {25, 41, 10}, {28, 8, 4},
	} {
		for _, relu := range []bool{false, true} {
			x, w := numbers(t, c.batch*c.in, uint64(i)), numbers(t, c.out*c.in, 2)
			var bias []float32
			if relu {
				bias = numbers(t, c.out, 3)
			}
			want, sizes := make([]float64, c.batch*c.out), make([]float64, c.batch*c.out)
			twinLinear(0, c.out, c.out, c.in, c.batch, relu, wide(w), wide(x), wide(bias), want)
			twinLinear(0, c.out, c.out, c.in, c.batch, false, magnitudes(wide(w)), magnitudes(wide(x)), magnitudes(wide(bias)), sizes)
			y := fenced(t, c.batch*c.out)
			everywhere(t, func(t *testing.T, p *Pool) {
				clear(y)
				Linear(p, c.batch, c.in, c.out, relu, x, w, bias, y)
				near(t, fmt.Sprint(c, relu), y, want, sizes, c.in+1)
			})
		}
	}
}

// TestLinearBF16 holds the sum to float32 rounding for the rounded weights, and to the stated 2⁻⁹ Σ|x w| for the weights given.
func TestLinearBF16(t *testing.T) {
	for i, c := range []struct{ batch, in, out int }{{1, 4096, 30}, {1, 6144, 9}, {2, 77, 6}, {3, 64, 5}, {1, 1, 3}, {1, 2, 1}, {1, 63, 4}, {1, 131, 7}} {
		x, w, bias := numbers(t, c.batch*c.in, uint64(i)), numbers(t, c.out*c.in, 2), numbers(t, c.out, 3)
		exact, want, sizes := make([]float64, c.batch*c.out), make([]float64, c.batch*c.out), make([]float64, c.batch*c.out)
		half, rounded := make([]uint16, len(w)), make([]float64, len(w))
		BF16(NewPool(1), w, half)
		for j, h := range half {
			rounded[j] = float64(math.Float32frombits(uint32(h) << 16))
		}
		twinLinear(0, c.out, c.out, c.in, c.batch, false, wide(w), wide(x), wide(bias), exact)
		twinLinear(0, c.out, c.out, c.in, c.batch, false, rounded, wide(x), wide(bias), want)
		twinLinear(0, c.out, c.out, c.in, c.batch, false, magnitudes(rounded), magnitudes(wide(x)), magnitudes(wide(bias)), sizes)
		y := fenced(t, c.batch*c.out)
		everywhere(t, func(t *testing.T, p *Pool) {
			LinearBF16(p, c.batch, c.in, c.out, false, x, half, bias, y)
			near(t, fmt.Sprint(c), y, want, sizes, c.in+1)
			for j, v := range y {
				if d := math.Abs(float64(v) - exact[j]); d > sizes[j]/500 {
					t.Fatalf("%v: element %d off by %g of %g", c, j, d, sizes[j])
				}
			}
		})
	}
}

func TestBF16(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		bits uint32
		want uint16
	}{
		{0x3f800000, 0x3f80}, {0x3f807fff, 0x3f80}, {0x3f808000, 0x3f80}, {0x3f808001, 0x3f81}, {0x3f818000, 0x3f82}, {0xbf818000, 0xbf82},
		{0x7f800000, 0x7f80}, {0x7f7fffff, 0x7f80}, {0x7f800001, 0x7fc0}, {math.Float32bits(nan), 0x7fc0}, {1, 0},
	} {
		everywhere(t, func(t *testing.T, p *Pool) {
			var got [1]uint16
			BF16(p, []float32{math.Float32frombits(c.bits)}, got[:])
			if got[0] != c.want {
				t.Errorf("%#x rounds to %#x, want %#x", c.bits, got[0], c.want)
			}
		})
	}
}

func TestGemm(t *testing.T) {
	for i, s := range []Product{
		{M: 1, N: 1, K: 1}, {M: 6, N: 16, K: 8}, {M: 7, N: 17, K: 9}, {M: 13, N: 33, K: 300}, {M: 75, N: 530, K: 40}, {M: 150, N: 20, K: 70},
		{M: 5, N: 3, K: 0}, {M: 3, N: 70, K: 257}, {M: 100, N: 65, K: 1}, {M: 2, N: 5, K: 600}, {M: 11, N: 31, K: 64},
	} {
		a, b, c := numbers(t, s.M*s.K, uint64(i)), numbers(t, s.K*s.N, 2), numbers(t, s.M*s.N, 3)
		for kind := range 8 {
			s.TransposeA, s.TransposeB, s.Add = kind&1 != 0, kind&2 != 0, kind&4 != 0
			want, sizes := make([]float64, len(c)), make([]float64, len(c))
			for r := range s.M {
				for q := range s.N {
					at := r*s.N + q
					if s.Add {
						want[at], sizes[at] = float64(c[at]), math.Abs(float64(c[at]))
					}
					for k := range s.K {
						ia, ib := r*s.K+k, k*s.N+q
						if s.TransposeA {
							ia = k*s.M + r
						}
						if s.TransposeB {
							ib = q*s.K + k
						}
						v := float64(a[ia]) * float64(b[ib])
						want[at] += v
						sizes[at] += math.Abs(v)
					}
				}
			}
			got := fenced(t, len(c))
			everywhere(t, func(t *testing.T, p *Pool) {
				copy(got, c)
				Gemm(p, s, a, b, got)
				near(t, fmt.Sprintf("%+v", s), got, want, sizes, s.K+1)
			})
		}
	}
}

func TestLinearBackward(t *testing.T) {
	for i, c := range []struct{ batch, in, out int }{{1, 5, 3}, {3, 40, 70}, {16, 130, 37}, {2, 8, 8}} {
		x, w, dy := numbers(t, c.batch*c.in, uint64(i)), numbers(t, c.out*c.in, 2), numbers(t, c.batch*c.out, 3)
		w0, b0 := numbers(t, c.out*c.in, 4), numbers(t, c.out, 5)
		dx, sx := make([]float64, len(x)), make([]float64, len(x))
		dw, sw, db, sb := wide(w0), magnitudes(wide(w0)), wide(b0), magnitudes(wide(b0))
		for b := range c.batch {
			for o := range c.out {
				d := float64(dy[b*c.out+o])
				db[o] += d
				sb[o] += math.Abs(d)
				for k := range c.in {
					dx[b*c.in+k] += d * float64(w[o*c.in+k])
					sx[b*c.in+k] += math.Abs(d * float64(w[o*c.in+k]))
					dw[o*c.in+k] += d * float64(x[b*c.in+k])
					sw[o*c.in+k] += math.Abs(d * float64(x[b*c.in+k]))
				}
			}
		}
		gx, gw, gb := fenced(t, len(x)), fenced(t, len(w)), fenced(t, c.out)
		everywhere(t, func(t *testing.T, p *Pool) {
			copy(gw, w0)
			copy(gb, b0)
			LinearBackward(p, device.Linear{In: c.in, Out: c.out}, c.batch, x, w, dy, gx, gw, gb)
			near(t, fmt.Sprint(c, " dx"), gx, dx, sx, c.out)
			near(t, fmt.Sprint(c, " dw"), gw, dw, sw, c.batch+1)
			near(t, fmt.Sprint(c, " db"), gb, db, sb, c.batch+1)
		})
	}
}
