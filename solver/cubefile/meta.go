// SPDX-License-Identifier: BSD-3-Clause

package cubefile

import (
	"fmt"
	"strings"

	"github.com/columen/columen/solver/grid"
)

// Schema is the name and version of the format.
const Schema = "columen-cube-1"

// DefaultSpecies names the density dataset where Meta leaves it open.
const DefaultSpecies = "CO"

// KeyValue is one entry of a file's provenance.
type KeyValue struct {
	Key, Value string
}

// Meta is what a cube file says beside its fields.
type Meta struct {
	Species    string     // name of the molecule and of the density dataset; "" is "CO"
	Provenance []KeyValue // e.g. config digest, input file, version; keys are unique
}

// The fixed names of a cube file.
const (
	attrSchema  = "schema"
	attrSpecies = "species"
	attrBoxMin  = "box_min_m"
	attrBoxMax  = "box_max_m"
	attrUnits   = "units"
	unitsValue  = "SI"
)

// fieldCount is the number of fields of a cube.
const fieldCount = 6

// The fields in the order of files and of fieldsOf.
const (
	density = iota
	temperature
	velocityX
	velocityY
	velocityZ
	turbulence
)

// field is the name and unit of a dataset.
type field struct{ name, unit string }

// fields returns the datasets of a cube of the given species.
func fields(species string) [fieldCount]field {
	return [fieldCount]field{
		{species, "m-3"},
		{"temperature", "K"},
		{"velocity_x", "m s-1"},
		{"velocity_y", "m s-1"},
		{"velocity_z", "m s-1"},
		{"v_turb", "m s-1"},
	}
}

// fieldsOf returns the slices of a cube in the same order.
func fieldsOf[T grid.Float](c *grid.Cube[T]) [fieldCount][]T {
	return [fieldCount][]T{c.Density, c.Temperature, c.Velocity[0], c.Velocity[1], c.Velocity[2], c.Turbulence}
}

// required reports whether a file must hold field i.
func required(i int) bool { return i < velocityX || i > velocityZ }

// checked returns m with defaults filled in, or what is wrong with it.
func (m Meta) checked() (Meta, error) {
	if m.Species == "" {
		m.Species = DefaultSpecies
	}
	if strings.ContainsAny(m.Species, "/.\x00") {
		return m, fmt.Errorf("species %q: want a name without '/', '.' or NUL, as it names a dataset", m.Species)
	}
	for i, f := range fields(m.Species) {
		if i != density && f.name == m.Species {
			return m, fmt.Errorf("species %q: is the name of another field", m.Species)
		}
	}
	seen := map[string]bool{attrSchema: true, attrSpecies: true, attrBoxMin: true, attrBoxMax: true, attrUnits: true}
	for _, kv := range m.Provenance {
		if kv.Key == "" || seen[kv.Key] {
			return m, fmt.Errorf("provenance key %q: want a name that is neither empty, nor used twice, nor one of the format's own", kv.Key)
		}
		seen[kv.Key] = true
	}
	return m, nil
}
