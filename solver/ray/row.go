// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"errors"
	"fmt"

	"github.com/columen/columen/solver/grid"
)

// Row is a row of parallel rays through stored cells. Cell c of ray r lies at
// element Origin + r·Across + c·Step of the fields, c counting away from the
// observer.
type Row[T grid.Float] struct {
	Density      []T // n of the species [m⁻³]
	Temperature  []T // [K]
	Velocity     []T // component along the axis of the rays [m s⁻¹]
	Turbulence   []T // v_turb [m s⁻¹]
	Origin       int
	Across, Step int
	Rays, Cells  int
	VelocitySign float64 // v_los = VelocitySign·Velocity; v_los > 0 recedes
	CellLength   float64 // distance of cell centres [m]

	// NearFace and FarFace add half a segment from the first or last centre to
	// the cell's outer face, with fields extrapolated from the last two cells
	// of the ray; these must be stored, also when Cells is 1. Single says that
	// the model is one cell deep, so that there is nothing to extrapolate from.
	NearFace, FarFace, Single bool

	// Ends cuts the ray into pieces: the index after the last segment of each.
	// The last entry is Segments().
	Ends []int32
}

// Segments returns the number of segments of each ray.
func (r *Row[T]) Segments() int {
	n := r.Cells - 1
	if r.NearFace {
		n++
	}
	if r.FarFace {
		n++
	}
	return n
}

// Result is where a kernel leaves what it computed: element
// piece·StridePiece + channel·StrideChannel + ray·StrideRay. Strides are not
// negative.
type Result[T grid.Float] struct {
	Transmission  []T // e^{-τ}
	Emission      []T // light leaving towards the observer [W m⁻² Hz⁻¹ sr⁻¹]
	StrideRay     int
	StrideChannel int
	StridePiece   int
}

// Light sums what cells emit in the line, ∫χS dν up to a constant factor, to
// tell whether the channels see it: Outside counts the cells whose line centre
// lies more than one Doppler width outside the channels.
type Light struct {
	Total, Outside float64
}

// CellError says that a cell holds a value that no transfer can be computed for.
type CellError struct {
	Field     string // as in the cube file
	Ray, Cell int    // within the row
	Value     float64
	Allowed   string
}

// Error names field, value, cell and what is allowed.
func (e *CellError) Error() string {
	return fmt.Sprintf("%s = %g in cell %d of ray %d: want %s", e.Field, e.Value, e.Cell, e.Ray, e.Allowed)
}

// Kernel computes rows of rays. A Kernel holds scratch memory: use one per
// goroutine.
type Kernel[T grid.Float] interface {
	// Name tells the implementation: "avx2", "base", "twin".
	Name() string
	// Integrate computes every ray of row in every channel.
	Integrate(row *Row[T], out *Result[T]) (Light, error)
	// Pack brings a layer of cells to the points of a Volume. It returns false
	// if a cell holds what no transfer can be computed for.
	Pack(s *Sheet[T]) bool
	// Cross computes every ray of a beam in every channel.
	Cross(b *Beam[T], out *Passage[T]) (Light, Work)
	// CrossLeaves does so leaf by leaf.
	CrossLeaves(b *Beam[T], out *Leaves[T]) (Light, Work)

	// bounds returns the range of temperatures [K], and the speed of light.
	bounds() (tMin, tMax, light float64)
}

// Limits bounds the rows that a kernel is given, to size its scratch memory.
type Limits struct {
	MaxCells int // cells along a ray
}

// New returns the fastest kernel of this machine for channels at the given
// offsets (Medium.Offsets).
func New[T grid.Float](m Medium, offsets []float64, lim Limits) (Kernel[T], error) {
	return Named[T](Variants()[0], m, offsets, lim)
}

// Named returns the kernel of that name, one of Variants.
func Named[T grid.Float](name string, m Medium, offsets []float64, lim Limits) (Kernel[T], error) {
	if len(offsets) == 0 {
		return nil, errors.New("ray: no channels")
	}
	if lim.MaxCells < 1 {
		return nil, fmt.Errorf("ray: rays of %d cells", lim.MaxCells)
	}
	if name == "twin" {
		return newTwin[T](m, offsets, lim), nil
	}
	return newNative[T](name, m, offsets, lim)
}

// check panics on a row or result that is inconsistent: that is a programmer's error, and the
// kernels would read or write outside the slices.
func check[T grid.Float](r *Row[T], out *Result[T], channels int, lim Limits) {
	n := len(r.Density)
	if len(r.Temperature) != n || len(r.Velocity) != n || len(r.Turbulence) != n {
		panic("ray: fields of different lengths")
	}
	lo, hi := r.Origin, r.Origin
	far := r.Cells - 1
	if (r.NearFace || r.FarFace) && !r.Single && r.Cells == 1 {
		far = 1
		if r.FarFace && !r.NearFace {
			far = -1
		}
	}
	for _, d := range [2]int{far * r.Step, (r.Rays - 1) * r.Across} {
		if d < 0 {
			lo += d
		} else {
			hi += d
		}
	}
	if r.Rays < 1 || r.Cells < 1 || r.Cells > lim.MaxCells || lo < 0 || hi >= n {
		panic(fmt.Sprintf("ray: row of %d rays and %d cells from %d to %d leaves the %d stored cells", r.Rays, r.Cells, lo, hi, n))
	}
	if len(r.Ends) == 0 || int(r.Ends[len(r.Ends)-1]) != r.Segments() {
		panic("ray: pieces do not cover the ray")
	}
	if out.StrideRay < 0 || out.StrideRay == 0 && r.Rays > 1 || out.StrideChannel < 0 || out.StridePiece < 0 {
		panic("ray: strides of the result")
	}
	need := (len(r.Ends)-1)*out.StridePiece + (channels-1)*out.StrideChannel + (r.Rays-1)*out.StrideRay + 1
	if len(out.Transmission) < need || len(out.Emission) < need {
		panic("ray: result too small")
	}
}

func tempRange(lo, hi float64) string {
	return fmt.Sprintf("%g to %g K, where the partition function is tabulated", lo, hi)
}
