// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package generate

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/internal/h5"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/jobs/internal/samples"
)

// mappingData has the model of the published generator's reference, and cubes.
const mappingData = "../../solver/mapping/testdata/"

func npzArray(t testing.TB, file, name string) []float64 {
	t.Helper()
	f, err := npz.Open(file)
	must(t, err)
	defer f.Close()
	var x []float64
	must(t, f.Read(name+".npy", &x))
	return x
}

// TestPublishedFile runs the job on the model of the published generator as a
// Magritte file, face-on, and compares its sample with that of the generator in
// the single precision of the data set.
func TestPublishedFile(t *testing.T) {
	dir := t.TempDir()
	const like = mappingData + "magritte_like_6000.npz"
	f, err := h5.Create(filepath.Join(dir, "like.hdf5"))
	must(t, err)
	for _, g := range []string{"geometry", "geometry/points", "chemistry", "chemistry/species", "thermodynamics", "thermodynamics/temperature", "thermodynamics/turbulence"} {
		must(t, f.CreateGroup(g))
	}
	for name, d := range map[string]struct {
		array string
		shape []int
	}{"geometry/points/position": {"position", []int{6000, 3}}, "geometry/points/velocity": {"velocity", []int{6000, 3}}, "chemistry/species/abundance": {"abundance", []int{6000, 3}},
		"thermodynamics/temperature/gas": {"temperature", []int{6000}}, "thermodynamics/turbulence/vturb2": {"vturb2", []int{6000}}} {
		must(t, h5.Write(f, name, d.shape, npzArray(t, like, d.array)))
	}
	must(t, f.Close())
	path := configIn(t, dir, `"mulfreq"`, `"faceon"`, "channels = 7", "channels = 1", "rotations = 3", "rotations = 1", "models = 8\n", "", "box_au = 800.0\n", "",
		"[line]\nmolecule = \"co\"\ntransition = \"2-1\"\n", "[[model]]\nsnapshot = \"like.hdf5\"\n[model.magritte]\nspecies_column = 1\n[mapping]\n[compat]\nmode = \"coemunet\"\n",
		"validation = 0.13", "validation = 0.0", "test = 0.13", "test = 0.0")
	succeed(t, 1, measuring(), path, run.Flags{})
	s := &scheme{Set: &samples.Set{Shape: dataset.Shape{Grid: 32, Channels: 1, Flat: true}}, perTask: 1}
	rec := newRecord(s.Shape)
	must(t, rec.read(filepath.Join(dir, "out/t.work/raw"), s, 0))
	for name, got := range map[string][]float32{"CO": rec.Density, "temperature": rec.Temperature, "velocity_z": rec.Velocity} {
		for i, want := range npzArray(t, mappingData+"datagen32_faceon_mulfreq.npz", name) {
			if got[i] != float32(want) {
				t.Fatalf("%s of cell %d is %g, want %g", name, i, got[i], want)
			}
		}
	}
	want := npzArray(t, "../internal/samples/testdata/datagen32_faceon_singlefreq.npz", "I")
	top := slices.Max(want)
	for i, w := range want {
		if math.Abs(float64(rec.Intensity[i])-w) > 2e-7*w+1e-9*top {
			t.Fatalf("pixel %d is %g, want %g", i, rec.Intensity[i], w)
		}
	}
}

// TestFormatsTogether makes one data set of an AMRVAC snapshot, the same model as
// a Magritte file and a Phantom dump.
func TestFormatsTogether(t *testing.T) {
	dir := t.TempDir()
	abs := func(name string) string {
		p, err := filepath.Abs(name)
		must(t, err)
		return p
	}
	tables := "[[model]]\nsnapshot = \"" + abs("../../solver/hydro/testdata/agb_small_ghost.dat") + "\"\n[model.amrvac]\nlength_cm = 1.495978707e13\ndensity_gcc = 1e-15\nvelocity_cms = 1e6\nmean_mol_weight = 2.35\n" +
		"[[model]]\nsnapshot = \"" + abs("../../configs/models/agb_small_magritte.h5") + "\"\n" +
		"[[model]]\nsnapshot = \"" + abs("../../configs/models/agb_wind.phantom") + "\"\n[model.phantom]\nmean_mol_weight = 2.381\n" +
		"[mapping]\nmass_per_h2_amu = 2.02\nco_per_h2 = 1e-4\n"
	path := configIn(t, dir, "models = 8\n", "", "box_au = 800.0", "box_au = 20.0", "rotations = 3", "rotations = 2", "validation = 0.13", "validation = 0.34", "test = 0.13", "test = 0.34", "[line]", tables+"[line]")
	job := Job()
	job.Tidy = nil
	succeed(t, 2, job, path, run.Flags{})
	m := manifestOf(t, dir)
	seen := map[string]bool{}
	for _, s := range m.Shards {
		if s.Origin != dataset.Hydro || len(s.Models) != 1 {
			t.Errorf("shard %+v: want one model, from hydrodynamics", s)
		}
		seen[strings.Join(s.Models, "")] = true
	}
	if len(seen) != 3 || !seen["0001-agb_small_magritte"] || m.Compat != "" || m.VTurbMS != 150 || math.Abs(m.CellSizeM/(20*149597870700.0/32)-1) > 1e-12 {
		t.Errorf("models %v of %+v", seen, m)
	}
	// Views of the two files of one model differ by the direction alone: in the
	// mean over the cube they agree.
	var mean [2]float64
	s := &scheme{Set: &samples.Set{Shape: m.Shape()}, perTask: 1}
	for model := range mean {
		for view := range 2 {
			rec := newRecord(m.Shape())
			must(t, rec.read(filepath.Join(dir, "out/t.work/raw"), s, 2*model+view))
			for _, n := range rec.Density {
				mean[model] += math.Log(float64(n)) / float64(2*len(rec.Density))
			}
		}
	}
	if math.Abs(mean[0]-mean[1]) > 0.05 {
		t.Errorf("mean ln n is %g in the AMRVAC file and %g in that of Magritte", mean[0], mean[1])
	}
}
