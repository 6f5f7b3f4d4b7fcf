// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestCubeOfPoints makes cube files of models of particles and of points, and
// images them: the same bits as by imaging the models.
func TestCubeOfPoints(t *testing.T) {
	t.Parallel()
	for model, table := range map[string]string{
		windDump: "[model.phantom]\nmean_mol_weight = 2.381\n",
		"../configs/models/agb_small_magritte.h5": "[model.magritte]\n",
	} {
		f := newFolder(t)
		data, err := os.ReadFile(model)
		if err != nil {
			t.Fatal(err)
		}
		f.write(t, "wind.dat", string(data))
		for _, file := range []string{"cube.toml", "solve.toml"} {
			f.edit(t, file, amrvacTable, table)
			if strings.Contains(table, "magritte") {
				f.edit(t, file, "mass_per_h2_amu = 2.02\nco_per_h2 = 1e-4\n", "")
				f.edit(t, file, "v_turb_ms = 150.0\n", "")
			}
		}
		f.succeed(t, "cube", "cube.toml")
		f.write(t, "from_cube.toml", fromCubeConfig("out/w.h5"))
		f.succeed(t, "solve", "from_cube.toml")
		f.succeed(t, "solve", "solve.toml", "--out", "direct")
		for _, view := range []string{"pole", "side"} {
			direct, detour := readFITS(t, f, "direct/w."+view+".fits"), readFITS(t, f, "out/w."+view+".fits")
			if !slices.Equal(direct.Intensity, detour.Intensity) || slices.Max(direct.Intensity) <= 0 {
				t.Errorf("%s, %s: the image of the cube file differs from that of the model", model, view)
			}
		}
		if r := f.succeed(t, "inspect", "out/w.h5"); !strings.Contains(r.stdout, "12 × 10 × 14") {
			t.Errorf("%s: %s", model, r.stdout)
		}
		if cited := f.read(t, "direct/w.solve.json"); !strings.Contains(cited, map[bool]string{true: "(Phantom)", false: "(Magritte)"}[model == windDump]) {
			t.Errorf("%s: not cited in %s", model, cited)
		}
	}
}

// TestSampleAlongZ images a sample of COEmuNet along the one axis of which it
// has the velocity. Its fields are noise.
func TestSampleAlongZ(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	sample("[model.coemunet]\nbox_min_au = [-9, -9, -9]\nbox_max_au = [9, 9, 9]\nv_turb_ms = 500.0\n")(t, f)
	f.edit(t, "from_cube.toml", `axis = "-y"`, `axis = "-z"`)
	f.succeed(t, "solve", "from_cube.toml")
	if img := readFITS(t, f, "out/w.side.fits"); img.NX != 8 || slices.Max(img.Intensity) <= 0 {
		t.Errorf("image of %d pixels, brightest %g", img.NX, slices.Max(img.Intensity))
	}
	if r := f.succeed(t, "inspect", "s.h5"); !strings.Contains(r.stdout, "velocity_z") {
		t.Error(r.stdout)
	}
}
