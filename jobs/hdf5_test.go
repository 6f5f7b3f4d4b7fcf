// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/columen/columen/solver/image"
)

const exampleFormats = `["fits", "hdf5", "png"]`

// tryExample runs an example, a network's on a tiny data set.
func tryExample(t *testing.T, f folder, job string, args []string) {
	t.Helper()
	if job == "train" || job == "evaluate" {
		writeDataSet(t, f, "tiny")
	}
	if job == "evaluate" {
		writeCost(t, f, "tiny.generate.json", "generate", "tiny.dataset.json", 50)
		writeCost(t, f, "tiny.train.json", "train", "tiny.safetensors", 100)
	}
	f.succeed(t, args...)
}

// prepareTraining makes the data set of a series of training.
func prepareTraining(t *testing.T, f folder) { writeDataSet(t, f, "tiny") }

// readHDF5 reads an image of a run.
func readHDF5(t *testing.T, f folder, name string) *image.Image {
	t.Helper()
	img, err := image.ReadHDF5(f.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestCubeThenSolve takes the detour over a cube file: the image has the same
// bits as that of the snapshot, and FITS and HDF5 hold the same.
func TestCubeThenSolve(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	both := set(`output.formats=["fits", "hdf5"]`, "output.unit=SI")
	f.succeed(t, append([]string{"solve", "solve.toml", "--out", "direct"}, both...)...)
	f.succeed(t, "cube", "cube.toml")
	checkNames(t, f, "cube.toml", "direct/w.pole.fits", "direct/w.pole.h5", "direct/w.side.fits", "direct/w.side.h5", "direct/w.solve.json",
		"out/w.cube.json", "out/w.h5", "solve.toml", "wind.dat")
	f.write(t, "from_cube.toml", fromCubeConfig("out/w.h5"))
	f.succeed(t, append([]string{"solve", "from_cube.toml", "--out", "detour"}, both...)...)
	for _, view := range []string{"pole", "side"} {
		direct, detour := readHDF5(t, f, "direct/w."+view+".h5"), readHDF5(t, f, "detour/w."+view+".h5")
		if !slices.Equal(direct.Intensity, detour.Intensity) || !slices.Equal(direct.FrequenciesHz, detour.FrequenciesHz) || direct.PixelSizeM != detour.PixelSizeM {
			t.Errorf("%s: the image of the cube file differs from that of the snapshot", view)
		}
		if len(direct.Intensity) == 0 || slices.Max(direct.Intensity) <= 0 {
			t.Errorf("%s: no light", view)
		}
		fits := readFITS(t, f, "direct/w."+view+".fits")
		if !slices.Equal(fits.Intensity, direct.Intensity) {
			t.Errorf("%s: FITS and HDF5 hold different intensities", view)
		}
	}
	if r := f.succeed(t, "cube", "cube.toml"); !strings.Contains(r.stderr, "already done") {
		t.Errorf("a second run says %q", r.stderr)
	}
	for file, parts := range map[string][]string{
		"out/w.h5":         {"columen-cube-1", "12 × 10 × 14", "temperature [K]", "0 non-finite", "config_digest"},
		"direct/w.pole.h5": {"columen-image-1", "CO 2-1", "5 × 10 × 12", "config_digest"},
		"out/w.cube.json":  {`"job": "cube"`},
	} {
		r := f.succeed(t, "inspect", file)
		for _, part := range parts {
			if !strings.Contains(r.stdout, part) {
				t.Errorf("%s: no %q in\n%s", file, part, r.stdout)
			}
		}
	}
}

// TestSinglePrecisionCube stores a cube in 32 bits.
func TestSinglePrecisionCube(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.succeed(t, append([]string{"cube", "cube.toml"}, set("cube.precision=f32")...)...)
	f.write(t, "from_cube.toml", fromCubeConfig("out/w.h5"))
	f.succeed(t, "solve", "from_cube.toml")
	f.succeed(t, "solve", "solve.toml", "--out", "direct")
	near(t, readFITS(t, f, "out/w.side.fits").Intensity, readFITS(t, f, "direct/w.side.fits").Intensity, 1e-5)
}

// TestFullDiskHDF5 fills the disk below the HDF5 library.
func TestFullDiskHDF5(t *testing.T) {
	t.Parallel()
	checkFullDisk(t, "solve", 0, 1, []string{"out/w.pole.h5: output not written: no space left on device"}, set(`output.formats=["hdf5"]`, "spectrum.channels=20", "spectrum.spacing_ms=1000")...)
	checkFullDisk(t, "cube", 0, 1, []string{"out/w.h5: output not written: no space left on device"})
}
