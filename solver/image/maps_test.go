// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/astrogo/fitsio"
)

func someMaps(t *testing.T, im *Image) []Map {
	t.Helper()
	maps, err := im.BrightnessMaps()
	if err != nil {
		t.Fatal(err)
	}
	for order := range 3 {
		m, err := im.MomentMap(order, Kelvin, 0)
		if err != nil {
			t.Fatal(err)
		}
		maps = append(maps, m)
	}
	return append(maps, Map{Name: "DEPTH_MEAN", Title: "Where the light comes from", Unit: "m", Values: make([]float64, im.NX*im.NY)},
		Map{Name: "TAU", Title: "Optical depth", Values: make([]float64, im.NX*im.NY)})
}

// The Planck temperature of a black body is its temperature; that of Rayleigh and Jeans is lower by hν/2k - (hν/k)²/12T and smaller terms.
func TestBrightnessOfABlackBody(t *testing.T) {
	im := lineCube(2, 2, 9, 3000, func(int, int) (float64, float64, float64) { return 0, 0, 1 })
	for k, nu := range im.FrequenciesHz {
		for p := range im.Channel(k) {
			temperature := 30 + float64(p)
			im.Channel(k)[p] = 2 * planckConstant * nu * nu * nu / (lightSpeed * lightSpeed) / math.Expm1(planckConstant*nu/(boltzmann*temperature))
		}
	}
	im.Channel(3)[1] = math.NaN()
	im.Channel(0)[2] = 0
	maps, err := im.BrightnessMaps()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []int{0, 2, 3} {
		rj, planck := maps[0].Values[p], maps[1].Values[p]
		if want := 30 + float64(p); math.Abs(planck-want) > 1e-9 || math.Abs(rj-(want-5.532+10.2/want)) > 0.02 {
			t.Errorf("a black body of %g K: %g K by Planck, %g K by Rayleigh and Jeans", want, planck, rj)
		}
	}
	if !math.IsNaN(maps[0].Values[1]) || !math.IsNaN(maps[1].Values[1]) {
		t.Error("a pixel with a blank channel is not blank")
	}
}

// What is written in FITS is there, unit by unit, with the axes of the image.
func TestMapsInFITS(t *testing.T) {
	im := lineCube(4, 3, 41, 6000, gaussians)
	maps := someMaps(t, im)
	path := filepath.Join(t.TempDir(), "maps.fits")
	if err := WriteMapsFITS(path, im, maps, FITSOptions{}); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in, err := fitsio.Open(f)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if len(in.HDUs()) != len(maps) {
		t.Fatalf("%d units: want %d", len(in.HDUs()), len(maps))
	}
	for i, m := range maps {
		hdu := in.HDU(i).(fitsio.Image)
		h := hdu.Header()
		data := make([]float64, len(m.Values))
		if err := hdu.Read(&data); err != nil {
			t.Fatal(err)
		}
		for p, v := range m.Values {
			if data[p] != v && !(math.IsNaN(v) && math.IsNaN(data[p])) {
				t.Fatalf("%s: value %d is %g: want %g", m.Name, p, data[p], v)
			}
		}
		if h.Get("EXTNAME").Value != m.Name || h.Get("CTYPE1").Value != "OFFSETX" || h.Get("CUNIT2").Value != "AU" || h.Get("WCSAXES").Value != 2 {
			t.Errorf("%s: header %v", m.Name, h.Keys())
		}
		if unit := h.Get("BUNIT"); (unit == nil) != (m.Unit == "") || unit != nil && unit.Value != m.Unit {
			t.Errorf("%s: BUNIT %v: want %q", m.Name, unit, m.Unit)
		}
	}
}

func TestMapsDrawn(t *testing.T) {
	im := lineCube(40, 30, 21, 6000, gaussians)
	path := filepath.Join(t.TempDir(), "maps.png")
	if err := WriteMapsPNG(path, im, someMaps(t, im)); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() < 10000 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestMapsRefused(t *testing.T) {
	im := lineCube(4, 3, 5, 6000, gaussians)
	good := make([]float64, 12)
	for want, maps := range map[string][]Map{
		"no maps":        nil,
		"has 3 values":   {{Name: "A", Values: make([]float64, 3)}},
		"names that all": {{Name: "A", Values: good}, {Name: "A", Values: good}},
		`map named ""`:   {{Values: good}},
	} {
		for kind, err := range map[string]error{
			"FITS": WriteMapsFITS(filepath.Join(t.TempDir(), "a"), im, maps, FITSOptions{}),
			"HDF5": WriteMapsHDF5(filepath.Join(t.TempDir(), "a"), im, maps),
			"PNG":  WriteMapsPNG(filepath.Join(t.TempDir(), "a"), im, maps),
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v: want one with %q", kind, err, want)
			}
		}
	}
	if _, err := im.MomentMap(3, SI, 0); err == nil {
		t.Error("moment 3: no error")
	}
}
