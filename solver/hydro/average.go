// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"fmt"
	"math"

	"github.com/columen/columen/solver/grid"
)

// regionSlack is how far, in units of the domain, a region may stick out of
// it: rounding of au to m, not more.
const regionSlack = 1e-9

// Gas is the averaged gas on the stored cells of a block, in C order, z
// fastest, like a grid.Cube.
type Gas struct {
	Density     []float64    // mass density [kg m⁻³]
	Temperature []float64    // [K]
	Velocity    [3][]float64 // along x, y, z [m s⁻¹]
}

// Conversion says how CO follows the gas. The TOML key is given in brackets.
type Conversion struct {
	MassPerH2AMU      float64 // mass of gas per H₂ molecule in amu, > 0 [mass_per_h2_amu]
	COPerH2           float64 // abundance n(CO)/n(H₂), > 0 [co_per_h2]
	TemperatureFloorK float64 // least temperature, ≥ 0 [temperature_floor_k]
	VTurbMs           float64 // turbulent line width everywhere, ≥ 0 [v_turb_ms]
}

// Validate returns an error that names the first key out of range.
func (c Conversion) Validate() error {
	fields := []struct {
		key      string
		value    float64
		positive bool
	}{
		{"mass_per_h2_amu", c.MassPerH2AMU, true}, {"co_per_h2", c.COPerH2, true},
		{"temperature_floor_k", c.TemperatureFloorK, false}, {"v_turb_ms", c.VTurbMs, false},
	}
	for _, f := range fields {
		if f.positive && !(f.value > 0) || !(f.value >= 0 && f.value <= math.MaxFloat64) {
			want := "a finite number ≥ 0"
			if f.positive {
				want = "a positive finite number"
			}
			return fmt.Errorf("%s = %g: want %s", f.key, f.value, want)
		}
	}
	return nil
}

// PerKg is the number of CO molecules in a kg of gas.
func (c Conversion) PerKg() float64 { return c.COPerH2 / (c.MassPerH2AMU * atomicMass) }

// CellAverage maps a snapshot to the stored cells of a block of mesh as
// AverageGas does, and converts the gas to what line transfer needs:
//
//	n(CO) = ρ / (mass_per_h2_amu · m_u) · co_per_h2
//
// with T not below its floor, which is applied to the average.
func CellAverage[T grid.Float](src Leaves, mesh grid.Mesh, block grid.Block, conv Conversion, progress func(done, total int)) (*grid.Cube[T], error) {
	if err := conv.Validate(); err != nil {
		return nil, err
	}
	gas, err := AverageGas(src, mesh, block, progress)
	if err != nil {
		return nil, err
	}
	cube := &grid.Cube[T]{Mesh: mesh, Block: block}
	perKg := conv.PerKg()
	// Each field of the gas is let go as soon as it is converted: at 512³
	// cells it is 1 GiB.
	cube.Density = mapped[T](gas.Density, func(rho float64) float64 { return rho * perKg })
	gas.Density = nil
	cube.Temperature = mapped[T](gas.Temperature, func(t float64) float64 { return max(t, conv.TemperatureFloorK) })
	gas.Temperature = nil
	for a := range gas.Velocity {
		cube.Velocity[a] = mapped[T](gas.Velocity[a], func(v float64) float64 { return v })
		gas.Velocity[a] = nil
	}
	cube.Turbulence = make([]T, block.NumStored())
	for i := range cube.Turbulence {
		cube.Turbulence[i] = T(conv.VTurbMs)
	}
	return cube, nil
}

// mapped returns f of every element of x, rounded to T.
func mapped[T grid.Float](x []float64, f func(float64) float64) []T {
	y := make([]T, len(x))
	for i, v := range x {
		y[i] = T(f(v))
	}
	return y
}

// AverageGas maps a snapshot conservatively to the stored cells of a block of
// mesh. With w the part of a target cell's volume that lies in a source cell,
//
//	ρ = Σ wρ / Σ w,   v = Σ wρv / Σ wρ,   T = Σ wρT / Σ wρ
//
// so mass, momentum and, for one γ and μ, thermal energy are kept. Mesh and
// leaves need not be aligned. The box of the mesh must lie in the domain.
//
// Sums run over leaves in their order and a cell's weights do not depend on
// the block, so a cell gets the same bits in whichever block it is computed.
// Only leaves that overlap the block are read. After each, progress, unless
// nil, gets their number so far and in total.
func AverageGas(src Leaves, mesh grid.Mesh, block grid.Block, progress func(done, total int)) (*Gas, error) {
	if err := checkRegion(src.Box(), mesh, block); err != nil {
		return nil, err
	}
	sum := newGasSum(mesh, block)
	var touched []int
	for i := range src.NumLeaves() {
		if sum.touches(src.LeafBox(i)) {
			touched = append(touched, i)
		}
	}
	var leaf Leaf
	for done, i := range touched {
		if err := src.ReadLeaf(i, &leaf); err != nil {
			return nil, err
		}
		sum.add(src.LeafBox(i), src.LeafCells(i), &leaf)
		if progress != nil {
			progress(done+1, len(touched))
		}
	}
	return sum.average(src.Box())
}

// checkRegion returns an error unless block is part of mesh and mesh of domain.
func checkRegion(domain grid.Box, mesh grid.Mesh, block grid.Block) error {
	if err := mesh.Validate(); err != nil {
		return err
	}
	for a, r := range block.Stored {
		if r.Lo < 0 || r.Hi > mesh.Cells[a] || r.Lo >= r.Hi {
			return fmt.Errorf("block: stored cells %d to %d along %s: want a part of 0 to %d", r.Lo, r.Hi, grid.AxisName(a), mesh.Cells[a])
		}
	}
	if !domain.Contains(mesh.Box, regionSlack) {
		return fmt.Errorf("the region from %g to %g m is not inside the box of the snapshot, from %g to %g m",
			mesh.Box.Min, mesh.Box.Max, domain.Min, domain.Max)
	}
	return nil
}

// gasSum is the sums over leaves. Density holds Σ wρ, Temperature Σ wρT and
// Velocity Σ wρv until they are divided.
type gasSum struct {
	Gas
	stored [3]grid.Range
	volume []float64    // Σ w
	cell   [3]float64   // size of a target cell [m]
	edges  [3][]float64 // faces of the stored cells along each axis [m]
	shared [3][]overlap // of the leaf in hand, kept to be reused
}

func newGasSum(mesh grid.Mesh, block grid.Block) *gasSum {
	n := block.NumStored()
	s := &gasSum{stored: block.Stored, volume: make([]float64, n), cell: mesh.CellSize()}
	s.Density, s.Temperature = make([]float64, n), make([]float64, n)
	for a := range s.Velocity {
		s.Velocity[a] = make([]float64, n)
		s.edges[a] = edgesOf(mesh, a, block.Stored[a])
	}
	return s
}

// touches reports whether b and the block share a volume.
func (s *gasSum) touches(b grid.Box) bool {
	for a, e := range s.edges {
		if b.Max[a] <= e[0] || b.Min[a] >= e[len(e)-1] {
			return false
		}
	}
	return true
}

// add adds one leaf. A weight is the product of the overlaps along the axes.
func (s *gasSum) add(box grid.Box, cells [3]int, leaf *Leaf) {
	for a := range s.shared {
		s.shared[a] = appendOverlaps(s.shared[a][:0], box.Min[a], box.Max[a], cells[a], s.edges[a], s.cell[a])
	}
	ny, nz := s.stored[1].Len(), s.stored[2].Len()
	for _, x := range s.shared[0] {
		for _, y := range s.shared[1] {
			area := x.length * y.length
			from := y.source*cells[0] + x.source
			to := (x.target*ny + y.target) * nz
			for _, z := range s.shared[2] {
				i, o := from+z.source*cells[0]*cells[1], to+z.target
				w := area * z.length
				m := w * leaf.Density[i]
				s.volume[o] += w
				s.Density[o] += m
				s.Temperature[o] += m * leaf.Temperature[i]
				s.Velocity[0][o] += m * leaf.Velocity[0][i]
				s.Velocity[1][o] += m * leaf.Velocity[1][i]
				s.Velocity[2][o] += m * leaf.Velocity[2][i]
			}
		}
	}
}

// average divides the sums, after a check that leaves covered each cell once:
// up to the slack at the faces of the domain and rounding.
func (s *gasSum) average(domain grid.Box) (*Gas, error) {
	tolerance := 1e-12
	for a, size := range domain.Size() {
		tolerance += 2 * regionSlack * size / s.cell[a]
	}
	for i, v := range s.volume {
		if !(math.Abs(v-1) <= tolerance) {
			return nil, fmt.Errorf("%s: leaves cover %.9g of its volume, want 1", s.cellName(i), v)
		}
		m := s.Density[i]
		s.Density[i] = m / v
		s.Temperature[i] /= m
		for a := range s.Velocity {
			s.Velocity[a][i] /= m
		}
		speed := math.Abs(s.Velocity[0][i]) + math.Abs(s.Velocity[1][i]) + math.Abs(s.Velocity[2][i])
		if !(m > 0 && m+speed+s.Temperature[i] <= math.MaxFloat64) {
			return nil, fmt.Errorf("%s: density %g kg/m³, temperature %g K, speed %g m/s: want finite averages", s.cellName(i), m/v, s.Temperature[i], speed)
		}
	}
	return &s.Gas, nil
}

// cellName names the stored cell at offset i in errors.
func (s *gasSum) cellName(i int) string {
	ny, nz := s.stored[1].Len(), s.stored[2].Len()
	return fmt.Sprintf("cell (%d,%d,%d) of the mesh", s.stored[0].Lo+i/(ny*nz), s.stored[1].Lo+i/nz%ny, s.stored[2].Lo+i%nz)
}
