// SPDX-License-Identifier: BSD-3-Clause

package line

import (
	"fmt"
	"math"
)

const (
	tableMin     = 0.5     // lowest temperature of a table [K], a power of two
	tableMax     = 1 << 17 // end of a table [K], a power of two
	tableDegree  = 8       // of the polynomial in a bin
	logBinsFirst = 3       // 8 bins per octave to begin with
	logBinsLast  = 10      // 18·1024 bins of 9 coefficients: 1.3 MB, beyond every cache a core owns
	errorAim     = 1e-13   // bins are halved until the error is below this
	errorLimit   = 1e-12   // what logBinsLast must reach
)

// PartitionTable is the inverse partition function 1/Z(T) of a species as
// polynomials on bins of temperature. A vector kernel evaluates it in place of
// a sum of exponentials over all levels, which would be the larger part of the
// work per cell.
//
// Bins are equal in the floating-point representation of T, so that the index
// is a shift of its bits: every octave [2ᵏ, 2ᵏ⁺¹) holds 2^LogBins of equal width.
//
//	bits = Float64bits(T)
//	bin  = bits>>(52−LogBins) − Base
//	u    = 2f − 1, f ∈ [0,1) the fraction made by the 52−LogBins low bits
//	1/Z  = Σ_j Coef[bin·(Degree+1)+j] uʲ
type PartitionTable struct {
	TMin, TMax float64   // covered temperatures [TMin, TMax) [K], powers of two
	LogBins    uint      // log₂ of the number of bins per octave
	Degree     int       // of the polynomials
	Base       int       // index of the bin of TMin before subtraction
	Coef       []float64 // [bin][Degree+1], ascending powers of u
	ErrorMax   float64   // largest relative error found when building
}

// Contains reports whether the table covers temperature tK [K].
func (p *PartitionTable) Contains(tK float64) bool { return tK >= p.TMin && tK < p.TMax }

// Inverse returns 1/Z at temperature tK [K], or NaN where the table does not
// reach. It is the scalar twin of the vector kernel.
func (p *PartitionTable) Inverse(tK float64) float64 {
	if !p.Contains(tK) {
		return math.NaN()
	}
	bin, u := p.locate(tK)
	c := p.Coef[bin*(p.Degree+1):][:p.Degree+1]
	v := c[p.Degree]
	for j := p.Degree - 1; j >= 0; j-- {
		v = v*u + c[j]
	}
	return v
}

// Z returns the partition function at temperature tK [K], or NaN where the
// table does not reach.
func (p *PartitionTable) Z(tK float64) float64 { return 1 / p.Inverse(tK) }

// locate returns the bin of a covered temperature and the position in it.
func (p *PartitionTable) locate(tK float64) (bin int, u float64) {
	bits, low := math.Float64bits(tK), 52-p.LogBins
	fraction := float64(bits&(1<<low-1)) / float64(uint64(1)<<low)
	return int(bits>>low) - p.Base, 2*fraction - 1
}

// newPartitionTable tabulates 1/Z with as few bins as reach errorAim. It fails
// if even logBinsLast misses errorLimit.
func newPartitionTable(l levels) (*PartitionTable, error) {
	var p *PartitionTable
	for logBins := uint(logBinsFirst); logBins <= logBinsLast; logBins++ {
		p = &PartitionTable{TMin: tableMin, TMax: tableMax, LogBins: logBins, Degree: tableDegree}
		limit := errorAim
		if logBins == logBinsLast {
			limit = errorLimit
		}
		if p.fill(l, limit) {
			return p, nil
		}
	}
	return nil, fmt.Errorf("1/Z(T) reaches a relative error of %.1e with %d bins per octave of temperature; at most %.0e is allowed: look for a non-physical level energy or weight",
		p.ErrorMax, 1<<logBinsLast, errorLimit)
}

// fill computes all coefficients and the error. It gives up at the first bin
// whose error is above limit.
func (p *PartitionTable) fill(l levels, limit float64) bool {
	low := 52 - p.LogBins
	p.Base = int(math.Float64bits(p.TMin) >> low)
	bins := int(math.Float64bits(p.TMax)>>low) - p.Base
	p.Coef = make([]float64, bins*(p.Degree+1))
	matrix := interpolation()
	for bin := range bins {
		lo := math.Float64frombits(uint64(p.Base+bin) << low)
		hi := math.Float64frombits(uint64(p.Base+bin+1) << low)
		fit(p.Coef[bin*(p.Degree+1):][:p.Degree+1], matrix, l, lo, hi)
		p.ErrorMax = max(p.ErrorMax, p.check(l, lo, hi)) // NaN stays NaN
		if !(p.ErrorMax <= limit) {
			return false
		}
	}
	return true
}

// fit sets the coefficients of the polynomial that equals 1/Z at the Chebyshev
// nodes of [lo, hi]. The value at the middle is taken out first, so that the
// rounding of the change of basis scales with the variation over the bin.
func fit(coef []float64, matrix [][]float64, l levels, lo, hi float64) {
	middle := 1 / l.partition(lo+(hi-lo)/2)
	clear(coef)
	for k := range coef {
		v := 1/l.partition(lo+(hi-lo)*(1+node(k))/2) - middle
		for j := range coef {
			coef[j] += matrix[j][k] * v
		}
	}
	coef[0] += middle
}

// check returns the largest relative error in [lo, hi) at the ends and at the
// extrema of the first Chebyshev polynomial left out, T₉, which is where the
// error of the interpolation is largest [MH03 chapter 6].
func (p *PartitionTable) check(l levels, lo, hi float64) float64 {
	worst := 0.0
	for k := range p.Degree + 2 {
		u := math.Cos(math.Pi * float64(k) / float64(p.Degree+1))
		t := min(lo+(hi-lo)*(1+u)/2, math.Nextafter(hi, lo))
		worst = max(worst, math.Abs(p.Inverse(t)*l.partition(t)-1))
	}
	return worst
}

// node returns the k-th zero of T₉, the Chebyshev polynomial of degree
// tableDegree+1.
func node(k int) float64 { return math.Cos(math.Pi * (float64(k) + 0.5) / (tableDegree + 1)) }

// interpolation returns the matrix [power][node] from values at the nodes to
// the coefficients of the interpolating polynomial in powers of u. The
// Chebyshev coefficients of N values f are [MH03 chapter 6]
//
//	c_i = (2 − δ_{i0})/N Σ_k f_k T_i(u_k),
//
// and powers follow from T_{i+1} = 2u T_i − T_{i−1}.
func interpolation() [][]float64 {
	const n = tableDegree + 1
	var t [n][n]float64 // [degree of T][power]
	t[0][0], t[1][1] = 1, 1
	for i := 2; i < n; i++ {
		for j := range n {
			t[i][j] = -t[i-2][j]
			if j > 0 {
				t[i][j] += 2 * t[i-1][j-1]
			}
		}
	}
	m := make([][]float64, n)
	for j := range m {
		m[j] = make([]float64, n)
		for k := range n {
			for i := range n {
				scale := 2.0 / n
				if i == 0 {
					scale = 1.0 / n
				}
				m[j][k] += scale * math.Cos(float64(i)*math.Pi*(float64(k)+0.5)/n) * t[i][j]
			}
		}
	}
	return m
}
