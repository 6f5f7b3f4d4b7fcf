// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// testUnits are the units of the models in this repository, see testdata.
var testUnits = AMRVACUnits{LengthCm: 1.495978707e13, DensityGcc: 1e-15, VelocityCms: 1e6, MeanMolWeight: 2.35}

// decode opens an encoded snapshot.
func decode(b []byte, u AMRVACUnits) (*AMRVAC, error) {
	return newAMRVAC(&source{name: "model.dat", r: bytes.NewReader(b), size: int64(len(b))}, u)
}

// near reports whether a and b agree to a few roundings of their scale.
func near(a, b, scale float64) bool { return math.Abs(a-b) <= 1e-13*scale }

func TestAMRVACRoundTrip(t *testing.T) {
	withNames := func(names ...string) func(*amrvacFile, *AMRVACUnits) {
		return func(f *amrvacFile, _ *AMRVACUnits) { f.names = names }
	}
	old := func(version int) func(*amrvacFile, *AMRVACUnits) {
		return func(f *amrvacFile, u *AMRVACUnits) {
			f.version = version
			u.Geometry = "cartesian_3d"
			if version == 3 {
				u.WNames, u.Gamma = f.names, f.gamma
			}
		}
	}
	levels := func(n int) func(*amrvacFile, *AMRVACUnits) {
		return func(f *amrvacFile, _ *AMRVACUnits) { f.levels, f.refine = n, refineCorner }
	}
	ghosts := func(n int) func(*amrvacFile, *AMRVACUnits) {
		return func(f *amrvacFile, _ *AMRVACUnits) { f.ghosts = n }
	}
	mhd := func(f *amrvacFile, _ *AMRVACUnits) {
		f.physics, f.names = "mhd", []string{"rho", "m1", "m2", "m3", "e", "b1", "b2", "b3", "trp1"}
	}
	isothermal := func(f *amrvacFile, u *AMRVACUnits) {
		f.names, u.TemperatureK = []string{"rho", "m1", "m2", "m3"}, 55
	}
	staggered := func(f *amrvacFile, _ *AMRVACUnits) { f.staggered = true }
	uneven := func(f *amrvacFile, _ *AMRVACUnits) { f.roots, f.block = [3]int{3, 4, 1}, [3]int{6, 10, 4} }
	type edit = func(*amrvacFile, *AMRVACUnits)
	cases := map[string][]edit{
		"v5":                {},
		"levels":            {levels(3)},
		"uneven":            {uneven, levels(2)},
		"ghosts":            {uneven, ghosts(2), levels(3)},
		"ghosts3":           {ghosts(3)},
		"staggered":         {staggered, ghosts(2), levels(2)},
		"isothermal":        {isothermal, levels(2)},
		"tracers":           {withNames("trp0", "rho", "m1", "m2", "m3", "trp1", "e", "trp2")},
		"order":             {withNames("e", "m3", "m2", "m1", "rho")},
		"mhd":               {mhd, levels(2)},
		"mhd staggered":     {mhd, staggered, ghosts(3), uneven},
		"logical -1":        {staggered, func(f *amrvacFile, _ *AMRVACUnits) { f.truth = -1 }},
		"Cartesian":         {func(f *amrvacFile, _ *AMRVACUnits) { f.geometry = "Cartesian" }},
		"no gamma":          {func(f *amrvacFile, u *AMRVACUnits) { f.gamma, u.Gamma = 0, 1.4 }},
		"no counters":       {func(f *amrvacFile, _ *AMRVACUnits) { f.noCounters = true }},
		"v4":                {old(4), levels(2)},
		"v4 mhd":            {mhd, old(4), ghosts(2)},
		"v4 no counters":    {old(4), func(f *amrvacFile, _ *AMRVACUnits) { f.noCounters = true }},
		"v3":                {old(3), levels(2)},
		"v3 mhd":            {mhd, old(3)},
		"v3 more in header": {old(3), func(f *amrvacFile, _ *AMRVACUnits) { f.padding = 50 }},
		"v3 isothermal":     {isothermal, old(3), func(_ *amrvacFile, u *AMRVACUnits) { u.Gamma = 0 }},
	}
	for name, edits := range cases {
		t.Run(name, func(t *testing.T) {
			f, u := baseFile(), testUnits
			for _, e := range edits {
				e(&f, &u)
			}
			s, err := decode(f.encode(), u)
			if err != nil {
				t.Fatal(err)
			}
			checkLeaves(t, f, s)
			checkHeader(t, f, s.Header())
		})
	}
}

// checkLeaves compares every cell with the state it was encoded from.
func checkLeaves(t *testing.T, f amrvacFile, s *AMRVAC) {
	t.Helper()
	places, _ := f.tree()
	if s.NumLeaves() != len(places) {
		t.Fatalf("%d leaves, want %d", s.NumLeaves(), len(places))
	}
	const au, vUnit, rhoUnit = 1.495978707e11, 1e4, 1e-12
	tUnit := 2.35 * 1.66053906660e-27 * 1e8 / 1.380649e-23
	var leaf Leaf
	var volume float64
	for i, p := range places {
		if err := s.ReadLeaf(i, &leaf); err != nil {
			t.Fatal(err)
		}
		box, n := s.LeafBox(i), s.LeafCells(i)
		volume += box.Volume()
		if s.LeafLevel(i) != int(p.level)+1 {
			t.Fatalf("leaf %d: level %d, want %d", i, s.LeafLevel(i), p.level+1)
		}
		for c := range leaf.Density {
			cell := [3]int{c % n[0], c / n[0] % n[1], c / n[0] / n[1]}
			x := f.center(p, cell)
			for a := range 3 {
				if m := box.Min[a] + box.Size()[a]*(float64(cell[a])+0.5)/float64(n[a]); !near(m, x[a]*au, 5*au) {
					t.Fatalf("leaf %d, cell %v: axis %d at %g, want %g", i, cell, a, m, x[a]*au)
				}
			}
			g := f.state(x)
			temp := g.p / g.rho * tUnit
			if s.columns.e < 0 {
				temp = 55
			}
			// The kinetic energy, up to 30 times the thermal, is subtracted.
			ok := near(leaf.Density[c], g.rho*rhoUnit, g.rho*rhoUnit) && near(leaf.Temperature[c], temp, 100*temp)
			for a := range 3 {
				ok = ok && near(leaf.Velocity[a][c], g.v[a]*vUnit, vUnit)
			}
			if !ok {
				t.Fatalf("leaf %d, cell %v: rho %g, T %g, v %g %g %g; want %+v, T %g", i, cell, leaf.Density[c], leaf.Temperature[c],
					leaf.Velocity[0][c], leaf.Velocity[1][c], leaf.Velocity[2][c], g, temp)
			}
		}
	}
	if want := s.Box().Volume(); !near(volume, want, want) {
		t.Errorf("leaves fill %g m³ of %g", volume, want)
	}
}

// checkHeader compares the header fields with what was encoded.
func checkHeader(t *testing.T, f amrvacFile, h *AMRVACHeader) {
	t.Helper()
	ok := h.Version == f.version && h.NumVars == len(f.names) && h.NDim == 3 && h.NDir == 3 && h.LevMax == f.levels &&
		h.Iteration == 17 && h.Time == 2.5 && h.XMin == f.xmin && h.XMax == f.xmax && h.BlockCells == f.block
	if f.version >= 5 {
		ok = ok && h.Periodic == [3]bool{true, false, true} && h.Geometry == f.geometry && h.Staggered == f.staggered
	}
	if f.version >= 4 {
		gamma, has := h.Gamma()
		ok = ok && fmt.Sprint(h.Names) == fmt.Sprint(f.names) && h.Physics == f.physics && gamma == f.gamma && has == (f.gamma != 0)
		ok = ok && (f.noCounters || [3]int{h.SnapshotNext, h.SliceNext, h.CollapseNext} == [3]int{7, 8, 9})
	}
	if !ok {
		t.Errorf("header %+v of file %+v", h, f)
	}
	if lines := h.Describe(); len(lines) < 12 || lines[0].Value != fmt.Sprintf("MPI-AMRVAC .dat, version %d", f.version) {
		t.Errorf("description %v", lines)
	}
}

func TestAMRVACUnits(t *testing.T) {
	cases := []struct {
		name string
		edit func(f *amrvacFile, u *AMRVACUnits)
		want string
	}{
		{"length", func(_ *amrvacFile, u *AMRVACUnits) { u.LengthCm = 0 }, "length_cm is missing"},
		{"density", func(_ *amrvacFile, u *AMRVACUnits) { u.DensityGcc = 0 }, "density_gcc is missing"},
		{"velocity", func(_ *amrvacFile, u *AMRVACUnits) { u.VelocityCms = -3 }, "velocity_cms = -3"},
		{"weight", func(_ *amrvacFile, u *AMRVACUnits) { u.MeanMolWeight = math.NaN() }, "mean_mol_weight = NaN"},
		{"infinite", func(_ *amrvacFile, u *AMRVACUnits) { u.LengthCm = math.Inf(1) }, "length_cm = +Inf"},
		{"no temperature", func(f *amrvacFile, _ *AMRVACUnits) { f.names = f.names[:4] }, "temperature_k is missing"},
		{"isothermal with gamma", func(f *amrvacFile, u *AMRVACUnits) { f.names, u.TemperatureK, u.Gamma = f.names[:4], 9, 1.2 }, "gamma = 1.2: remove it"},
		{"temperature and energy", func(_ *amrvacFile, u *AMRVACUnits) { u.TemperatureK = 10 }, "temperature_k = 10: remove it"},
		{"gamma twice", func(_ *amrvacFile, u *AMRVACUnits) { u.Gamma = 1.2 }, "the file says gamma = 1.4"},
		{"no gamma", func(f *amrvacFile, _ *AMRVACUnits) { f.gamma = 0 }, "gamma is missing"},
		{"gamma one", func(f *amrvacFile, _ *AMRVACUnits) { f.gamma = 1 }, "gamma: found 1, want more than 1"},
		{"other geometry", func(_ *amrvacFile, u *AMRVACUnits) { u.Geometry = "spherical_3d" }, "the file says Cartesian_3D"},
		{"v4 geometry", func(f *amrvacFile, _ *AMRVACUnits) { f.version = 4 }, "geometry is missing"},
		{"v4 spherical", func(f *amrvacFile, u *AMRVACUnits) { f.version, u.Geometry = 4, "spherical_3d" }, `found "spherical_3d", want Cartesian_3D`},
		{"v3 names", func(f *amrvacFile, u *AMRVACUnits) { f.version, u.Geometry = 3, "cartesian_3d" }, "variables is missing"},
		{"v3 few names", func(f *amrvacFile, u *AMRVACUnits) { f.version, u.Geometry, u.WNames = 3, "cartesian_3d", f.names[:4] }, "found 4 names, want 5"},
		{"v5 names", func(f *amrvacFile, u *AMRVACUnits) { u.WNames = f.names }, "the file says [rho m1 m2 m3 e]"},
		{"spherical", func(f *amrvacFile, _ *AMRVACUnits) { f.geometry = "spherical_3D" }, `found "spherical_3D", want Cartesian_3D`},
		{"physics", func(f *amrvacFile, _ *AMRVACUnits) { f.physics = "srhd" }, `found "srhd", want hd or mhd`},
		{"no m2", func(f *amrvacFile, _ *AMRVACUnits) { f.names[2] = "v2" }, "m2 is missing"},
		{"two e", func(f *amrvacFile, _ *AMRVACUnits) { f.names = append(f.names, "e") }, "want e only once"},
		{"mhd without b3", func(f *amrvacFile, _ *AMRVACUnits) { f.physics, f.names = "mhd", append(f.names, "b1", "b2") }, "b3 is missing"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, u := baseFile(), testUnits
			c.edit(&f, &u)
			_, err := decode(f.encode(), u)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "model.dat") {
				t.Errorf("error %v, want %q and the file", err, c.want)
			}
		})
	}
}

func TestOpenAMRVAC(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenAMRVAC(filepath.Join(dir, "absent.dat"), testUnits); !os.IsNotExist(err) {
		t.Errorf("absent file: %v", err)
	}
	if _, err := OpenAMRVAC(dir, testUnits); err == nil || !strings.Contains(err.Error(), "want a regular file") {
		t.Errorf("folder: %v", err)
	}
	path := filepath.Join(dir, "good.dat")
	if err := os.WriteFile(path, baseFile().encode(), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := OpenAMRVAC(path, testUnits)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(s.Describe())
	for _, want := range []string{"{variables rho m1 m2 m3 e}", "{gamma 1.4}", "{length_cm 1.495978707e+13}", "{T ρ/p [K] 28264.0034", "{leaves per level [8]}", "{cells 512}"} {
		if !strings.Contains(text, want) {
			t.Errorf("description %s lacks %q", text, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.ReadLeaf(0, new(Leaf)); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("read after Close: %v", err)
	}
}

// TestAMRVACLeavesShareFaces: without equal bits, slivers of cells would be
// counted twice or lost between leaves.
func TestAMRVACLeavesShareFaces(t *testing.T) {
	f := baseFile()
	f.roots, f.block, f.levels, f.refine = [3]int{3, 7, 5}, [3]int{6, 2, 10}, 4, refineCorner
	f.xmin, f.xmax = [3]float64{-1.1, 0.3, -7}, [3]float64{1.7, 0.9, 1.0 / 3}
	s, err := decode(f.encode(), testUnits)
	if err != nil {
		t.Fatal(err)
	}
	domain := s.Box()
	for a := range 3 {
		upper := map[float64]bool{domain.Min[a]: true}
		for i := range s.NumLeaves() {
			upper[s.LeafBox(i).Max[a]] = true
		}
		for i := range s.NumLeaves() {
			if x := s.LeafBox(i).Min[a]; !upper[x] {
				t.Errorf("leaf %d: the lower face %.17g of axis %d is not the upper face of another", i, x, a)
			}
		}
		if !upper[domain.Max[a]] {
			t.Errorf("axis %d: no leaf ends at %.17g, the end of the domain", a, domain.Max[a])
		}
	}
}

func TestAMRVACReadsConcurrently(t *testing.T) {
	s := openModel(t, smallModel)
	want := make([]float64, s.NumLeaves())
	got := make([]float64, s.NumLeaves())
	sum := func(i int, leaf *Leaf) (x float64) {
		if err := s.ReadLeaf(i, leaf); err != nil {
			t.Error(err)
		}
		for c, rho := range leaf.Density {
			x += rho * leaf.Temperature[c]
		}
		return x
	}
	var leaf Leaf
	for i := range want {
		want[i] = sum(i, &leaf)
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			var leaf Leaf
			for i := w; i < len(got); i += 4 {
				got[i] = sum(i, &leaf)
			}
		})
	}
	wg.Wait()
	if !slices.Equal(got, want) {
		t.Error("leaves read concurrently differ")
	}
}
