// SPDX-License-Identifier: BSD-3-Clause

package hydro

import "github.com/columen/columen/solver/grid"

// Leaves is a snapshot as the mapping needs it: boxes of equal cells that tile
// the domain. Leaves are numbered from 0 in the order of the file, which is
// also the order in which the mapping adds them up.
type Leaves interface {
	// Box is the domain [m].
	Box() grid.Box
	// NumLeaves is the number of leaves.
	NumLeaves() int
	// LeafBox is the box of leaf i [m]. Faces that two leaves share are the
	// same floating-point number in both.
	LeafBox(i int) grid.Box
	// LeafCells is the number of cells of leaf i along each axis.
	LeafCells(i int) [3]int
	// ReadLeaf reads the fields of leaf i into dst, whose slices it reuses.
	ReadLeaf(i int, dst *Leaf) error
}

// Leaf holds the gas in the cells of one leaf. Unlike the arrays of package
// grid, and like the snapshot files, x is fastest: cell (i, j, k) of a leaf of
// nx·ny·nz cells lies at (k·ny+j)·nx+i.
type Leaf struct {
	Density     []float64    // mass density [kg m⁻³]
	Temperature []float64    // gas temperature [K]
	Velocity    [3][]float64 // velocity along x, y, z [m s⁻¹]

	raw     []byte    // bytes as read, kept to be reused
	scratch []float64 // one more field, kept to be reused
}

// Resize gives every field n elements, whose values are then undefined.
func (l *Leaf) Resize(n int) {
	l.Density = resized(l.Density, n)
	l.Temperature = resized(l.Temperature, n)
	for a := range l.Velocity {
		l.Velocity[a] = resized(l.Velocity[a], n)
	}
}

// resized returns a slice of n elements, s itself where its capacity allows.
func resized[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}

// FieldStats summarizes one field over all cells of a snapshot.
type FieldStats struct {
	Name, Unit  string
	Min, Max    float64
	Mean        float64 // over cells, each counted once
	VolumeMean  float64 // over the volume
	First, Last float64 // the first cell of the first leaf, the last of the last
}

// Summarize reads the whole snapshot, one leaf at a time, and returns the
// statistics of density, the three velocities and temperature, in this order.
// After each leaf it calls progress, unless nil, with the number of leaves
// read and their total.
func Summarize(src Leaves, progress func(done, total int)) ([]FieldStats, error) {
	stats := []FieldStats{
		{Name: "density", Unit: "kg m⁻³"},
		{Name: "velocity_x", Unit: "m s⁻¹"}, {Name: "velocity_y", Unit: "m s⁻¹"}, {Name: "velocity_z", Unit: "m s⁻¹"},
		{Name: "temperature", Unit: "K"},
	}
	var leaf Leaf
	var cells, volume float64
	total := src.NumLeaves()
	for i := range total {
		if err := src.ReadLeaf(i, &leaf); err != nil {
			return nil, err
		}
		v := src.LeafBox(i).Volume() / float64(len(leaf.Density))
		cells += float64(len(leaf.Density))
		volume += v * float64(len(leaf.Density))
		fields := [...][]float64{leaf.Density, leaf.Velocity[0], leaf.Velocity[1], leaf.Velocity[2], leaf.Temperature}
		for f, x := range fields {
			stats[f].add(x, v, i == 0)
		}
		if progress != nil {
			progress(i+1, total)
		}
	}
	for f := range stats {
		stats[f].Mean /= cells
		stats[f].VolumeMean /= volume
	}
	return stats, nil
}

// add takes in the values x of one leaf whose cells have volume v. Until the
// end of Summarize both means are sums.
func (s *FieldStats) add(x []float64, v float64, first bool) {
	if first {
		s.Min, s.Max, s.First = x[0], x[0], x[0]
	}
	var sum float64
	for _, value := range x {
		s.Min = min(s.Min, value)
		s.Max = max(s.Max, value)
		sum += value
	}
	s.Mean += sum
	s.VolumeMean += sum * v
	s.Last = x[len(x)-1]
}
