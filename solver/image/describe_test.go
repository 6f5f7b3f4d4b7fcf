// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
)

func TestDescribeFITS(t *testing.T) {
	im := lineCube(4, 3, 7, 3000, gaussians)
	im.Intensity[0] = math.NaN()
	path := filepath.Join(t.TempDir(), "a.fits")
	must(t, WriteFITS(path, im, FITSOptions{Unit: Kelvin, Precision: 64, DistancePc: 140}))
	kv, err := DescribeFITS(path)
	must(t, err)
	got := map[string]string{}
	for _, e := range kv {
		got[e.Key] = e.Value
	}
	for key, want := range map[string]string{
		"format":          "FITS, columen-fits-1, 64 bits, unit K",
		"axes":            "OFFSETX, OFFSETY, VRAD",
		"distance":        "140 pc",
		"line":            "CO 2-1",
		"shape [ν, y, x]": "7 × 3 × 4",
		"velocities":      "3 to -3 km/s",
		"x":               "-20.0538 to 33.4229 au",
		"config_digest":   "sha256:0123",
	} {
		if got[key] != want {
			t.Errorf("%s: %q: want %q", key, got[key], want)
		}
	}
	if s := got["I ["+siUnit+"]"]; !strings.Contains(s, "1 non-finite") {
		t.Errorf("statistics %q: want one non-finite value", s)
	}
}

func TestStatistics(t *testing.T) {
	for _, c := range []struct {
		a    []float64
		want string
	}{
		{[]float64{1, 2, 6, math.NaN(), math.Inf(-1)}, "min 1, max 6, mean 3, 2 non-finite"},
		{nil, "no finite value"},
		{[]float64{math.NaN()}, "no finite value"},
	} {
		if got := statistics(c.a); got != c.want {
			t.Errorf("%v: %q: want %q", c.a, got, c.want)
		}
	}
}
