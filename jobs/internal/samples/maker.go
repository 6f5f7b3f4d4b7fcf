// SPDX-License-Identifier: BSD-3-Clause

package samples

import (
	"errors"
	"fmt"
	"time"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/solver/line"
	"github.com/columen/columen/solver/ray"
)

// cube holds the gas of a sample in [x, y, z] order.
type cube struct {
	density     []float64 // n(CO) [m⁻³]
	temperature []float64 // [K]
	velocity    []float64 // v_z [m s⁻¹]
	turbulence  []float64 // v_turb [m s⁻¹]
	cellM       float64   // distance of cell centres along z, as the rays take it [m]
}

func newCube(cells int) *cube {
	return &cube{density: make([]float64, cells), temperature: make([]float64, cells), velocity: make([]float64, cells), turbulence: make([]float64, cells)}
}

// gas is where the cubes of samples come from.
type gas interface {
	// fill makes the cube of a draw.
	fill(d Draw, c *cube) error
}

// Record is a sample in physical units. The fields share one array.
type Record struct {
	Values      []float32 // velocity, temperature, density, intensity
	Velocity    []float32 // [m s⁻¹]
	Temperature []float32 // [K]
	Density     []float32 // [m⁻³]
	Intensity   []float32 // [channel, x, y] [W m⁻² Hz⁻¹ sr⁻¹]
	Outlier     bool      // velocities span more than a data set takes
}

// NewRecord returns the room for a sample.
func NewRecord(s dataset.Shape) *Record {
	cells := s.InputLen() / 3
	r := &Record{Values: make([]float32, s.InputLen()+s.OutputLen())}
	r.Velocity, r.Temperature, r.Density = r.Values[:cells], r.Values[cells:2*cells], r.Values[2*cells:3*cells]
	r.Intensity = r.Values[3*cells:]
	return r
}

// Maker makes samples, one at a time: the cube, and its image. Use one per
// goroutine.
//
// Axes and signs are those of the original's files: the observer stands at
// z → −∞, so that the first cell along z is the nearest and v_z > 0 recedes (the
// view "-z" of package solver), and the image is [channel, x, y].
type Maker struct {
	Record          *Record       // the last sample
	Cubing, Solving time.Duration // spent so far

	s          *Set
	gas        gas
	cube       *cube
	turbulence []float32
	kernel     ray.Kernel[float32] // nil with the published solution
	row        ray.Row[float32]
	out        ray.Result[float32]
	published  *publishedSolution
}

// mixed takes each sample from where its model comes from.
type mixed struct {
	s         *Set
	winds     *winds
	snapshots *snapshots
}

func (m *mixed) fill(d Draw, c *cube) error {
	if _, is := m.s.Snapshot(d.Model); is {
		return m.snapshots.fill(d, c)
	}
	return m.winds.fill(d, c)
}

func makerOf(s *Set, from gas, l *line.Line, frequenciesHz []float64) (*Maker, error) {
	g := s.Shape.Grid
	m := &Maker{s: s, gas: from, cube: newCube(g * g * g), Record: NewRecord(s.Shape)}
	if s.Quirks.PublishedSolution {
		m.published = newPublished(l, frequenciesHz, g)
		return m, nil
	}
	medium := ray.NewMedium(l)
	var err error
	if m.kernel, err = ray.New[float32](medium, medium.Offsets(frequenciesHz), ray.Limits{MaxCells: g}); err != nil {
		return nil, err
	}
	m.turbulence = make([]float32, g*g*g)
	m.row = ray.Row[float32]{
		Density: m.Record.Density, Temperature: m.Record.Temperature, Velocity: m.Record.Velocity, Turbulence: m.turbulence,
		Across: g, Step: 1, Rays: g, Cells: g, VelocitySign: 1, NearFace: true, FarFace: true,
	}
	m.row.Ends = []int32{int32(m.row.Segments())}
	m.out = ray.Result[float32]{Transmission: make([]float32, len(m.Record.Intensity)), Emission: m.Record.Intensity, StrideRay: 1, StrideChannel: g * g}
	return m, nil
}

// Make fills the record with a sample of the set.
func (m *Maker) Make(sample int) error {
	err := m.Draw(m.s.Draw(sample))
	if err != nil {
		each := m.s.Config.Data.Rotations
		return fmt.Errorf("sample %d, rotation %d of model %s: %w", sample, sample%each, m.s.ModelName(sample/each), err)
	}
	return nil
}

// Draw fills the record with the sample of a draw.
func (m *Maker) Draw(d Draw) error {
	start := time.Now()
	if err := m.gas.fill(d, m.cube); err != nil {
		return err
	}
	m.narrow()
	m.Record.Outlier = dataset.Outlier(m.Record.Velocity)
	m.Cubing += time.Since(start)
	start = time.Now()
	err := m.solve()
	m.Solving += time.Since(start)
	return err
}

// narrow puts the cube into the record.
func (m *Maker) narrow() {
	for i, n := range m.cube.density {
		m.Record.Density[i], m.Record.Temperature[i], m.Record.Velocity[i] = float32(n), float32(m.cube.temperature[i]), float32(m.cube.velocity[i])
	}
	for i := range m.turbulence {
		m.turbulence[i] = float32(m.cube.turbulence[i])
	}
}

// solve computes the image of the cube, without a background, as the original
// has it.
func (m *Maker) solve() error {
	g, channels := m.s.Shape.Grid, m.s.Shape.Channels
	if m.published != nil {
		m.published.solve(m.cube)
		for i, v := range m.published.image {
			m.Record.Intensity[i] = float32(v)
		}
		return m.check(channels, g)
	}
	out := m.out
	m.row.CellLength = m.cube.cellM
	for x := range g {
		m.row.Origin = x * g * g
		out.Transmission, out.Emission = m.out.Transmission[x*g:], m.out.Emission[x*g:]
		if _, err := m.kernel.Integrate(&m.row, &out); err != nil {
			var cell *ray.CellError
			if errors.As(err, &cell) {
				return fmt.Errorf("%s = %g in cell [%d, %d, %d]: want %s", cell.Field, cell.Value, x, cell.Ray, cell.Cell, cell.Allowed)
			}
			return err
		}
	}
	return m.check(channels, g)
}

// check refuses intensities that are none.
func (m *Maker) check(channels, g int) error {
	for i, v := range m.Record.Intensity[:channels*g*g] {
		if v-v != 0 || v < 0 {
			return fmt.Errorf("intensity %g in channel %d at [%d, %d]: want a finite number ≥ 0", v, i/(g*g), i/g%g, i%g)
		}
	}
	return nil
}
