// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/astrogo/fitsio"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// irregular returns an image with channels that are not equidistant.
func irregular() *Image {
	im := lineCube(3, 2, 5, 2000, gaussians)
	im.FrequenciesHz[2] += 1e5
	return im
}

// sameImage compares two images; rel is the tolerance of intensities.
func sameImage(t *testing.T, got, want *Image, rel float64) {
	t.Helper()
	for i, v := range want.Intensity {
		if g := got.Intensity[i]; !near(g, v, rel) && !(math.IsNaN(g) && math.IsNaN(v)) {
			t.Fatalf("intensity %d is %g: want %g", i, g, v)
		}
	}
	a, b := *got, *want
	a.Intensity, b.Intensity = nil, nil
	if !reflect.DeepEqual(a, b) {
		t.Errorf("image %+v: want %+v", a, b)
	}
}

func TestFITSRoundTrip(t *testing.T) {
	for name, im := range map[string]*Image{"regular": lineCube(4, 3, 7, 3000, gaussians), "irregular": irregular(), "one channel": oneChannel()} {
		for _, opts := range []FITSOptions{
			{},
			{Unit: Kelvin, Precision: 64},
			{Unit: JyPerPixel, DistancePc: 140, OffsetUnit: "m"},
			{Unit: JyPerPixel, DistancePc: 140, OnSky: true, RADeg: 83.8, DecDeg: -5.4},
		} {
			path := filepath.Join(t.TempDir(), "a.fits")
			im.Intensity[1] = math.NaN()
			must(t, WriteFITS(path, im, opts))
			got, info, err := ReadFITS(path)
			if err != nil {
				t.Errorf("%s %+v: %v", name, opts, err)
				continue
			}
			rel := 6e-8
			if opts.Precision == 64 {
				rel = 4e-16
			}
			sameImage(t, got, im, rel)
			o, err := opts.checked()
			must(t, err)
			if info.Unit != o.Unit || info.Precision != o.Precision || info.DistancePc != o.DistancePc {
				t.Errorf("info %+v: want %+v", info, o)
			}
		}
	}
}

func oneChannel() *Image {
	im := lineCube(2, 2, 3, 1000, gaussians)
	im.FrequenciesHz, im.Intensity, im.BackgroundSI = im.FrequenciesHz[1:2], im.Channel(1), im.BackgroundSI[1:2]
	return im
}

// cardsOf returns the value of every card of the primary header.
func cardsOf(t *testing.T, path string) map[string]any {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	file, err := fitsio.Open(f)
	must(t, err)
	h := file.HDU(0).Header()
	cards := map[string]any{}
	for _, k := range h.Keys() {
		cards[k] = h.Get(k).Value
	}
	return cards
}

func TestFITSCards(t *testing.T) {
	dir := t.TempDir()
	regular := lineCube(4, 3, 7, 3000, gaussians) // 2e12 × 3e12 m pixels, centre at (1e12, −5e12) m
	for _, c := range []struct {
		name   string
		im     *Image
		opts   FITSOptions
		want   map[string]any
		absent []string
	}{
		{"linear", regular, FITSOptions{}, map[string]any{
			"SIMPLE": true, "BITPIX": -32, "NAXIS": 3, "NAXIS1": 4, "NAXIS2": 3, "NAXIS3": 7, "EXTEND": true, "WCSAXES": 3,
			"CTYPE1": "OFFSETX", "CUNIT1": "AU", "CRPIX1": 2.5, "CRVAL1": 1e12 / 149597870700, "CDELT1": 2e12 / 149597870700,
			"CTYPE2": "OFFSETY", "CUNIT2": "AU", "CRPIX2": 2.0, "CRVAL2": -5e12 / 149597870700, "CDELT2": 3e12 / 149597870700,
			"CTYPE3": "VRAD", "CUNIT3": "m/s", "CRPIX3": 1.0, "CRVAL3": 3000.0, "CDELT3": -1000.0,
			"RESTFRQ": 230.538e9, "SPECSYS": "SOURCE", "BUNIT": "W m-2 Hz-1 sr-1", "OBJECT": "test model", "ORIGIN": "columen",
			"SPECIES": "CO", "TRANSIT": "2-1", "VIEW": "i60_p30", "AXISLOS": "+z",
		}, []string{"TELESCOP", "DATE", "RADESYS", "DISTPC"}},
		{"sky", regular, FITSOptions{Unit: JyPerPixel, Precision: 64, DistancePc: 100, OnSky: true, RADeg: 10, DecDeg: -20}, map[string]any{
			"BITPIX": -64, "BUNIT": "Jy/pixel", "RADESYS": "ICRS", "DISTPC": 100.0,
			"CTYPE1": "RA---TAN", "CUNIT1": "deg", "CRVAL1": 10.0, "CRPIX1": 2.0, // the origin lies half a pixel left of the centre
			"CDELT1": -2e12 / 3.0856775814913674e18 * 180 / math.Pi,
			"CTYPE2": "DEC--TAN", "CUNIT2": "deg", "CRVAL2": -20.0, "CRPIX2": 2 + 5.0/3,
			"CDELT2": 3e12 / 3.0856775814913674e18 * 180 / math.Pi,
		}, nil},
		{"metres", regular, FITSOptions{Unit: Kelvin, OffsetUnit: "m"}, map[string]any{
			"CUNIT1": "m", "CRVAL1": 1e12, "CDELT1": 2e12, "CDELT2": 3e12, "BUNIT": "K",
		}, nil},
		{"irregular", irregular(), FITSOptions{}, map[string]any{
			"CTYPE3": "CHANNEL", "CRPIX3": 1.0, "CRVAL3": 1.0, "CDELT3": 1.0,
		}, []string{"CUNIT3"}},
	} {
		path := filepath.Join(dir, c.name+".fits")
		must(t, WriteFITS(path, c.im, c.opts))
		cards := cardsOf(t, path)
		for k, want := range c.want {
			got := cards[k]
			if w, ok := want.(float64); ok {
				if g, ok := got.(float64); !ok || math.Abs(g-w) > 1e-7*math.Abs(w)+1e-12*math.Abs(w) {
					t.Errorf("%s: %s = %v: want %v", c.name, k, got, want)
				}
			} else if got != want {
				t.Errorf("%s: %s = %v: want %v", c.name, k, got, want)
			}
		}
		for _, k := range c.absent {
			if v, ok := cards[k]; ok {
				t.Errorf("%s: card %s = %v: want none", c.name, k, v)
			}
		}
	}
}

func TestFITSAwkwardText(t *testing.T) {
	im := lineCube(2, 2, 3, 1000, gaussians)
	im.ModelName = "O'Brien's wind é"
	im.Species, im.Transition = "", " x"
	im.Provenance = []KeyValue{
		{"plain", "a value / with a slash & an ampersand = sign"},
		{"long", strings.Repeat("word ", 60) + "end"},
		{"blanks", "a" + strings.Repeat(" ", 200) + "b "},
		{"unicode", "Gößl, α = 0.5\nsecond line"},
		{`key = "odd"`, `"quoted" and \ backslash`},
		{"empty", ""},
		{"", "no key"},
	}
	path := filepath.Join(t.TempDir(), "a.fits")
	must(t, WriteFITS(path, im, FITSOptions{Precision: 64}))
	got, _, err := ReadFITS(path)
	must(t, err)
	sameImage(t, got, im, 0)
	raw, err := os.ReadFile(path)
	must(t, err)
	for i, b := range raw[:fitsBlock] {
		if b < ' ' || b > '~' {
			t.Fatalf("header byte %d is %#x: want printable ASCII", i, b)
		}
	}
	im.ModelName = strings.Repeat("very long name ' ", 10)
	must(t, WriteFITS(path, im, FITSOptions{}))
	got, _, err = ReadFITS(path)
	must(t, err)
	if !strings.HasPrefix(got.ModelName, "very long name") || !strings.HasSuffix(got.ModelName, "...") {
		t.Errorf("long name reads %q: want its beginning and an ellipsis", got.ModelName)
	}
}

func TestFITSSameImageSameBytes(t *testing.T) {
	dir := t.TempDir()
	im := lineCube(4, 3, 7, 3000, gaussians)
	must(t, WriteFITS(filepath.Join(dir, "a"), im, FITSOptions{}))
	must(t, WriteFITS(filepath.Join(dir, "b"), im, FITSOptions{}))
	a, err := os.ReadFile(filepath.Join(dir, "a"))
	must(t, err)
	b, err := os.ReadFile(filepath.Join(dir, "b"))
	must(t, err)
	if !bytes.Equal(a, b) || len(a)%fitsBlock != 0 {
		t.Errorf("%d and %d bytes: want equal files of whole blocks", len(a), len(b))
	}
}

func TestWriteFITSErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.fits")
	im := lineCube(2, 2, 3, 1000, gaussians)
	broken := *im
	broken.NX = 3
	for name, err := range map[string]error{
		"unit":      WriteFITS(path, im, FITSOptions{Unit: "Jy"}),
		"precision": WriteFITS(path, im, FITSOptions{Precision: 16}),
		"offset":    WriteFITS(path, im, FITSOptions{OffsetUnit: "pc"}),
		"distance":  WriteFITS(path, im, FITSOptions{Unit: JyPerPixel}),
		"negative":  WriteFITS(path, im, FITSOptions{DistancePc: -1}),
		"sky":       WriteFITS(path, im, FITSOptions{OnSky: true}),
		"position":  WriteFITS(path, im, FITSOptions{OnSky: true, DistancePc: 1, DecDeg: 91}),
		"image":     WriteFITS(path, &broken, FITSOptions{}),
	} {
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v: want one that names %s", name, err, path)
		}
	}
	missing := filepath.Join(dir, "none", "a.fits")
	if err := WriteFITS(missing, im, FITSOptions{}); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("missing folder: error %v", err)
	}
	emptyFolder(t, dir)
}

func TestFITSFullDisk(t *testing.T) {
	fullDisk(t, "TestFITSFullDisk", func(path string) error {
		return WriteFITS(path, lineCube(64, 64, 5, 1000, gaussians), FITSOptions{})
	})
}

func TestReadFITSErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.fits")
	must(t, WriteFITS(path, lineCube(4, 3, 7, 3000, gaussians), FITSOptions{}))
	good, err := os.ReadFile(path)
	must(t, err)
	replace := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !bytes.Contains(b, []byte(old)) || len(old) != len(new) {
				t.Fatalf("bad edit %q", old)
			}
			return bytes.Replace(b, []byte(old), []byte(new), 1)
		}
	}
	for _, c := range []struct {
		want string
		edit func([]byte) []byte
	}{
		{"no END card", func([]byte) []byte { return nil }},
		{"no END card", func(b []byte) []byte { return b[:100] }},
		{"no END card", func(b []byte) []byte { return b[:3*fitsBlock] }},
		{"no END card", func(b []byte) []byte { return b[:len(b)-1-fitsBlock] }},
		{"file ends at", func(b []byte) []byte { return b[:len(b)-1] }},
		{"no card SIMPLE", replace("SIMPLE  =", "SIMPEL  =")},
		{"BITPIX", replace("BITPIX  =                  -32", "BITPIX  =                   16")},
		{"announces 336000000000 bytes", replace("NAXIS3  =                    7", "NAXIS3  =           7000000000")},
		{"NAXIS1", replace("NAXIS1  =                    4", "NAXIS1  =                   -4")},
		{"SCHEMA", replace("columen-fits-1", "columen-fits-7")},
		{"card PIXSIZE1 is missing", replace("PIXSIZE1=", "PIXSIZE7=")},
		{"card RESTFRQ is", replace("RESTFRQ =          2.30538E+11", "RESTFRQ = 'a'                 ")},
		{"unit", replace("W m-2 Hz-1 sr-1", "W m-3 Hz-1 sr-1")},
		{"BITPIX", replace("BITPIX  =                    8", "BITPIX  =                   88")},
		{"CHANNELS", replace("FREQUENCY", "FREQUENCE")},
	} {
		must(t, os.WriteFile(path, c.edit(bytes.Clone(good)), 0o666))
		_, _, err := ReadFITS(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v: want one with %q and the path", err, c.want)
		}
	}
}
