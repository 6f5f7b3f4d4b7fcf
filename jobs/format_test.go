// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"os"
	"strings"
	"testing"
)

// TestFormatsSameImage images one cube from RADMC-3D's text and binary files
// and from arrays of NumPy and FITS: the same image to the rounding of units.
func TestFormatsSameImage(t *testing.T) {
	t.Parallel()
	var images [][]float64
	for _, prepare := range map[string]func(t *testing.T, f folder) string{
		"text": func(t *testing.T, f folder) string {
			gridFolder(func(*testing.T, folder) {})(t, f)
			return ""
		},
		"binary": func(t *testing.T, f folder) string {
			if err := os.CopyFS(f.path("."), os.DirFS(cubeFiles+"/radmc_binary")); err != nil {
				t.Fatal(err)
			}
			f.write(t, "from_cube.toml", fromCubeConfig("amr_grid.binp"))
			return "RADMC-3D input, regular grid, binary"
		},
		"arrays": func(t *testing.T, f folder) string {
			fieldFiles(func(t *testing.T, f folder) {
				f.edit(t, "from_cube.toml", "v_turb_ms = 100.0\nbox_min_au = [-2, -2, -2]\nbox_max_au = [2, 2, 2]\n",
					"v_turb = \"v_turb.fits\"\nbox_min_au = [-2, 0, -1]\nbox_max_au = [2, 3, 1]\ndensity_unit = \"cm-3\"\nvelocity_unit = \"cm/s\"\n")
			})(t, f)
			return ""
		},
	} {
		f := newFolder(t)
		format := prepare(t, f)
		// Of the arrays, there is no velocity along y.
		f.edit(t, "from_cube.toml", `axis = "-y"`, `axis = "-x"`)
		f.succeed(t, append([]string{"solve", "from_cube.toml", "--quiet"}, set("output.unit=SI", "line.transition=1-0")...)...)
		images = append(images, append(readFITS(t, f, "out/w.pole.fits").Intensity, readFITS(t, f, "out/w.side.fits").Intensity...))
		if format != "" {
			if r := f.succeed(t, "inspect", "amr_grid.binp"); !strings.Contains(r.stdout, format) || !strings.Contains(r.stdout, "max 1.321e+09") {
				t.Errorf("inspect says %s", r.stdout)
			}
		}
	}
	for _, other := range images[1:] {
		near(t, other, images[0], 1e-12)
	}
}

// TestInspectModels describes each kind of model.
func TestInspectModels(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	dump(windDump, "[model.phantom]\n", unchanged)(t, f)
	for file, part := range map[string]string{"wind.dat": "live particles     58028 of 58030 with h > 0"} {
		if r := f.succeed(t, "inspect", file); !strings.Contains(r.stdout, part) {
			t.Errorf("%s: no %q in\n%s", file, part, r.stdout)
		}
	}
	fieldFiles(func(*testing.T, folder) {})(t, f)
	for file, part := range map[string]string{"density.npy": "min 1000, max 1321, mean 1160.5", "velocity_z.fits": "FITS, BITPIX -32"} {
		if r := f.succeed(t, "inspect", file); !strings.Contains(r.stdout, part) {
			t.Errorf("%s: no %q in\n%s", file, part, r.stdout)
		}
	}
}
