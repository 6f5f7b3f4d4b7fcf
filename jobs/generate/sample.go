// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/solver/line"
	"github.com/columen/columen/solver/ray"
	"github.com/columen/columen/solver/si"
	"github.com/columen/columen/solver/wind"
)

// rotation is an orthogonal matrix: R x is a point x of the model in the frame
// of the sample.
type rotation [3][3]float64

// faceOn leaves the model as it is: the axis of the orbit is the line of sight.
func faceOn() rotation { return rotation{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}} }

// uniform is a source of random numbers in [0, 1).
type uniform interface{ Float64() float64 }

// drawRotation returns a rotation from the uniform distribution on SO(3), by a
// uniform unit quaternion of three random numbers [Shoemake 1992, Uniform Random
// Rotations, Graphics Gems III, p. 124].
func drawRotation(u uniform) rotation {
	u1, u2, u3 := u.Float64(), 2*math.Pi*u.Float64(), 2*math.Pi*u.Float64()
	a, b := math.Sqrt(1-u1), math.Sqrt(u1)
	x, y, z, w := a*math.Sin(u2), a*math.Cos(u2), b*math.Sin(u3), b*math.Cos(u3)
	return rotation{
		{1 - 2*(y*y+z*z), 2 * (x*y - w*z), 2 * (x*z + w*y)},
		{2 * (x*y + w*z), 1 - 2*(x*x+z*z), 2 * (y*z - w*x)},
		{2 * (x*z - w*y), 2 * (y*z + w*x), 1 - 2*(x*x+y*y)},
	}
}

// maker makes samples, one at a time: the wind of formula at the centres of the
// cells, and its image. Use one per goroutine.
//
// Axes and signs are those of the original's files: the observer stands at
// z → −∞, so that the first cell along z is the nearest and v_z > 0 recedes (the
// view "-z" of package solver), and the image is [channel, x, y].
type maker struct {
	s               *scheme
	spans           wind.Spans
	cellM           float64
	kernel          ray.Kernel[float32]
	row             ray.Row[float32]
	out             ray.Result[float32]
	rec             *record
	cubing, solving time.Duration // spent so far
}

func newMaker(s *scheme, l *line.Line, frequenciesHz []float64) (*maker, error) {
	g := s.shape.Grid
	medium := ray.NewMedium(l)
	k, err := ray.New[float32](medium, medium.Offsets(frequenciesHz), ray.Limits{MaxCells: g})
	if err != nil {
		return nil, err
	}
	m := &maker{s: s, spans: wind.DefaultSpans(), cellM: cellSizeM(s), kernel: k, rec: newRecord(s.shape)}
	turbulence := make([]float32, g*g*g)
	for i := range turbulence {
		turbulence[i] = float32(s.cfg.Data.VTurbMS)
	}
	m.row = ray.Row[float32]{
		Density: m.rec.density, Temperature: m.rec.temperature, Velocity: m.rec.velocity, Turbulence: turbulence,
		Across: g, Step: 1, Rays: g, Cells: g, VelocitySign: 1, CellLength: m.cellM, NearFace: true, FarFace: true,
	}
	m.row.Ends = []int32{int32(m.row.Segments())}
	m.out = ray.Result[float32]{Transmission: make([]float32, len(m.rec.intensity)), Emission: m.rec.intensity, StrideRay: 1, StrideChannel: g * g}
	return m, nil
}

// cellSizeM is the edge of a cell [m].
func cellSizeM(s *scheme) float64 { return s.cfg.Data.BoxAU * si.AU / float64(s.shape.Grid) }

// model returns the wind of a sample and its rotation: functions of the seed,
// the number of the model and that of the rotation alone.
func (m *maker) model(sample int) (wind.Parameters, rotation, error) {
	d := m.s.cfg.Data
	number, view := uint64(sample/d.Rotations), uint64(sample%d.Rotations)
	p, _, err := wind.Draw(dataset.NewRandom(uint64(d.Seed), dataset.PurposeModel, 0, number), m.spans)
	if err != nil || m.s.kind() == dataset.FaceOn {
		return p, faceOn(), err
	}
	return p, drawRotation(dataset.NewRandom(uint64(d.Seed), dataset.PurposeView, view, number)), nil
}

// make fills the record with a sample.
func (m *maker) make(sample int) error {
	start := time.Now()
	p, r, err := m.model(sample)
	if err == nil {
		m.fill(p, r)
		m.rec.outlier = dataset.Outlier(m.rec.velocity)
		m.cubing += time.Since(start)
		start = time.Now()
		err = m.solve()
		m.solving += time.Since(start)
	}
	if err != nil {
		return fmt.Errorf("sample %d, rotation %d of model %s: %w", sample, sample%m.s.cfg.Data.Rotations, modelName(sample/m.s.cfg.Data.Rotations), err)
	}
	return nil
}

// fill evaluates the rotated wind at the centres of the cells: scalars at Rᵀx,
// and the z component of R v(Rᵀx).
func (m *maker) fill(p wind.Parameters, r rotation) {
	g, at := m.s.shape.Grid, 0
	center := func(i int) float64 { return (float64(i) - 0.5*float64(g-1)) * m.cellM }
	for i := range g {
		for j := range g {
			x, y := center(i), center(j)
			for k := range g {
				z := center(k)
				n, t, v := p.At(r[0][0]*x+r[1][0]*y+r[2][0]*z, r[0][1]*x+r[1][1]*y+r[2][1]*z, r[0][2]*x+r[1][2]*y+r[2][2]*z)
				m.rec.density[at], m.rec.temperature[at] = float32(n), float32(t)
				m.rec.velocity[at] = float32(r[2][0]*v[0] + r[2][1]*v[1] + r[2][2]*v[2])
				at++
			}
		}
	}
}

// solve computes the image of the cube in the record, without a background, as
// the original has it.
func (m *maker) solve() error {
	g, channels := m.s.shape.Grid, m.s.shape.Channels
	out := m.out
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
	for i, v := range m.rec.intensity[:channels*g*g] {
		if v-v != 0 || v < 0 {
			return fmt.Errorf("intensity %g in channel %d at [%d, %d]: want a finite number ≥ 0", v, i/(g*g), i/g%g, i%g)
		}
	}
	return nil
}
