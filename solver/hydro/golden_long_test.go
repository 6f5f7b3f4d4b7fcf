// SPDX-License-Identifier: BSD-3-Clause

//go:build golden64 && hdf5 && cgo

package hydro

import (
	"os"
	"path/filepath"
	"testing"
)

// original is a model as its code wrote it; the models of this repository were
// made smaller.
func original(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join(os.Getenv("COLUMEN_GOLDEN"), "..", "..", "data", "hydro", name)
}

// TestGoldenPhantomOriginal reads the dump in double precision, with all its
// arrays.
func TestGoldenPhantomOriginal(t *testing.T) {
	p := openDump(t, original(t, "wind_full.phantom"))
	checkRows(t, p, append(windRows(), []dumpRow{
		{1, "iorig", [6]float64{1, 61800, 3.1136007703e+04, 1.8068225270e+09, 1, 61745}},
		{1, "Tdust", [6]float64{3.5578876367e+02, 7.4075767712e+04, 2.4219304586e+03, 1.4054462451e+08, 1.8980279648e+03, 1.5196297850e+03}},
		{1, "alpha", [6]float64{0, 1, 3.4099640048e-01, 1.9788021120e+04, 0, 0}},
		{1, "divv", [6]float64{-2.8869833946e+00, 1.7657252550e+00, 8.7682974843e-02, 5.0882430301e+03, 5.6429505348e-01, 3.2615548372e-01}},
		{1, "dt", [6]float64{1.1718750000e-02, 6, 1.0327233758e+00, 5.9928937500e+04, 2.3437500000e-02, 2.3437500000e-02}},
		{2, "Teff", [6]float64{0, 3000, 1500, 3000, 3000, 0}},
	}...), 1e-12)
	checkWind(t, p, 0)
}

// TestGoldenMagritteOriginals reads the model that Magritte itself wrote, and
// the large one that is chunked and compressed.
func TestGoldenMagritteOriginals(t *testing.T) {
	checkMagritte(t, original(t, "agb_small_magritte.h5"), smallMagritteRows(), 1e-12)
	checkMagritte(t, original(t, "agb_main_magritte_gzip.h5"), mainMagritteRows(), 1e-12)
}
