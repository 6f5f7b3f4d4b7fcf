// SPDX-License-Identifier: BSD-3-Clause

package main

// badMappings are mistakes in how a snapshot becomes a cube.
func badMappings() []badInput {
	bad := func(name string, assignments []string, parts ...string) badInput {
		return badInput{name: name, args: set(assignments...), parts: parts}
	}
	return []badInput{
		bad("unknown method of mapping", []string{"cube.method=kriging"}, "--set: cube.method", `"kriging"`, "one of average, haar, sph, nearest"),
		bad("particles of a refined mesh", []string{"cube.method=sph"}, "solve.toml: cube.method", "wind.dat is a model of a refined mesh", "one of average, haar, nearest"),
		bad("nested cells that are not", []string{"cube.method=haar", "cube.cells=[12,12,12]"}, "--set: cube.cells", "[12, 12, 12]", "the same power of two along each axis"),
		bad("average of a turned model", []string{"cube.method=average", "cube.rotation.kind=uniform"}, "--set: cube.method", "not conservative", "haar, sph or nearest"),
		bad("angles without values", []string{"cube.rotation.kind=angles"}, "cube.rotation.angles_deg", "missing", "a list of 3"),
		bad("two angles", []string{"cube.rotation.kind=angles", "cube.rotation.angles_deg=[10,20]"}, "--set: cube.rotation.angles_deg", "[10, 20]", "a list of 3"),
		bad("angles of a random rotation", []string{"cube.rotation.kind=uniform", "cube.rotation.angles_deg=[10,20,30]"}, "--set: cube.rotation.angles_deg", `angles only with kind = "angles"`),
		bad("unknown key of a rotation", []string{"cube.rotation.kind=uniform", "cube.rotation.sed=3"}, "--set: cube.rotation.sed", `did you mean "seed"?`),
	}
}
