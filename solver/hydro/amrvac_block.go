// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/columen/columen/solver/si"
)

const (
	boltzmann  = si.Boltzmann  // k_B [J K⁻¹]
	atomicMass = si.AtomicMass // m_u [kg]
)

// amrvacRecord is the geometry of one block record.
type amrvacRecord struct {
	leaf   int
	cells  [3]int // without ghosts
	lo     [3]int // ghost layers below
	full   [3]int // cells with ghosts
	offset int64  // byte offset in the file of the first variable
}

// ReadLeaf reads leaf i and converts it to density, velocity and temperature
// in SI. With conserved ρ, m, e and, in mhd, B in code units:
//
//	v = m/ρ
//	p = (γ−1) (e − |m|²/2ρ − |B|²/2)
//	T = μ m_u v_unit² / k_B · p/ρ
//
// as in MPI-AMRVAC [Keppens et al. 2023, sect. 2]; T is TemperatureK if the
// file has no energy. Ghost cells are dropped. The error names leaf, cell and
// variable of a value that is no gas: ρ or p not positive, or not finite.
func (s *AMRVAC) ReadLeaf(i int, dst *Leaf) error {
	if i < 0 || i >= len(s.leaves) {
		panic(fmt.Sprintf("hydro: leaf %d of %d", i, len(s.leaves)))
	}
	rec, err := s.openRecord(i)
	if err != nil {
		return err
	}
	n := rec.cells[0] * rec.cells[1] * rec.cells[2]
	dst.Resize(n)
	if err := s.readVariable(rec, s.columns.rho, dst.Density, dst); err != nil {
		return err
	}
	for a, column := range s.columns.m {
		if err := s.readVariable(rec, column, dst.Velocity[a], dst); err != nil {
			return err
		}
	}
	if s.columns.e >= 0 {
		if err := s.readVariable(rec, s.columns.e, dst.Temperature, dst); err != nil {
			return err
		}
		if err := s.subtractMagnetic(rec, dst); err != nil {
			return err
		}
	}
	return s.toPrimitive(rec, dst)
}

// openRecord reads the ghost counts of the record of leaf i.
func (s *AMRVAC) openRecord(i int) (amrvacRecord, error) {
	l := s.leaves[i]
	rec := amrvacRecord{leaf: i, cells: s.header.BlockCells, offset: l.offset + 24}
	c := &cursor{src: s.src, base: l.offset, buf: make([]byte, 24)}
	if err := s.src.read(c.buf, l.offset, "ghost counts"); err != nil {
		return rec, err
	}
	var ghosts [6]int
	for g := range ghosts {
		if ghosts[g] = c.int32("ghost count"); ghosts[g] < 0 || ghosts[g] > amrvacMaxGhosts {
			return rec, s.src.bad(c.offset()-4, "ghost count of "+s.leafName(i), ghosts[g], fmt.Sprintf("0 to %d", amrvacMaxGhosts))
		}
	}
	for a := range rec.full {
		rec.lo[a] = ghosts[a]
		rec.full[a] = ghosts[a] + rec.cells[a] + ghosts[a+3]
	}
	// Records follow each other without a gap, but for face data and behind
	// the last, so a wrong ghost count is found.
	length, room := s.header.recordBytes(ghosts), l.end-l.offset
	if length > room || length < room && !s.header.Staggered && l.end != s.src.size {
		return rec, s.src.bad(l.offset, "ghost counts of "+s.leafName(i), fmt.Sprintf("%v, a record of %d bytes", ghosts, length),
			fmt.Sprintf("a record of %d bytes, up to the next one", room))
	}
	return rec, nil
}

// leafName names leaf i in errors.
func (s *AMRVAC) leafName(i int) string { return fmt.Sprintf("leaf %d (%v)", i, s.leaves[i].place) }

// readVariable reads one variable of a record into dst, without ghosts.
func (s *AMRVAC) readVariable(rec amrvacRecord, column int, dst []float64, buf *Leaf) error {
	full := rec.full
	size := full[0] * full[1] * full[2]
	buf.raw = resized(buf.raw, 8*size)
	offset := rec.offset + 8*int64(size)*int64(column)
	if err := s.src.read(buf.raw, offset, "block record"); err != nil {
		return err
	}
	n, notFinite := 0, 0.0
	for k := range rec.cells[2] {
		for j := range rec.cells[1] {
			row := ((k+rec.lo[2])*full[1]+j+rec.lo[1])*full[0] + rec.lo[0]
			raw := buf.raw[8*row : 8*(row+rec.cells[0])]
			for i := range dst[n : n+rec.cells[0]] {
				x := math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
				dst[n+i] = x
				notFinite += 0 * x // stays 0 unless x is NaN or infinite
			}
			n += rec.cells[0]
		}
	}
	if notFinite == 0 {
		return nil
	}
	for c, x := range dst {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return s.badCell(rec, column, c, x, "a finite number")
		}
	}
	return nil
}

// badCell is the error for what was found of a variable in cell c of a leaf.
func (s *AMRVAC) badCell(rec amrvacRecord, column, c int, found any, want string) error {
	full := rec.full
	i, j, k := c%rec.cells[0], c/rec.cells[0]%rec.cells[1], c/rec.cells[0]/rec.cells[1]
	at := ((k+rec.lo[2])*full[1]+j+rec.lo[1])*full[0] + i + rec.lo[0]
	offset := rec.offset + 8*(int64(full[0]*full[1]*full[2])*int64(column)+int64(at))
	field := fmt.Sprintf("%s, cell (%d,%d,%d): %s", s.leafName(rec.leaf), i, j, k, s.names()[column])
	return s.src.bad(offset, field, found, want)
}

// names returns the names of the variables, configured ones for version 3.
func (s *AMRVAC) names() []string {
	if s.header.Names == nil {
		return s.units.WNames
	}
	return s.header.Names
}

// subtractMagnetic takes B²/2 off the energies that dst.Temperature holds.
func (s *AMRVAC) subtractMagnetic(rec amrvacRecord, dst *Leaf) error {
	for _, column := range s.columns.b {
		if column < 0 {
			continue
		}
		dst.scratch = resized(dst.scratch, len(dst.Temperature))
		if err := s.readVariable(rec, column, dst.scratch, dst); err != nil {
			return err
		}
		for c, b := range dst.scratch {
			dst.Temperature[c] -= 0.5 * b * b
		}
	}
	return nil
}

// toPrimitive turns ρ, m and e of dst, in code units, into ρ, v and T in SI.
func (s *AMRVAC) toPrimitive(rec amrvacRecord, dst *Leaf) error {
	rhoUnit, vUnit, tUnit := s.units.DensityGcc*1e3, s.units.VelocityCms*1e-2, s.temperatureUnit()
	vx, vy, vz, temp := dst.Velocity[0], dst.Velocity[1], dst.Velocity[2], dst.Temperature
	for c, rho := range dst.Density {
		if !(rho > 0) {
			return s.badCell(rec, s.columns.rho, c, rho, "a positive density")
		}
		mx, my, mz := vx[c], vy[c], vz[c]
		vx[c], vy[c], vz[c] = mx/rho*vUnit, my/rho*vUnit, mz/rho*vUnit
		dst.Density[c] = rho * rhoUnit
		if s.columns.e < 0 {
			temp[c] = s.units.TemperatureK
		} else {
			p := (s.gamma - 1) * (temp[c] - (mx*mx+my*my+mz*mz)/(2*rho))
			if !(p > 0) {
				return s.badCell(rec, s.columns.e, c, fmt.Sprintf("pressure %g", p), "a positive (γ-1)(e - m²/2ρ - B²/2)")
			}
			temp[c] = p / rho * tUnit
		}
		if speed := math.Abs(vx[c]) + math.Abs(vy[c]) + math.Abs(vz[c]); !(temp[c]+speed+dst.Density[c] <= math.MaxFloat64) {
			return s.badCell(rec, s.columns.rho, c, rho, fmt.Sprintf("finite SI values, not T = %g K at %g m/s", temp[c], speed))
		}
	}
	return nil
}

// temperatureUnit is T ρ/p of one code unit each [K].
func (s *AMRVAC) temperatureUnit() float64 {
	v := s.units.VelocityCms * 1e-2
	return s.units.MeanMolWeight * atomicMass * v * v / boltzmann
}
