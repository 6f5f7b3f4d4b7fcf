// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"errors"
	"fmt"
	"time"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/solver/line"
	"github.com/columen/columen/solver/ray"
	"github.com/columen/columen/solver/si"
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
	// fill makes the cube of a sample.
	fill(sample int, c *cube) error
}

// maker makes samples, one at a time: the cube, and its image. Use one per
// goroutine.
//
// Axes and signs are those of the original's files: the observer stands at
// z → −∞, so that the first cell along z is the nearest and v_z > 0 recedes (the
// view "-z" of package solver), and the image is [channel, x, y].
type maker struct {
	s               *scheme
	gas             gas
	cube            *cube
	rec             *record
	turbulence      []float32
	kernel          ray.Kernel[float32] // nil with the published solution
	row             ray.Row[float32]
	out             ray.Result[float32]
	published       *publishedSolution
	cubing, solving time.Duration // spent so far
}

// newMaker returns a maker of the task.
func (t *task) newMaker() (*maker, error) {
	from := &mixed{s: t.scheme, winds: newWinds(t.scheme)}
	if t.library != nil {
		from.snapshots = newSnapshots(t.scheme, t.library)
	}
	return makerOf(t.scheme, from, t.line, t.frequencies)
}

// mixed takes each sample from where its model comes from.
type mixed struct {
	s         *scheme
	winds     *winds
	snapshots *snapshots
}

func (m *mixed) fill(sample int, c *cube) error {
	if _, is := m.s.snapshot(sample / m.s.cfg.Data.Rotations); is {
		return m.snapshots.fill(sample, c)
	}
	return m.winds.fill(sample, c)
}

func makerOf(s *scheme, from gas, l *line.Line, frequenciesHz []float64) (*maker, error) {
	g := s.shape.Grid
	m := &maker{s: s, gas: from, cube: newCube(g * g * g), rec: newRecord(s.shape)}
	if s.quirks.PublishedSolution {
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
		Density: m.rec.density, Temperature: m.rec.temperature, Velocity: m.rec.velocity, Turbulence: m.turbulence,
		Across: g, Step: 1, Rays: g, Cells: g, VelocitySign: 1, NearFace: true, FarFace: true,
	}
	m.row.Ends = []int32{int32(m.row.Segments())}
	m.out = ray.Result[float32]{Transmission: make([]float32, len(m.rec.intensity)), Emission: m.rec.intensity, StrideRay: 1, StrideChannel: g * g}
	return m, nil
}

// cellSizeM is the edge of a cell [m], or 0 where it differs between samples.
func cellSizeM(s *scheme) float64 { return s.cfg.Data.BoxAU * si.AU / float64(s.shape.Grid) }

// make fills the record with a sample.
func (m *maker) make(sample int) error {
	start := time.Now()
	err := m.gas.fill(sample, m.cube)
	if err == nil {
		m.narrow()
		m.rec.outlier = dataset.Outlier(m.rec.velocity)
		m.cubing += time.Since(start)
		start = time.Now()
		err = m.solve()
		m.solving += time.Since(start)
	}
	if err != nil {
		each := m.s.cfg.Data.Rotations
		return fmt.Errorf("sample %d, rotation %d of model %s: %w", sample, sample%each, m.s.modelName(sample/each), err)
	}
	return nil
}

// narrow puts the cube into the record.
func (m *maker) narrow() {
	for i, n := range m.cube.density {
		m.rec.density[i], m.rec.temperature[i], m.rec.velocity[i] = float32(n), float32(m.cube.temperature[i]), float32(m.cube.velocity[i])
	}
	for i := range m.turbulence {
		m.turbulence[i] = float32(m.cube.turbulence[i])
	}
}

// solve computes the image of the cube, without a background, as the original
// has it.
func (m *maker) solve() error {
	g, channels := m.s.shape.Grid, m.s.shape.Channels
	if m.published != nil {
		m.published.solve(m.cube)
		for i, v := range m.published.image {
			m.rec.intensity[i] = float32(v)
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
func (m *maker) check(channels, g int) error {
	for i, v := range m.rec.intensity[:channels*g*g] {
		if v-v != 0 || v < 0 {
			return fmt.Errorf("intensity %g in channel %d at [%d, %d]: want a finite number ≥ 0", v, i/(g*g), i/g%g, i%g)
		}
	}
	return nil
}
