// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"fmt"

	"github.com/columen/columen/solver/grid"
)

// PointFields is the number of values at each point of a Volume: n [m⁻³],
// T [K], the velocity away from the observer and v_turb [m s⁻¹].
const PointFields = 4

// Volume holds the fields of a block where rays of any direction need them: on
// the planes through the cell centres and, where the block ends at the boundary
// of the model, on the outer faces. Along an axis of N cells plane 0 is the
// lower face, plane c+1 the centre of cell c and plane N+1 the upper face. The
// intervals between neighbouring planes are shared out over blocks: each
// belongs to one.
type Volume[T grid.Float] struct {
	Cells         [3]int     // of the whole model
	First, Planes [3]int     // planes stored: the first, and their number
	Lo, Hi        [3]int     // planes between which the block's own intervals lie
	Closed        [3]bool    // the model ends at plane Hi
	Away          [3]float64 // unit vector away from the observer
	CellSize      [3]float64 // [m]
	Points        []T        // [x][y][z][PointFields], z fastest
}

// NewVolume lays out the volume of a block, seen by an observer in direction
// toObserver, a unit vector. With atCenters the model ends at the outermost cell
// centres. Load fills it.
func NewVolume[T grid.Float](m grid.Mesh, b grid.Block, toObserver [3]float64, atCenters bool) *Volume[T] {
	v := &Volume[T]{Cells: m.Cells, CellSize: m.CellSize()}
	points := PointFields
	for a, own := range b.Owned {
		n := m.Cells[a]
		v.Away[a] = -toObserver[a]
		v.Lo[a], v.Hi[a] = own.Lo+1, own.Hi+1
		if own.Lo == 0 && !atCenters {
			v.Lo[a] = 0
		}
		v.Closed[a] = own.Hi == n
		if own.Hi == n && atCenters {
			v.Hi[a] = n
		}
		v.First[a] = v.Lo[a]
		if v.Hi[a] == n+1 && n > 1 {
			v.First[a] = min(v.Lo[a], n-1) // the face is extrapolated from the two last cells
		}
		v.Planes[a] = max(v.Hi[a], v.Lo[a]) - v.First[a] + 1
		if v.Lo[a] == 0 && n > 1 {
			v.Planes[a] = max(v.Planes[a], 3)
		}
		points *= v.Planes[a]
	}
	v.Points = make([]T, points)
	return v
}

// strides returns the points from plane to plane along each axis.
func (v *Volume[T]) strides() [3]int { return [3]int{v.Planes[1] * v.Planes[2], v.Planes[2], 1} }

// cells returns the range of cells along an axis whose centres are stored.
func (v *Volume[T]) cells(a int) grid.Range {
	return grid.Range{Lo: max(v.First[a]-1, 0), Hi: min(v.First[a]+v.Planes[a]-1, v.Cells[a])}
}

// Sheets returns the number of sheets that Load takes.
func (v *Volume[T]) Sheets() int { return v.cells(0).Len() }

// Load brings sheet i, the cells of one x, of a cube to the volume with kernel
// k. Sheets may be loaded side by side; after all of them Close is due. A cell
// that no transfer can be computed for is refused with an error that names it.
func (v *Volume[T]) Load(k Kernel[T], c *grid.Cube[T], i int) error {
	x, y, z := v.cells(0).Lo+i, v.cells(1), v.cells(2)
	s := v.strides()
	s0 := Sheet[T]{
		Cube: c, Origin: c.Index(x, y.Lo, z.Lo), Rows: y.Len(), Columns: z.Len(), RowCells: c.Strides()[1],
		RowPoints: s[1], Away: v.Away,
		Points: v.Points[PointFields*((x+1-v.First[0])*s[0]+(y.Lo+1-v.First[1])*s[1]+z.Lo+1-v.First[2]):],
	}
	if k.Pack(&s0) {
		return nil
	}
	return s0.refusal(k, x, y.Lo, z.Lo)
}

// Close extrapolates to the outer faces, axis by axis: linearly by half a cell
// from the last two planes, density and temperature not below a tenth of the
// last one's, temperature within tMin and tMax [K], v_turb not below 0.
func (v *Volume[T]) Close(tMin, tMax float64) {
	s := v.strides()
	for _, a := range [3]int{2, 1, 0} {
		b, c := (a+1)%3, (a+2)%3
		if s[b] < s[c] {
			b, c = c, b
		}
		for _, f := range []struct {
			there        bool
			face, inward int
		}{{v.First[a] == 0, 0, 1}, {v.First[a]+v.Planes[a]-1 == v.Cells[a]+1, v.Planes[a] - 1, -1}} {
			if !f.there {
				continue
			}
			second := 2 * f.inward
			if v.Cells[a] == 1 {
				second = f.inward
			}
			for i := range v.Planes[b] {
				for j := range v.Planes[c] {
					at := i*s[b] + j*s[c] + f.face*s[a]
					v.extrapolate(at, at+f.inward*s[a], at+second*s[a], T(tMin), T(0.999*tMax))
				}
			}
		}
	}
}

// extrapolate fills point f from point p half a cell inside and q behind it.
func (v *Volume[T]) extrapolate(f, p, q int, tMin, tMax T) {
	to, last, inner := v.Points[4*f:][:4], v.Points[4*p:][:4], v.Points[4*q:][:4]
	to[0] = max(1.5*last[0]-0.5*inner[0], 0.1*last[0])
	to[1] = min(max(1.5*last[1]-0.5*inner[1], 0.1*last[1], tMin), tMax)
	to[2] = 1.5*last[2] - 0.5*inner[2]
	to[3] = max(1.5*last[3]-0.5*inner[3], 0)
}

// Unit returns the length of one t of a ray [m]: the smallest edge of a cell.
func (v *Volume[T]) Unit() float64 { return min(v.CellSize[0], v.CellSize[1], v.CellSize[2]) }

// Along returns the cells that a ray crosses per t along each axis.
func (v *Volume[T]) Along() [3]float64 {
	var e [3]float64
	for a := range e {
		e[a] = v.Away[a] * v.Unit() / v.CellSize[a]
	}
	return e
}

// Beam is a set of parallel rays through a volume.
type Beam[T grid.Float] struct {
	Volume *Volume[T]
	Start  [3][]T // where each ray is at t = 0, in cells: the centre of cell c is at c
}

// Passage is where a kernel leaves what rays saw, element
// channel·Stride + ray.
type Passage[T grid.Float] struct {
	Transmission []T // e^{-τ}
	Emission     []T // light leaving towards the observer [W m⁻² Hz⁻¹ sr⁻¹]
	Stride       int

	// The next three are all nil or all there: the optical depth, and the light
	// weighted with the depth d and d² at which its segment has its middle, d = -t.
	Depth, First, Second []T
}

// Work counts what oblique rays cost.
type Work struct {
	Segments int64 // that rays crossed
	Steps    int64 // that lanes took: more, as rays that are done wait for their neighbours
}

// Sheet is one layer of cells to be packed.
type Sheet[T grid.Float] struct {
	Cube          *grid.Cube[T]
	Origin        int // element of the first cell
	Rows, Columns int // cells along y and z
	RowCells      int // elements to the next row
	RowPoints     int // points to the next row
	Away          [3]float64
	Points        []T // from the point of the first cell on
}

// velocity returns the velocity away from the observer of element i.
func (s *Sheet[T]) velocity(i int) T {
	var v T
	for a, c := range s.Cube.Velocity {
		if c != nil && s.Away[a] != 0 {
			v += T(s.Away[a]) * c[i]
		}
	}
	return v
}

// refusal finds the first cell of a sheet that a kernel refused; x, y, z is its first cell.
func (s *Sheet[T]) refusal(k Kernel[T], x, y, z int) error {
	tMin, tMax, light := k.bounds()
	for r := range s.Rows {
		for c := range s.Columns {
			i := s.Origin + r*s.RowCells + c
			row := Row[T]{Density: s.Cube.Density, Temperature: s.Cube.Temperature, Velocity: []T{s.velocity(i)}, Turbulence: s.Cube.Turbulence}
			e := refuse(float64(row.Density[i]), float64(row.Temperature[i]), float64(row.Velocity[0]), float64(row.Turbulence[i]), tMin, tMax, light)
			if e == nil {
				continue
			}
			field := e.Field
			if field == "velocity" {
				field = "velocity along the line of sight"
			}
			return fmt.Errorf("%s = %g in cell [%d, %d, %d]: want %s", field, e.Value, x, y+r, z+c, e.Allowed)
		}
	}
	panic("ray: kernel refused a sheet that is in order")
}

// coordinate returns where a plane lies, in cells.
func (v *Volume[T]) coordinate(a, plane int) float64 {
	return min(max(float64(plane-1), -0.5), float64(v.Cells[a])-0.5)
}

// checkBeam panics on what is a programmer's error.
func checkBeam[T grid.Float](b *Beam[T], out *Passage[T], channels int) {
	n := len(b.Start[0])
	if len(b.Start[1]) != n || len(b.Start[2]) != n || n == 0 {
		panic("ray: beam without rays, or with starts of different lengths")
	}
	need := (channels-1)*out.Stride + n
	for _, f := range [][]T{out.Transmission, out.Emission} {
		if len(f) < need {
			panic("ray: passage too small")
		}
	}
	if out.Depth == nil && out.First == nil && out.Second == nil {
		return
	}
	for _, f := range [][]T{out.Depth, out.First, out.Second} {
		if len(f) < need {
			panic("ray: passage too small")
		}
	}
}
