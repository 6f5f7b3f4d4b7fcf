// SPDX-License-Identifier: BSD-3-Clause

package evaluate

import (
	"errors"
	"fmt"
	"sync"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/solver/cubefile"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/ray"
)

// method makes images of cube files, some at once. Axes are those of the data
// set: the observer stands at z → −∞ and images are [channel, x, y].
type method interface {
	read(slot int, path string) error
	compute(slots int) error
	intensity(slot int) []float64 // valid until the next compute
}

// readCube reads what both solver and network need.
func readCube[T grid.Float](path string) (*grid.Cube[T], error) {
	f, err := cubefile.Open(path)
	if err != nil {
		return nil, err
	}
	c, err := cubefile.Read[T](f, f.Mesh().Full(), [3]bool{false, false, true})
	return c, errors.Join(err, f.Close())
}

// setting is a way to use the solver.
type setting struct {
	kernel  string // of package ray
	threads int
	coarse  int  // cells of the cube along an edge for one of the solver
	linear  bool // how a coarse image is scaled up
}

// imager is the solver at a setting, one cube at a time.
type imager[T grid.Float] struct {
	setting
	grid, channels int // of the cube and of the image
	kernels        []ray.Kernel[T]
	cube           *grid.Cube[T]
	small          *grid.Cube[T] // coarse
	transmission   []T
	emission       []T
	image          []float64
}

func newImager[T grid.Float](s setting, medium ray.Medium, frequenciesHz []float64, mesh grid.Mesh) (*imager[T], error) {
	m := &imager[T]{setting: s, grid: mesh.Cells[0], channels: len(frequenciesHz)}
	h := m.grid / s.coarse
	for range s.threads {
		k, err := ray.Named[T](s.kernel, medium, medium.Offsets(frequenciesHz), ray.Limits{MaxCells: h})
		if err != nil {
			return nil, err
		}
		m.kernels = append(m.kernels, k)
	}
	if s.coarse > 1 {
		mesh.Cells = [3]int{h, h, h}
		m.small = grid.NewCube[T](mesh, mesh.Full())
	}
	m.transmission, m.emission = make([]T, m.channels*h*h), make([]T, m.channels*h*h)
	m.image = make([]float64, m.channels*m.grid*m.grid)
	return m, nil
}

func (m *imager[T]) read(_ int, path string) (err error) {
	m.cube, err = readCube[T](path)
	return err
}

func (m *imager[T]) intensity(int) []float64 { return m.image }

// compute images the cube, rows of pixels shared out over the threads.
func (m *imager[T]) compute(int) error {
	cube := m.cube
	if m.coarse > 1 {
		coarsen(m.small, cube, m.grid, m.coarse)
		cube = m.small
	}
	h := m.grid / m.coarse
	failures := make([]error, m.threads)
	share := func(k int) { failures[k] = m.rows(cube, m.kernels[k], h*k/m.threads, h*(k+1)/m.threads) }
	if m.threads == 1 {
		share(0)
	} else {
		var wg sync.WaitGroup
		for k := range m.threads {
			wg.Go(func() { share(k) })
		}
		wg.Wait()
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	if m.coarse > 1 {
		enlarge(m.image, m.emission, m.channels, m.grid, m.coarse, m.linear)
		return nil
	}
	for i, v := range m.emission {
		m.image[i] = float64(v)
	}
	return nil
}

// rows images the rows [lo, hi) of pixels along x, without a background.
func (m *imager[T]) rows(c *grid.Cube[T], kernel ray.Kernel[T], lo, hi int) error {
	h := c.Mesh.Cells[0]
	r := ray.Row[T]{
		Density: c.Density, Temperature: c.Temperature, Velocity: c.Velocity[2], Turbulence: c.Turbulence,
		Across: h, Step: 1, Rays: h, Cells: h, VelocitySign: 1, CellLength: c.Mesh.CellSize()[2], NearFace: true, FarFace: true,
	}
	r.Ends = []int32{int32(r.Segments())}
	for x := lo; x < hi; x++ {
		r.Origin = x * h * h
		out := ray.Result[T]{Transmission: m.transmission[x*h:], Emission: m.emission[x*h:], StrideRay: 1, StrideChannel: h * h}
		if _, err := kernel.Integrate(&r, &out); err != nil {
			return fmt.Errorf("pixels at x = %d: %w", x, err)
		}
	}
	return nil
}

// emulated is the network, a batch at a time, from physical fields to physical
// intensities.
type emulated struct {
	shape   dataset.Shape
	nm      dataset.Normalization
	predict dataset.Predictor
	cubes   []*grid.Cube[float32]
	input   []float32
	image   []float64
}

func newEmulated(shape dataset.Shape, nm dataset.Normalization, predict dataset.Predictor, batch int) *emulated {
	return &emulated{shape: shape, nm: nm, predict: predict, cubes: make([]*grid.Cube[float32], batch),
		input: make([]float32, batch*shape.InputLen()), image: make([]float64, batch*shape.OutputLen())}
}

func (m *emulated) read(slot int, path string) (err error) {
	m.cubes[slot], err = readCube[float32](path)
	return err
}

func (m *emulated) intensity(slot int) []float64 {
	n := m.shape.OutputLen()
	return m.image[slot*n : (slot+1)*n]
}

func (m *emulated) compute(slots int) error {
	n := m.shape.InputLen()
	for i, c := range m.cubes[:slots] {
		if err := dataset.NormalizeInput(m.nm, m.input[i*n:(i+1)*n], c.Velocity[2], c.Temperature, c.Density); err != nil {
			return err
		}
	}
	y, err := m.predict(m.input[:slots*n])
	if err != nil {
		return err
	}
	m.nm.Intensity(m.image[:len(y)], y)
	return nil
}
