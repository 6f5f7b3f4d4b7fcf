// SPDX-License-Identifier: BSD-3-Clause

package evaluate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/metric"
	"github.com/columen/columen/jobs/internal/model"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/solver/cubefile"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/image"
	"github.com/columen/columen/solver/line"
	"github.com/columen/columen/solver/ray"
)

// course is where methods image the same cubes, from file to file.
type course struct {
	dir    string // of the cubes and the images, removed in the end
	cubes  []string
	line   *line.Line
	medium ray.Medium
	mesh   grid.Mesh
}

// contender is a method and what it has done.
type contender struct {
	method
	offer
	batch  int
	loops  int // over the cubes in a timed pass, so that it is long enough for the clock
	passes []effort
	images [][]float64 // of the first pass
}

// effort is the time of an image [s]: by the clock, and of all cores; files is
// the part of reading the cube and writing the image.
type effort struct{ wall, cores, filesWall, filesCores float64 }

// passLeast is the least duration of a timed pass: a hundred times the grain of
// the processor's accounts.
const passLeast = 0.1

// race measures all methods on the same held-out cubes.
func (t *task) race(ctx context.Context) (*comparison, error) {
	fixed, err := t.spent()
	if err != nil {
		return nil, err
	}
	c, err := t.layOut()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(c.dir) // what stays behind has a hidden name
	contenders, err := t.contenders(c)
	if err != nil {
		return nil, err
	}
	bar := t.env.Progress("compare", int64(len(contenders)*(1+t.cfg.Compare.Repeats)))
	for repeat := range 1 + t.cfg.Compare.Repeats {
		for _, x := range contenders {
			if err := t.env.Check(ctx); err != nil {
				return nil, err
			}
			if err := t.pass(c, x, repeat == 0); err != nil {
				return nil, fmt.Errorf("compare: %s: %w", x.Name, err)
			}
			bar.Add(1)
		}
	}
	t.env.Manifest.AddPhase("compare", bar.Done())
	if err := t.judge(contenders); err != nil {
		return nil, err
	}
	return t.tabulate(contenders, fixed), nil
}

// layOut writes held-out samples as cube files, in single precision as the data
// set has them.
func (t *task) layOut() (*course, error) {
	m := t.manifest
	if m.CellSizeM == 0 {
		return nil, t.problem("data.manifest", strconv.Quote(t.cfg.Data.Manifest), "the cells of the data set differ in size, so the solver cannot image its samples", "a data set of one cell size, or no [compare]")
	}
	label := configs.Line{Molecule: t.cfg.Compare.Molecule, Transition: configs.Transition{Label: m.Transition}}
	l, err := model.Line(t.env.Args[0], label)
	if err != nil {
		return nil, err
	}
	if l.Species != m.Species {
		return nil, t.problem("compare.molecule", strconv.Quote(t.cfg.Compare.Molecule), fmt.Sprintf("%s, but the data set is of %s", l.Species, m.Species), "line data of the molecule of the data set")
	}
	side := float64(m.Grid) * m.CellSizeM
	mesh := grid.Mesh{Box: grid.Box{Max: [3]float64{side, side, side}}, Cells: [3]int{m.Grid, m.Grid, m.Grid}}
	c := &course{line: l, medium: ray.NewMedium(l), mesh: mesh}
	if c.dir, err = os.MkdirTemp(t.cfg.Output.Dir, "."+t.cfg.Output.Name+".compare-*"); err != nil {
		return nil, err
	}
	samples := min(t.cfg.Compare.Samples, t.held.Len())
	for i := range samples {
		path := filepath.Join(c.dir, fmt.Sprintf("%d.h5", i))
		if err := t.writeCube(path, i*t.held.Len()/samples, mesh); err != nil {
			os.RemoveAll(c.dir)
			return nil, err
		}
		c.cubes = append(c.cubes, path)
	}
	return c, nil
}

// writeCube writes a held-out sample in physical units.
func (t *task) writeCube(path string, sample int, mesh grid.Mesh) error {
	input, output := make([]float32, t.shape.InputLen()), make([]float32, t.shape.OutputLen())
	if err := t.held.Read(sample, input, output); err != nil {
		return err
	}
	n := mesh.NumCells()
	v, temperature, density := make([]float64, n), make([]float64, n), make([]float64, n)
	t.manifest.Normalization.Fields(v, temperature, density, input)
	cube := &grid.Cube[float32]{Mesh: mesh, Block: mesh.Full(), Turbulence: slices.Repeat([]float32{float32(t.manifest.VTurbMS)}, n)}
	for _, f := range []struct {
		to   *[]float32
		from []float64
	}{{&cube.Density, density}, {&cube.Temperature, temperature}, {&cube.Velocity[2], v}} {
		for _, x := range f.from {
			*f.to = append(*f.to, float32(x))
		}
	}
	return cubefile.Write(path, cube, cubefile.Meta{Species: t.manifest.Species})
}

// pass lets a contender image all cubes, once to warm up and find out how long it
// takes, and then often enough to be timed.
func (t *task) pass(c *course, x *contender, first bool) error {
	var sum effort
	loops := max(x.loops, 1)
	for range loops {
		for from := 0; from < len(c.cubes); from += x.batch {
			e, err := t.batch(c, x, c.cubes[from:min(from+x.batch, len(c.cubes))], first)
			if err != nil {
				return err
			}
			sum.wall, sum.cores = sum.wall+e.wall, sum.cores+e.cores
			sum.filesWall, sum.filesCores = sum.filesWall+e.filesWall, sum.filesCores+e.filesCores
		}
	}
	if first {
		x.loops = int(passLeast/max(sum.wall, 1e-6)) + 1
		return nil
	}
	n := float64(loops * len(c.cubes))
	x.passes = append(x.passes, effort{sum.wall / n, sum.cores / n, sum.filesWall / n, sum.filesCores / n})
	return nil
}

// batch reads some cubes, makes their images and writes them.
func (t *task) batch(c *course, x *contender, cubes []string, keep bool) (effort, error) {
	var marks [4]struct{ wall, cores float64 }
	start := time.Now()
	mark := func(i int) { marks[i].wall, marks[i].cores = time.Since(start).Seconds(), run.CoreSeconds() }
	mark(0)
	for slot, path := range cubes {
		if err := x.read(slot, path); err != nil {
			return effort{}, err
		}
	}
	mark(1)
	if err := x.compute(len(cubes)); err != nil {
		return effort{}, err
	}
	mark(2)
	for slot := range cubes {
		if err := t.writeImage(c, x.intensity(slot)); err != nil {
			return effort{}, err
		}
	}
	mark(3)
	if keep {
		for slot := range cubes {
			x.images = append(x.images, slices.Clone(x.intensity(slot)))
		}
	}
	e := effort{wall: marks[3].wall - marks[0].wall, cores: marks[3].cores - marks[0].cores}
	e.filesWall = e.wall - (marks[2].wall - marks[1].wall)
	e.filesCores = e.cores - (marks[2].cores - marks[1].cores)
	return e, nil
}

// writeImage writes an image as columen solve and columen emulate do.
func (t *task) writeImage(c *course, intensity []float64) error {
	m := t.manifest
	return image.WriteHDF5(filepath.Join(c.dir, "image.h5"), &image.Image{
		ModelName: "held-out", Species: m.Species, Transition: m.Transition, ViewName: "compare", AxisX: "+y", AxisY: "+x", AxisLOS: "-z",
		RestFrequencyHz: c.line.RestFrequencyHz, FrequenciesHz: m.FrequenciesHz, NX: m.Grid, NY: m.Grid,
		PixelSizeM: [2]float64{m.CellSizeM, m.CellSizeM}, Intensity: intensity,
	}, 32)
}

// judge measures the images against those of the first contender, with the ruler
// of the data set: what is too faint for it counts as its floor.
func (t *task) judge(contenders []*contender) error {
	shape := metric.Images{Batch: 1, Frequencies: t.shape.Channels, Height: t.shape.Grid, Width: t.shape.Grid}
	for _, x := range contenders {
		for _, img := range x.images {
			if err := t.manifest.Normalization.Floor(img); err != nil {
				return fmt.Errorf("compare: %s: %w", x.Name, err)
			}
		}
	}
	for _, x := range contenders {
		var all []float64
		for i, img := range x.images {
			one, err := metric.MaxRel(shape, contenders[0].images[i], img)
			if err != nil {
				return err
			}
			all = append(all, one...)
		}
		var err error
		if x.MaxRel, err = metric.LowerMedian(all); err != nil {
			return err
		}
	}
	return nil
}

// problem is an error of the configuration that only the inputs bring to light.
func (t *task) problem(field, value, reason, allowed string) error {
	return &configs.Error{Problems: []configs.Problem{{File: t.env.Args[0], Field: field, Value: value, Reason: reason, Allowed: allowed}}}
}
