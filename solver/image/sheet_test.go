// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestSheetOfEveryKindOfImage(t *testing.T) {
	blanked := lineCube(6, 5, 9, 3000, gaussians)
	for i := range blanked.Intensity {
		blanked.Intensity[i] = math.NaN()
	}
	huge := lineCube(3, 3, 5, 2000, gaussians)
	huge.PixelSizeM = [2]float64{1e18, 1e18}
	bare := lineCube(3, 3, 5, 2000, gaussians)
	bare.ModelName, bare.ViewName, bare.AxisX, bare.AxisY, bare.AxisLOS, bare.BackgroundSI = "", "", "", "", "", nil
	for _, c := range []struct {
		name string
		im   *Image
		opts SheetOptions
	}{
		{"emission", lineCube(6, 5, 31, 3000, gaussians), SheetOptions{}},
		{"flux, wide", lineCube(20, 3, 9, 3000, gaussians), SheetOptions{Unit: JyPerPixel, DistancePc: 140}},
		{"absorption", lineCube(3, 9, 9, 3000, func(int, int) (float64, float64, float64) { return -1e-20, 0, 500 }), SheetOptions{Unit: SI}},
		{"nothing", lineCube(3, 3, 2, 3000, func(int, int) (float64, float64, float64) { return 0, 0, 1 }), SheetOptions{}},
		{"blank", blanked, SheetOptions{}},
		{"huge", huge, SheetOptions{}},
		{"bare", bare, SheetOptions{}},
		{"irregular", irregular(), SheetOptions{}},
	} {
		canvas, err := drawSheet(c.im, c.opts, 30)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if empty(canvas.Image()) {
			t.Errorf("%s: the sheet is empty", c.name)
		}
	}
}

// empty reports whether a sheet is of one colour.
func empty(sheet image.Image) bool {
	b := sheet.Bounds()
	first := sheet.At(b.Min.X, b.Min.Y)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if sheet.At(x, y) != first {
				return false
			}
		}
	}
	return true
}

func TestWritePNG(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.png")
	must(t, WritePNG(path, lineCube(6, 5, 9, 3000, gaussians), SheetOptions{}))
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	got, err := png.DecodeConfig(f)
	must(t, err)
	if got.Width != 2360 || got.Height != 1580 {
		t.Errorf("%d × %d pixels: want 2360 × 1580", got.Width, got.Height)
	}
}

func TestWritePNGErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.png")
	im := lineCube(3, 3, 5, 2000, gaussians)
	for name, err := range map[string]error{
		"one channel": WritePNG(path, oneChannel(), SheetOptions{}),
		"distance":    WritePNG(path, im, SheetOptions{Unit: JyPerPixel}),
		"unit":        WritePNG(path, im, SheetOptions{Unit: "mJy"}),
		"image":       WritePNG(path, &Image{}, SheetOptions{}),
		"folder":      WritePNG(filepath.Join(dir, "none", "a.png"), im, SheetOptions{}),
	} {
		if err == nil || !strings.Contains(err.Error(), "a.png") {
			t.Errorf("%s: error %v: want one that names the file", name, err)
		}
	}
	emptyFolder(t, dir)
}

func TestPNGFullDisk(t *testing.T) {
	fullDisk(t, "TestPNGFullDisk", func(path string) error {
		return WritePNG(path, lineCube(3, 3, 5, 2000, gaussians), SheetOptions{})
	})
}

func TestChannelsAcross(t *testing.T) {
	line := make([]float64, 100)
	for k := 40; k <= 60; k++ {
		line[k] = 1
	}
	if got, want := channelsAcross(line, 5), []int{60, 55, 50, 45, 40}; !reflect.DeepEqual(got, want) {
		t.Errorf("line: %v: want %v, velocity increasing", got, want)
	}
	narrow := make([]float64, 9)
	narrow[4] = -1
	if got, want := channelsAcross(narrow, 3), []int{5, 4, 3}; !reflect.DeepEqual(got, want) {
		t.Errorf("narrow line: %v: want %v", got, want)
	}
	if got := channelsAcross(make([]float64, 2), 12); !reflect.DeepEqual(got, []int{1, 0}) {
		t.Errorf("no line: %v: want all channels", got)
	}
}

func TestStretchIsMonotonicOverItsRange(t *testing.T) {
	grow := func(f func(x float64) float64) []float64 {
		v := make([]float64, 1000)
		for i := range v {
			v[i] = f(float64(i) / 999)
		}
		return v
	}
	for _, c := range []struct {
		name   string
		values []float64
	}{
		{"linear", grow(func(x float64) float64 { return x })},
		{"square-root", grow(func(x float64) float64 { return math.Pow(x, 5) })},
		{"logarithmic", grow(func(x float64) float64 { return math.Exp(-20 * (1 - x)) })},
		{"linear", grow(func(x float64) float64 { return -x })},
		{"linear", []float64{0, 0, math.NaN(), math.Inf(1)}},
		{"linear", nil},
	} {
		s := newStretch(c.values)
		if s.name != c.name || !(s.hi > s.lo) {
			t.Errorf("%s scale from %g to %g: want %s and a range", s.name, s.lo, s.hi, c.name)
		}
		if s.signed != (c.values != nil && c.values[len(c.values)-1] < 0) {
			t.Errorf("%s scale from %g to %g is signed: %v", s.name, s.lo, s.hi, s.signed)
		}
		if s.at(s.lo) != 0 || math.Abs(s.at(s.hi)-1) > 1e-12 || !(s.at((s.lo+s.hi)/2) > 0) {
			t.Errorf("%s scale maps its ends to %g and %g: want 0 and 1", s.name, s.at(s.lo), s.at(s.hi))
		}
		last := -1.0
		for _, v := range s.ticks(6) {
			if at := s.at(v); at <= last || v < s.lo-0.01*(s.hi-s.lo) || v > s.hi+0.01*(s.hi-s.lo) {
				t.Errorf("%s scale: ticks %v are not increasing within [%g, %g]", s.name, s.ticks(6), s.lo, s.hi)
			} else {
				last = at
			}
		}
	}
}

func TestPaletteBrightensEvenly(t *testing.T) {
	p, err := newPalette()
	must(t, err)
	// Relative luminance of sRGB [IEC 61966-2-1] to CIE lightness.
	lightness := func(i int) float64 {
		linear := func(c uint8) float64 {
			x := float64(c) / 255
			if x <= 0.04045 {
				return x / 12.92
			}
			return math.Pow((x+0.055)/1.055, 2.4)
		}
		y := 0.2126*linear(p[i].R) + 0.7152*linear(p[i].G) + 0.0722*linear(p[i].B)
		if y < 0.008856 {
			return 903.3 * y
		}
		return 116*math.Cbrt(y) - 16
	}
	lo, hi := lightness(0), lightness(len(p)-1)
	for i := range p {
		want := lo + (hi-lo)*float64(i)/float64(len(p)-1)
		if math.Abs(lightness(i)-want) > 2 {
			t.Fatalf("lightness of colour %d is %.1f: want %.1f", i, lightness(i), want)
		}
	}
}

func TestTicksAndLabels(t *testing.T) {
	if got, want := niceTicks(-670, 670, 5), []float64{-500, 0, 500}; !reflect.DeepEqual(got, want) {
		t.Errorf("ticks %v: want %v", got, want)
	}
	for v, want := range map[float64]string{-0.5: "−0.5", 0: "0", -1e-17: "0", 1500: "1500", 1e-5: "10^{−5}", -2.5e-4: "−2.5×10^{−4}", 1e-3: "0.001"} {
		if got := label(v); got != want {
			t.Errorf("label(%g) = %q: want %q", v, got, want)
		}
	}
	if f, s := decade(3.2e-15); math.Abs(f/1e-15-1) > 1e-12 || s != "10^{−15} " {
		t.Errorf("decade: %g %q: want 1e-15 and its text", f, s)
	}
	if f, s := decade(300); f != 1 || s != "" {
		t.Errorf("decade(300): %g %q: want none", f, s)
	}
}
