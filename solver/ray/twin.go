// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"math"

	"github.com/columen/columen/solver/grid"
)

// twin is the kernel in scalar Go: it computes in float64 whatever T is, uses
// the mathematical functions of the standard library and leaves nothing out.
type twin[T grid.Float] struct {
	m       Medium
	offsets []float64
	lim     Limits
	nodes   []node
}

// node is what a segment needs to know of one of its ends.
type node struct {
	a float64 // opacity at line centre [1/m]
	u float64 // offset of the line centre [m/s]
	r float64 // 1/(Doppler width), for offsets in the frame of the observer [s/m]
	s float64 // source function
}

func newTwin[T grid.Float](m Medium, offsets []float64, lim Limits) *twin[T] {
	return &twin[T]{m: m, offsets: offsets, lim: lim, nodes: make([]node, lim.MaxCells+2)}
}

func (k *twin[T]) Name() string { return "twin" }

func (k *twin[T]) Integrate(row *Row[T], out *Result[T]) (Light, error) {
	check(row, out, len(k.offsets), k.lim)
	var light Light
	for r := 0; r < row.Rays; r++ {
		nodes, err := k.fill(row, r, &light)
		if err != nil {
			return Light{}, err
		}
		for f, x := range k.offsets {
			from := 0
			for p, end := range row.Ends {
				t, e := k.path(row, nodes, from, int(end), x)
				i := p*out.StridePiece + f*out.StrideChannel + r*out.StrideRay
				out.Transmission[i], out.Emission[i] = T(t), T(e)
				from = int(end)
			}
		}
	}
	return light, nil
}

// cell reads one cell; c may be one beyond either end of the row's own cells.
func (row *Row[T]) cell(r, c int) (n, t, v, w float64) {
	i := row.Origin + r*row.Across + c*row.Step
	return float64(row.Density[i]), float64(row.Temperature[i]), row.VelocitySign * float64(row.Velocity[i]), float64(row.Turbulence[i])
}

// refuse returns an error if the cell's values are outside the formulas.
func (row *Row[T]) refuse(r, c int, tMin, tMax, light float64) error {
	n, t, v, w := row.cell(r, c)
	e := refuse(n, t, v, w, tMin, tMax, light)
	if e == nil {
		return nil
	}
	e.Ray, e.Cell = r, c
	if e.Field == "velocity" {
		e.Value *= row.VelocitySign
	}
	return e
}

// refuse tells which of a cell's fields is outside the formulas, nil if none is.
func refuse(n, t, v, w, tMin, tMax, light float64) *CellError {
	e := func(field string, value float64, allowed string) *CellError {
		return &CellError{Field: field, Value: value, Allowed: allowed}
	}
	switch {
	case !(n >= 0 && n < 1e300):
		return e("density", n, "a finite value, not negative (a negative opacity is a maser, which is not solved)")
	case !(t >= tMin && t < tMax):
		return e("temperature", t, tempRange(tMin, tMax))
	case !(math.Abs(v) < 0.1*light):
		return e("velocity", v, "below a tenth of the speed of light")
	case !(w >= 0 && w < 0.1*light):
		return e("v_turb", w, "not negative and below a tenth of the speed of light")
	}
	return nil
}

// fill computes the nodes of ray r.
func (k *twin[T]) fill(row *Row[T], r int, light *Light) ([]node, error) {
	nodes := k.nodes[:0]
	z := k.m.InversePartition
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, x := range k.offsets {
		lo, hi = min(lo, x), max(hi, x)
	}
	if row.NearFace {
		nodes = append(nodes, k.node(row.face(r, 0, 1, z.TMin, z.TMax)))
	}
	for c := 0; c < row.Cells; c++ {
		if err := row.refuse(r, c, z.TMin, z.TMax, k.m.SpeedOfLight); err != nil {
			return nil, err
		}
		n, t, v, w := row.cell(r, c)
		d := k.node(n, t, v, w)
		nodes = append(nodes, d)
		if c < row.Cells-1 || row.FarFace {
			l := d.a * d.s / d.r * row.CellLength
			light.Total += l
			if d.u < lo-1/d.r || d.u > hi+1/d.r {
				light.Outside += l
			}
		}
	}
	if row.FarFace {
		nodes = append(nodes, k.node(row.face(r, row.Cells-1, row.Cells-2, z.TMin, z.TMax)))
	}
	return nodes, nil
}

// face extrapolates linearly from the centres of cells c and inner to the face
// of c that is away from inner.
func (row *Row[T]) face(r, c, inner int, tMin, tMax float64) (n, t, v, w float64) {
	n, t, v, w = row.cell(r, c)
	if row.Single {
		return n, t, v, w
	}
	n1, t1, v1, w1 := row.cell(r, inner)
	n = max(1.5*n-0.5*n1, 0.1*n)
	t = min(max(1.5*t-0.5*t1, 0.1*t, tMin), 0.999*tMax)
	return n, t, 1.5*v - 0.5*v1, max(1.5*w-0.5*w1, 0)
}

// node applies the formulas of doc.go to the fields at one place.
func (k *twin[T]) node(n, t, v, w float64) node {
	beta := math.Sqrt(k.m.ThermalFactor*t + w*w)
	g := 1 + v/k.m.SpeedOfLight
	gap := -math.Expm1(-k.m.GapK / t)
	return node{
		a: k.m.OpacityFactor * n * k.m.InversePartition.Inverse(t) * math.Exp(-k.m.LowerK/t) * gap / beta,
		u: -v / g,
		r: g / beta,
		s: k.m.SourceFactor / math.Expm1(k.m.GapK/t),
	}
}

// path integrates segments [from, to) at offset x.
func (k *twin[T]) path(row *Row[T], nodes []node, from, to int, x float64) (t, e float64) {
	t = 1
	for i := from; i < to; i++ {
		near, far := nodes[i], nodes[i+1]
		length := row.CellLength
		if row.NearFace && i == 0 || row.FarFace && i == row.Segments()-1 {
			length /= 2
		}
		tau := length * OpticalDepth(near.a, far.a, (x-near.u)*near.r, (x-far.u)*far.r)
		w0, w1, keep := Weights(tau)
		e += t * (near.s*w0 + far.s*w1)
		t *= keep
	}
	return t, e
}

// OpticalDepth returns ∫₀¹ (a₀+(a₁-a₀)t) e^{-(b₀+td)²} dt, d = b₁-b₀, for
// a₀, a₁ ≥ 0: see the package documentation.
func OpticalDepth(a0, a1, b0, b1 float64) float64 {
	d := b1 - b0
	if math.Abs(d) < 0.3 {
		var sum float64
		for i, x := range gaussNodes() {
			t := 0.5 + x
			b := b0 + t*d
			sum += gaussWeights()[i] * (a0 + (a1-a0)*t) * math.Exp(-b*b)
		}
		return sum
	}
	var erf float64
	switch {
	case b0 > 0 && b1 > 0:
		erf = math.Erfc(b0) - math.Erfc(b1)
	case b0 < 0 && b1 < 0:
		erf = math.Erfc(-b1) - math.Erfc(-b0)
	default:
		erf = math.Erf(b1) - math.Erf(b0)
	}
	cross := a0*b1 - a1*b0
	tau := (cross*(math.Sqrt(math.Pi)/2)*erf + (a1-a0)/2*(math.Exp(-b0*b0)-math.Exp(-b1*b1))) / (d * d)
	return max(tau, 0)
}

// Weights returns the weights of the source function at the near and the far
// end of a segment of optical depth tau, and e^{-tau}.
func Weights(tau float64) (w0, w1, keep float64) {
	if tau < 1 {
		// ψ = (τ-1+e^{-τ})/τ² as its series Σ (-τ)ⁿ/(n+2)!
		psi, term := 0.0, 0.5
		for n := 0; n < 20; n++ {
			psi += term
			term *= -tau / float64(n+3)
		}
		w0 = tau * psi
		return w0, tau - w0*(1+tau), 1 - tau*(1-w0)
	}
	keep = math.Exp(-tau)
	mean := (1 - keep) / tau
	return 1 - mean, mean - keep, keep
}

// gaussNodes and gaussWeights are the 8-point Gauss–Legendre rule on
// [-1/2, 1/2] [Abramowitz & Stegun 1964, table 25.4].
func gaussNodes() [8]float64 {
	return [8]float64{-0.4801449282487682, -0.3983332387068134, -0.2627662049581645, -0.0917173212478249,
		0.0917173212478249, 0.2627662049581645, 0.3983332387068134, 0.4801449282487682}
}

func gaussWeights() [8]float64 {
	return [8]float64{0.05061426814518813, 0.11119051722668724, 0.15685332293894363, 0.18134189168918100,
		0.18134189168918100, 0.15685332293894363, 0.11119051722668724, 0.05061426814518813}
}
