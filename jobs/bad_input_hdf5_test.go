// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package main

import (
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/columen/columen/internal/h5"
	"github.com/columen/columen/solver/cubefile"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/si"
)

// cubeCells is the mesh of the cube files that these tests write; a file of one
// field has 8·6·5·4 bytes of data.
func cubeCells() [3]int { return [3]int{6, 5, 4} }

// goodCube is a cube of warm gas.
func goodCube() *grid.Cube[float64] {
	m := grid.Mesh{Cells: cubeCells()}
	for a := range m.Box.Min {
		m.Box.Min[a], m.Box.Max[a] = -10*si.AU, 10*si.AU
	}
	c := grid.NewCube[float64](m, m.Full())
	for i := range c.Density {
		c.Density[i], c.Temperature[i], c.Turbulence[i] = 1e9, 50, 200
		for a := range c.Velocity {
			c.Velocity[a][i] = 100 * float64(a)
		}
	}
	return c
}

// cubeWith writes a cube file w.h5 after a change, and a configuration that
// images it.
func cubeWith(change func(c *grid.Cube[float64])) func(*testing.T, folder) {
	return func(t *testing.T, f folder) {
		c := goodCube()
		change(c)
		if err := cubefile.Write(f.path("w.h5"), c, cubefile.Meta{}); err != nil {
			t.Fatal(err)
		}
		f.write(t, "from_cube.toml", fromCubeConfig("w.h5"))
	}
}

// layout is a cube file written by hand.
type layout struct {
	schema, units, unitOfCO, species string
	shape                            map[string][]int // of datasets that differ
	without                          []string
}

// cubeLike writes a file that is nearly a cube file.
func cubeLike(change func(l *layout)) func(*testing.T, folder) {
	return func(t *testing.T, f folder) {
		l := layout{"columen-cube-1", "SI", "m-3", "CO", map[string][]int{}, nil}
		change(&l)
		f.write(t, "from_cube.toml", fromCubeConfig("w.h5"))
		if err := l.write(f.path("w.h5")); err != nil {
			t.Fatal(err)
		}
	}
}

func (l layout) write(path string) error {
	file, err := h5.Create(path)
	if err != nil {
		return err
	}
	attribute := func(name, value string) error {
		if value == "" {
			return nil
		}
		return file.SetString("/", name, value)
	}
	err = errors.Join(attribute("schema", l.schema), attribute("units", l.units), attribute("species", l.species))
	if !slices.Contains(l.without, "box") {
		err = errors.Join(err, file.SetFloats("/", "box_min_m", -1e12, -1e12, -1e12), file.SetFloats("/", "box_max_m", 1e12, 1e12, 1e12))
	}
	for _, d := range [][2]string{{"CO", l.unitOfCO}, {"temperature", "K"}, {"velocity_x", "m s-1"}, {"velocity_y", "m s-1"}, {"velocity_z", "m s-1"}, {"v_turb", "m s-1"}} {
		name, unit := d[0], d[1]
		if slices.Contains(l.without, name) {
			continue
		}
		shape, n := []int{6, 5, 4}, 1
		if other, ok := l.shape[name]; ok {
			shape = other
		}
		for _, edge := range shape {
			n *= edge
		}
		err = errors.Join(err, h5.Write(file, name, shape, slices.Repeat([]float64{100}, n)), file.SetString(name, "units", unit))
	}
	return errors.Join(err, file.Close())
}

// badHDF5 are cube files that are none, or no good ones.
func badHDF5() []badInput {
	from := func(name string, prepare func(*testing.T, folder), parts ...string) badInput {
		return badInput{name: name, line: []string{"solve", "from_cube.toml"}, code: 1, prepare: prepare, parts: append([]string{"columen solve: ", "w.h5"}, parts...)}
	}
	value := func(name string, change func(c *grid.Cube[float64]), parts ...string) badInput {
		return from("cube "+name, cubeWith(change), append(parts, "cell [3, 2, 1]")...)
	}
	const cell = (3*5+2)*4 + 1
	raw := func(name, data string, parts ...string) badInput {
		return from("cube "+name, func(t *testing.T, f folder) {
			f.write(t, "from_cube.toml", fromCubeConfig("w.h5"))
			f.write(t, "w.h5", data)
		}, parts...)
	}
	return append(badMagritte(), []badInput{
		value("not a number", func(c *grid.Cube[float64]) { c.Density[cell] = math.NaN() }, "density = NaN", "want"),
		value("negative density", func(c *grid.Cube[float64]) { c.Density[cell] = -5 }, "density = -5", "not negative"),
		value("negative temperature", func(c *grid.Cube[float64]) { c.Temperature[cell] = -10 }, "temperature = -10", "want 0.5 to", "K"),
		value("no temperature", func(c *grid.Cube[float64]) { c.Temperature[cell] = 0 }, "temperature = 0", "want 0.5 to", "K"),
		value("temperature not a number", func(c *grid.Cube[float64]) { c.Temperature[cell] = math.NaN() }, "temperature = NaN", "want 0.5 to", "K"),
		value("temperature out of the table", func(c *grid.Cube[float64]) { c.Temperature[cell] = 1e8 }, "temperature = 1e+08", "want 0.5 to", "K"),
		value("negative turbulence", func(c *grid.Cube[float64]) { c.Turbulence[cell] = -1 }, "v_turb = -1", "want"),
		value("infinite velocity", func(c *grid.Cube[float64]) { c.Velocity[1][cell], c.Velocity[2][cell] = math.Inf(1), math.Inf(1) }, "velocity", "Inf", "want"),
		from("cube without velocity", cubeWith(func(c *grid.Cube[float64]) { c.Velocity[1] = nil }), "velocity_y", "missing"),
		from("cube with v_z only, seen obliquely", func(t *testing.T, f folder) {
			cubeWith(func(c *grid.Cube[float64]) { c.Velocity[0], c.Velocity[1] = nil, nil })(t, f)
			f.edit(t, "from_cube.toml", `axis = "+z"`, "inclination_deg = 60.0\nazimuth_deg = 20.0")
			f.edit(t, "from_cube.toml", `axis = "-y"`, `axis = "-z"`)
		}, "velocity_x", "missing"),
		from("cube without schema", cubeLike(func(l *layout) { l.schema = "" }), "no attribute schema", "COEmuNet"),
		from("cube of another schema", cubeLike(func(l *layout) { l.schema = "columen-cube-9" }), `"columen-cube-9"`, `want "columen-cube-1"`),
		from("cube without box", cubeLike(func(l *layout) { l.without = []string{"box"} }), "box_min_m"),
		from("cube without temperature", cubeLike(func(l *layout) { l.without = []string{"temperature"} }), "dataset temperature is missing"),
		from("cube of wrong units", cubeLike(func(l *layout) { l.unitOfCO = "cm-3" }), "units of CO", `"cm-3"`, `want "m-3"`),
		from("cube not in SI", cubeLike(func(l *layout) { l.units = "cgs" }), `"cgs"`, `want "SI"`),
		from("cube of two shapes", cubeLike(func(l *layout) { l.shape["v_turb"] = []int{6, 5, 3} }), "dataset v_turb", "[6 5 3]", "want [6 5 4]"),
		from("cube of a plane", cubeLike(func(l *layout) { l.shape["CO"] = []int{6, 20} }), "dataset CO", "[6 20]", "want [nx, ny, nz]"),
		raw("a text", "not a cube\n", "HDF5"),
		raw("empty", "", "HDF5"),
		raw("of a signature", "\x89HDF\r\n\x1a\n", "unable to read superblock"),
		from("cube cut", func(t *testing.T, f folder) {
			cubeWith(func(*grid.Cube[float64]) {})(t, f)
			if err := os.Truncate(f.path("w.h5"), 4000); err != nil {
				t.Fatal(err)
			}
		}, "truncated"),
		{name: "units for a cube file", line: []string{"solve", "from_cube.toml"}, prepare: func(t *testing.T, f folder) {
			cubeWith(func(*grid.Cube[float64]) {})(t, f)
			f.edit(t, "from_cube.toml", "[line]", "[cube]\ncells = [8, 8, 8]\nco_per_h2 = 1e-4\nv_turb_ms = 1.0\n[line]")
		}, parts: []string{"from_cube.toml: cube", "given together with model.cube", "allowed: "}},
		{name: "more ranks than cells of a cube file", line: []string{"solve", "from_cube.toml", "--set", "parallel.ranks=[1,1,7]"},
			prepare: cubeWith(func(*grid.Cube[float64]) {}), parts: []string{"parallel.ranks = [1, 1, 7]", "7 ranks"}},
		{name: "cube of a cube", line: []string{"cube", "cube.toml", "--set", "model.cube=wind.dat"}, parts: []string{"model.cube", "allowed: "}},
		{name: "more cells than memory to cube", job: "cube", args: set("cube.cells=[8192,8192,8192]"), parts: []string{"cube.cells = [8192", "GB", "allowed: "}},
		{name: "region outside the box to cube", job: "cube", args: set("cube.region_min_au=[-30,-10,-10]", "cube.region_max_au=[10,10,10]"), parts: []string{"cube.region_min_au", "-30", "allowed: a region inside"}},
		{name: "inspect a file of neither kind", line: []string{"inspect", "w.h5"}, code: 1, prepare: cubeLike(func(l *layout) { l.schema = "" }), parts: []string{"columen inspect: no image file: ", "and no cube file: ", "w.h5"}},
		{name: "image as model", line: []string{"solve", "from_cube.toml"}, code: 1, prepare: func(t *testing.T, f folder) {
			f.succeed(t, "solve", "solve.toml", "--out", "images", "--set", `output.formats=["hdf5"]`)
			f.write(t, "from_cube.toml", fromCubeConfig("images/w.pole.h5"))
		}, parts: []string{"images/w.pole.h5", `"columen-image-1"`, `want "columen-cube-1"`}},
		{name: "bad first line of a long file", line: []string{"inspect", "it"}, code: 1, prepare: text("it", "\x89HDF\r\n\x1a\n"+strings.Repeat("x", 100)), parts: []string{"it"}},
	}...)
}
