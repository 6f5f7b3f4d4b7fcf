// SPDX-License-Identifier: BSD-3-Clause

package configs

// Turn rotates a model before it becomes a cube.
type Turn struct {
	Kind      string      `toml:"kind" unit:"-" allow:"angles|uniform|axis_angle" doc:"angles: by angles_deg; uniform: at random, uniform over all rotations; axis_angle: at random as in the published data sets, a uniform angle about a uniform axis"`
	AnglesDeg *[3]float64 `toml:"angles_deg" unit:"deg" need:"no" allow:"-360..360" doc:"Inclination, azimuth and position angle of the camera whose view is then the view +z"`
	Seed      int         `toml:"seed" unit:"-" default:"1" allow:">=0" doc:"Seed of a rotation at random"`
	Number    int         `toml:"number" unit:"-" default:"0" allow:">=0" doc:"Which of the rotations of the seed"`
	About     string      `toml:"about" unit:"-" default:"\"center\"" allow:"center|origin" doc:"What stays where it is: the centre of the cube, or the origin of the model as in the published data sets"`
}

func (t *Turn) validate(r *report) {
	switch {
	case t == nil:
	case t.Kind == "angles" && t.AnglesDeg == nil:
		r.missing("cube.rotation.angles_deg", "a list of 3, which kind = \"angles\" needs [deg]")
	case (t.Kind == "uniform" || t.Kind == "axis_angle") && t.AnglesDeg != nil:
		r.add("cube.rotation.angles_deg", text(*t.AnglesDeg), "given together with kind = "+text(t.Kind), `angles only with kind = "angles"`)
	}
}

// validateMethod checks what can be checked before the model is open.
func (c *Cubing) validateMethod(r *report) {
	if c.Method == "average" && c.Rotation != nil {
		r.add("cube.method", text(c.Method), "an average of cells that are turned is not conservative", "haar, sph or nearest with [cube.rotation]")
	}
	n := c.Cells[0]
	if c.Method == "haar" && n > 0 && c.Cells[1] > 0 && c.Cells[2] > 0 && (n&(n-1) != 0 || n > 1024 || c.Cells != [3]int{n, n, n}) {
		r.add("cube.cells", text(c.Cells), `method = "haar" has nested cells`, "the same power of two along each axis, at most 1024")
	}
	c.Rotation.validate(r)
}
