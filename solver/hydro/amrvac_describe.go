// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"fmt"
	"strings"
)

// Line is one line of a description: a key and its value as text.
type Line struct {
	Key, Value string
}

// Describe lists the header in the order of the file, in code units.
func (h *AMRVACHeader) Describe() []Line {
	var lines []Line
	add := func(key, format string, args ...any) {
		lines = append(lines, Line{key, fmt.Sprintf(format, args...)})
	}
	add("format", "MPI-AMRVAC .dat, version %d", h.Version)
	add("offset_tree", "%d", h.OffsetTree)
	add("offset_blocks", "%d", h.OffsetBlocks)
	add("nw", "%d", h.NumVars)
	add("ndir, ndim", "%d, %d", h.NDir, h.NDim)
	add("levmax", "%d", h.LevMax)
	add("nleafs, nparents", "%d, %d", h.NumLeaves, h.NumParents)
	add("it", "%d", h.Iteration)
	add("global_time", "%g", h.Time)
	add("xprobmin", "%g", h.XMin)
	add("xprobmax", "%g", h.XMax)
	add("domain_nx", "%d", h.DomainCells)
	add("block_nx", "%d", h.BlockCells)
	if h.Version >= 5 {
		add("periodic", "%t", h.Periodic)
		add("geometry", "%s", h.Geometry)
		add("staggered", "%t", h.Staggered)
	}
	if h.Version >= 4 {
		add("variables", "%s", strings.Join(h.Names, " "))
		add("physics_type", "%s", h.Physics)
		for _, p := range h.Parameters {
			add(p.Name, "%g", p.Value)
		}
		add("snapshotnext, slicenext, collapsenext", "%d, %d, %d", h.SnapshotNext, h.SliceNext, h.CollapseNext)
	}
	return lines
}

// Describe lists the header, the units in use and the tree.
func (s *AMRVAC) Describe() []Line {
	lines := s.header.Describe()
	add := func(key, format string, args ...any) {
		lines = append(lines, Line{key, fmt.Sprintf(format, args...)})
	}
	add("length_cm", "%g", s.units.LengthCm)
	add("density_gcc", "%g", s.units.DensityGcc)
	add("velocity_cms", "%g", s.units.VelocityCms)
	add("mean_mol_weight", "%g", s.units.MeanMolWeight)
	if s.columns.e < 0 {
		add("temperature_k", "%g", s.units.TemperatureK)
	} else {
		add("T ρ/p [K]", "%.6f", s.temperatureUnit())
		add("gamma in use", "%g", s.gamma)
	}
	box := s.Box()
	add("box min [m]", "%g", box.Min)
	add("box max [m]", "%g", box.Max)
	perLevel := make([]int, s.header.LevMax)
	for _, l := range s.leaves {
		perLevel[l.place.level]++
	}
	add("leaves per level", "%d", perLevel)
	cells := s.header.BlockCells
	add("cells", "%d", len(s.leaves)*cells[0]*cells[1]*cells[2])
	return lines
}

// Describe gives the statistics in one line, keyed by the name of the field.
func (s FieldStats) Describe() Line {
	return Line{
		Key:   fmt.Sprintf("%s [%s]", s.Name, s.Unit),
		Value: fmt.Sprintf("min %.6g max %.6g mean %.6g volume mean %.6g", s.Min, s.Max, s.Mean, s.VolumeMean),
	}
}
