// SPDX-License-Identifier: BSD-3-Clause

//go:build golden64 && hdf5 && cgo

package hydro

import (
	"os"
	"path/filepath"
	"testing"

	"codeberg.org/sbinet/npyio/npz"
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

// TestGoldenMagritteLike reads the model that the published generator was run
// on, which names no species: CO is column 1 of three.
func TestGoldenMagritteLike(t *testing.T) {
	folder := os.Getenv("COLUMEN_GOLDEN")
	one := 1
	p, err := openMagritte(t, filepath.Join(folder, "magritte_like_6000.hdf5")).Points(MagritteOptions{Column: &one})
	if err != nil {
		t.Fatal(err)
	}
	arrays, err := npz.Open(filepath.Join(folder, "magritte_like_6000.npz"))
	if err != nil {
		t.Fatal(err)
	}
	defer arrays.Close()
	for _, c := range []struct {
		name          string
		width, column int
		unit          float64
		got           []float64
	}{
		{"position.npy", 3, 2, 1, p.Position[2]}, {"velocity.npy", 3, 0, 299792458, p.Velocity[0]}, {"velocity.npy", 3, 1, 299792458, p.Velocity[1]},
		{"abundance.npy", 3, 1, 1, p.Density}, {"temperature.npy", 1, 0, 1, p.Temperature},
	} {
		var want []float64
		if err := arrays.Read(c.name, &want); err != nil {
			t.Fatal(err)
		}
		if len(c.got) != 6000 || len(want) != 6000*c.width {
			t.Fatalf("%s: %d points, %d values", c.name, len(c.got), len(want))
		}
		for i, x := range c.got {
			if x != want[i*c.width+c.column]*c.unit {
				t.Fatalf("%s: point %d: %g, want %g", c.name, i, x, want[i*c.width+c.column]*c.unit)
			}
		}
	}
}

// mainMagritteRows are those of agb_main_magritte_gzip.h5.
func mainMagritteRows() []magritteRow {
	return []magritteRow{
		{"geometry/points/position", 0, [6]float64{-8.835624238219e+12, 8.835624238219e+12, 0.000000000000e+00, 0.000000000000e+00, -8.695376234438e+12, 8.695376234438e+12}},
		{"geometry/points/position", 1, [6]float64{-8.835624238219e+12, 8.835624238219e+12, 0.000000000000e+00, 0.000000000000e+00, -8.695376234438e+12, 8.695376234438e+12}},
		{"geometry/points/position", 2, [6]float64{-8.835624238219e+12, 8.835624238219e+12, 0.000000000000e+00, 0.000000000000e+00, -8.695376234438e+12, 8.695376234438e+12}},
		{"geometry/points/velocity", 0, [6]float64{-4.252662984072e-05, 7.714125240454e-05, 1.095976803777e-06, 3.815752840031e-01, -2.705084079935e-05, 2.887900882342e-05}},
		{"geometry/points/velocity", 1, [6]float64{-6.230609869817e-05, 4.227414319757e-05, 6.866844127049e-07, 2.390760451274e-01, -2.857933395717e-05, 2.740197123785e-05}},
		{"geometry/points/velocity", 2, [6]float64{-4.991369860363e-05, 4.991369860363e-05, 4.718454232317e-16, 1.642777025523e-10, -2.859852611437e-05, 2.735466841841e-05}},
		{"chemistry/species/abundance", 0, [6]float64{0.000000000000e+00, 0.000000000000e+00, 0.000000000000e+00, 0.000000000000e+00, 0.000000000000e+00, 0.000000000000e+00}},
		{"chemistry/species/abundance", 1, [6]float64{2.594604000000e+07, 7.305155706880e+11, 1.685890163587e+09, 5.869595193545e+14, 8.161900800000e+07, 7.469776800000e+07}},
		{"chemistry/species/abundance", 2, [6]float64{2.594603991040e+11, 7.305155791815e+15, 1.685890161807e+13, 5.869595187347e+18, 8.161900625920e+11, 7.469776896000e+11}},
		{"chemistry/species/abundance", 3, [6]float64{0.000000000000e+00, 0.000000000000e+00, 0.000000000000e+00, 0.000000000000e+00, 0.000000000000e+00, 0.000000000000e+00}},
		{"chemistry/species/abundance", 4, [6]float64{1.000000000000e+00, 1.000000000000e+00, 1.000000000000e+00, 3.481600000000e+05, 1.000000000000e+00, 1.000000000000e+00}},
		{"thermodynamics/temperature/gas", 0, [6]float64{1.908907623291e+02, 6.877508789062e+03, 4.511639977432e+02, 1.570772574543e+08, 3.555602722168e+02, 3.434229431152e+02}},
		{"thermodynamics/turbulence/vturb2", 0, [6]float64{2.503462626121e-13, 2.503462626121e-13, 2.503462626121e-13, 8.716055479102e-08, 2.503462626121e-13, 2.503462626121e-13}},
	}
}
