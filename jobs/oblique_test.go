// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/astrogo/fitsio"

	"github.com/columen/columen/solver/image"
)

// The whole program on a view by angles and all maps, on one rank; the view from
// above by angles shows the pixels of the view along +z.
func TestObliqueViewAndMaps(t *testing.T) {
	if joinsMPI {
		return // a build without tests it
	}
	f := newFolder(t)
	f.edit(t, "solve.toml", `axis = "-y"`, "inclination_deg = 60.0\nazimuth_deg = 30.0\nposition_angle_deg = -15.0\npixels = [20, 16]\nwidth_au = 50.0")
	f.edit(t, "solve.toml", `formats = ["fits"]`, "formats = [\"fits\", \"png\"]\nmaps = [\"tau\", \"moment0\", \"moment1\", \"moment2\", \"brightness\", \"contribution\"]")
	f.succeed(t, "solve", "solve.toml")
	im, _, err := image.ReadFITS(filepath.Join(f.dir, "out", "w.side.fits"))
	if err != nil {
		t.Fatal(err)
	}
	if im.NX != 20 || im.NY != 16 || math.Abs(im.PixelSizeM[0]/(2.5*1.495978707e11)-1) > 1e-12 {
		t.Errorf("%d × %d pixels of %g m: want 20 × 16 of 2.5 au", im.NX, im.NY, im.PixelSizeM[0])
	}
	for _, view := range []string{"pole", "side"} {
		file, err := os.Open(filepath.Join(f.dir, "out", "w."+view+".maps.fits"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		fits, err := fitsio.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer fits.Close()
		if n := len(fits.HDUs()); n != 9 {
			t.Errorf("%s: %d maps, want 9", view, n)
		}
		if _, err := os.Stat(filepath.Join(f.dir, "out", "w."+view+".maps.png")); err != nil {
			t.Error(err)
		}
	}
}
