// SPDX-License-Identifier: BSD-3-Clause

package emulate

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/model"
	"github.com/columen/columen/solver/grid"
)

// subject is a model that is to be imaged, on the mesh of the training.
type subject struct {
	name, path string
	mesh       grid.Mesh
	cube       *grid.Cube[float64]
}

// modelOf is the model of a file of the list.
func (t *task) modelOf(path string) configs.Model {
	m := t.cfg.Model
	if t.cfg.Cube != nil { // which only snapshots need
		m.Snapshot = path
	} else {
		m.Cube = path
	}
	return m
}

// loadFile opens a file of the list, reads it and closes it.
func (t *task) loadFile(path string) (*subject, error) {
	s, err := model.Open(t.env.Args[0], t.modelOf(path), t.cfg.Cube)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	s.Threads = t.env.Threads
	if err := t.admitMesh(s); err != nil {
		return nil, err
	}
	return t.load(s)
}

// load reads a model onto the mesh of the training.
func (t *task) load(s *model.Source) (*subject, error) {
	cube, err := model.Load[float64](s, s.Mesh.Full(), [3]bool{true, true, true}, nil)
	if err != nil {
		return nil, err
	}
	if err := t.admitTurbulence(s, cube); err != nil {
		return nil, err
	}
	if of := s.Species(); of != t.net.Card.Data.Species {
		t.env.Log.Warn("the model gives the density of another molecule than the training: it is taken as that of the training's", "file", s.Path, "model", of, "training", t.net.Card.Data.Species)
	}
	if t.misfit(s.Mesh) != nil { // and resampling is allowed
		if cube, err = t.resampled(s, cube); err != nil {
			return nil, err
		}
	}
	return &subject{name: s.Name, path: s.Path, mesh: cube.Mesh, cube: cube}, nil
}

// resampled averages a cube onto the mesh of the training and tells what of it
// lies outside.
func (t *task) resampled(s *model.Source, cube *grid.Cube[float64]) (*grid.Cube[float64], error) {
	data := &t.net.Card.Data
	to := trainingMesh(s.Mesh.Box, data.Grid, data.CellSizeM)
	out, err := resample(cube, to)
	if err != nil {
		field, value := t.field(s)
		return nil, t.problem(field, value, err.Error(), fmt.Sprintf("a model of at least %.6g m along each edge", to.Box.Size()[0]))
	}
	molecules := func(c *grid.Cube[float64]) (sum float64) {
		for _, n := range c.Density {
			sum += n
		}
		size := c.Mesh.CellSize()
		return sum * size[0] * size[1] * size[2]
	}
	t.env.Log.Info("resampled", "file", s.Path, "from_cells", fmt.Sprint(s.Mesh.Cells), "from_cell_m", fmt.Sprintf("%.4g", s.Mesh.CellSize()),
		"to_cell_m", fmt.Sprintf("%.4g", data.CellSizeM), "mass_inside", fmt.Sprintf("%.4f", molecules(out)/max(molecules(cube), 1e-300)))
	for _, size := range s.Mesh.CellSize() {
		if size > 1.01*data.CellSizeM {
			t.env.Log.Warn("the cells of the model are larger than those of the training: the network sees steps that it was not trained on", "file", s.Path, "cell_m", size, "training_m", data.CellSizeM)
			break
		}
	}
	return out, nil
}

// field names the key behind the cells of a model.
func (t *task) field(s *model.Source) (field, value string) {
	switch {
	case t.cfg.Many != nil:
		return "inputs.files", strconv.Quote(s.Path)
	case t.cfg.Cube == nil:
		return "model.cube", strconv.Quote(s.Path)
	}
	return "cube.cells", fmt.Sprint(t.cfg.Cube.Cells)
}

// problem is an error of the configuration that only the inputs bring to light.
func (t *task) problem(field, value, reason, allowed string) error {
	return &configs.Error{Problems: []configs.Problem{{File: t.env.Args[0], Field: field, Value: value, Reason: reason, Allowed: allowed}}}
}

// misfit returns why a mesh is not that of the training.
func (t *task) misfit(mesh grid.Mesh) error {
	g := t.net.Card.Data.Grid
	if mesh.Cells != [3]int{g, g, g} {
		return fmt.Errorf("%v cells for a network of grid %d", mesh.Cells, g)
	}
	for _, size := range mesh.CellSize() {
		if err := t.net.Card.Data.Admit(size, t.net.Card.Data.VTurbMS); err != nil {
			return err
		}
	}
	return nil
}

// admitMesh refuses a mesh that the network was not trained on, unless it may be
// resampled.
func (t *task) admitMesh(s *model.Source) error {
	data := &t.net.Card.Data
	err := t.misfit(s.Mesh)
	if err == nil || t.cfg.Fit.Resample == "yes" && data.CellSizeM > 0 {
		return nil
	}
	field, value := t.field(s)
	return t.problem(field, value, err.Error(), fmt.Sprintf("a cube of [%d, %d, %d] cubic cells of %g m, or fit.resample = \"yes\"", data.Grid, data.Grid, data.Grid, data.CellSizeM))
}

// admitTurbulence refuses line widths that the network was not trained on.
// Nothing can be done about them: a width is no matter of the mesh, and another
// temperature that gives the same width would give other populations.
func (t *task) admitTurbulence(s *model.Source, cube *grid.Cube[float64]) error {
	for _, v := range []float64{slices.Min(cube.Turbulence), slices.Max(cube.Turbulence)} {
		if err := t.net.Card.Data.Admit(t.net.Card.Data.CellSizeM, v); err != nil {
			field, value := t.field(s)
			if t.cfg.Cube != nil && t.cfg.Cube.VTurbMS != nil {
				field, value = "cube.v_turb_ms", fmt.Sprint(*t.cfg.Cube.VTurbMS)
			}
			return t.problem(field, value, err.Error(), fmt.Sprintf("%g m/s in every cell", t.net.Card.Data.VTurbMS))
		}
	}
	return nil
}
