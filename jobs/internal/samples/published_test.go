// SPDX-License-Identifier: BSD-3-Clause

package samples

import (
	"math"
	"slices"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/model"
	"github.com/columen/columen/solver/hydro"
	"github.com/columen/columen/solver/rotation"
	"github.com/columen/columen/solver/si"
)

// mappingData has the model of the published generator's reference, and cubes.
const mappingData = "../../../solver/mapping/testdata/"

func npzArray(t testing.TB, file, name string) []float64 {
	t.Helper()
	f, err := npz.Open(file)
	must(t, err)
	defer f.Close()
	var x []float64
	must(t, f.Read(name+".npy", &x))
	return x
}

// magritteLike is the model that the published generator was run on. Its
// turbulence is 150 m/s.
func magritteLike(t testing.TB) *hydro.Points {
	t.Helper()
	const file, c = mappingData + "magritte_like_6000.npz", 299792458.0
	column := func(name string, n, k int, scale float64) []float64 {
		table := npzArray(t, file, name)
		x := make([]float64, len(table)/n)
		for i := range x {
			x[i] = table[i*n+k] * scale
		}
		return x
	}
	p := &hydro.Points{Temperature: npzArray(t, file, "temperature"), Density: column("abundance", 3, 1, 1), Turbulence: npzArray(t, file, "vturb2")}
	for i, v := range p.Turbulence {
		p.Turbulence[i] = math.Sqrt(v) * c
	}
	for a := range p.Position {
		p.Position[a], p.Velocity[a] = column("position", 3, a, 1), column("velocity", 3, a, c)
	}
	return p
}

// agbMain is the snapshot of the examples.
func agbMain(t testing.TB) *hydro.Points {
	t.Helper()
	turbulence := 150.0
	cloud, err := model.Points("test.toml", configs.Model{Snapshot: "../../../configs/models/agb_main.dat", Format: "amrvac",
		AMRVAC: &configs.AMRVAC{LengthCM: 1.495978707e13, DensityGCC: 1e-15, VelocityCMS: 1e6, MeanMolWeight: 2.35}},
		&configs.Cubing{Cells: [3]int{32, 32, 32}, MassPerH2AMU: 2.02, COPerH2: 1e-4, TemperatureFloorK: 10, VTurbMS: &turbulence})
	must(t, err)
	return cloud.Points
}

// snapshotConfig is a data set of one model that is in memory.
func snapshotConfig(kind string, compat *configs.Compat) *configs.Generate {
	cfg := &configs.Generate{
		Data:    configs.Data{Kind: kind, Grid: 32, Channels: 1, SpacingMS: 300, Rotations: 3, Seed: 3, BoxAU: 180, VTurbMS: 150},
		Line:    configs.DataLine{Molecule: "co", Transition: configs.Transition{Label: "1-0"}},
		Models:  []configs.Model{{Snapshot: "like.hdf5"}},
		Mapping: &configs.Mapping{Method: "haar"}, Compat: compat,
		Split: configs.Split{By: "sample"}, Shards: configs.Shards{Samples: 7}, Output: configs.DataSets{Name: "t"},
	}
	if kind == "mulfreq" {
		cfg.Data.Channels, cfg.Line.Transition.Label = 31, "2-1"
	}
	if kind == "faceon" {
		cfg.Data.Rotations = 1
	}
	if compat != nil && cfg.Quirks().SampleBox {
		cfg.Data.BoxAU = 0
	}
	return cfg
}

// published is compat = "coemunet" with all that follows.
func published() *configs.Compat {
	return &configs.Compat{Mode: "coemunet", DoubledDX: "auto", LostTurbulence: "auto", SampleBox: "auto", OriginRotation: "auto",
		AxisAngle: "auto", PublishedSolution: "auto", RadiusM: 28984584112701.441406}
}

// snapshotMaker makes samples of points in memory.
func snapshotMaker(t testing.TB, cfg *configs.Generate, p *hydro.Points) (*Maker, *snapshots) {
	t.Helper()
	s, err := NewSet(cfg)
	must(t, err)
	l, err := model.Line("test.toml", configs.Line(cfg.Line))
	must(t, err)
	window := configs.Spectrum{Channels: cfg.Data.Channels, SpacingMS: cfg.Data.SpacingMS}
	nu, err := window.Frequencies(l.RestFrequencyHz)
	must(t, err)
	lib := newLibrary("test.toml", s, "CO", 2)
	lib.read = func(string, configs.Model, *configs.Cubing) (model.Cloud, error) {
		return model.Cloud{Points: p, Box: p.Box(), Species: "CO"}, nil
	}
	from := newSnapshots(s, lib)
	m, err := makerOf(s, from, l, nu)
	must(t, err)
	return m, from
}

// TestPublishedSamples makes the samples of the published generator from its
// model by the code that makes data sets: cubes face-on to the last bit, turned
// to 1e-12, images to 1e-7 relative and 1e-9 of the brightest pixel.
func TestPublishedSamples(t *testing.T) {
	points := magritteLike(t)
	for _, c := range []struct {
		name, kind, view string
		tolerance        float64
	}{
		{"faceon_mulfreq", "mulfreq", "faceon", 0}, {"rotation_mulfreq", "mulfreq", "rotation", 1e-12},
		{"faceon_singlefreq", "faceon", "faceon", 0}, {"rotation_singlefreq", "rotation", "rotation", 1e-12},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, from := snapshotMaker(t, snapshotConfig(c.kind, published()), points)
			snap, err := from.library.model(0)
			must(t, err)
			cubes, images := mappingData+"datagen32_"+c.view+"_mulfreq.npz", mappingData+"datagen32_"+c.name+".npz"
			if c.kind != "mulfreq" {
				images = "testdata/datagen32_" + c.name + ".npz"
			}
			r := rotation.Identity()
			if c.view == "rotation" {
				for i, x := range npzArray(t, images, "rotation_matrix") {
					r[i/3][i%3] = x
				}
			}
			must(t, from.cube(snap, r, m.cube))
			for name, got := range map[string][]float64{"CO": m.cube.density, "temperature": m.cube.temperature, "velocity_z": m.cube.velocity} {
				for i, want := range npzArray(t, cubes, name) {
					if math.Abs(got[i]-want) > c.tolerance*math.Abs(want) {
						t.Fatalf("%s of cell %d is %.17g, want %.17g", name, i, got[i], want)
					}
				}
			}
			m.narrow()
			must(t, m.solve())
			want, channels := npzArray(t, images, "I"), m.s.Shape.Channels
			top, worst := slices.Max(want), 0.0
			for i, w := range want {
				got := m.published.image[i%channels*32*32+i/channels]
				worst = max(worst, math.Abs(got-w)/(1e-7*math.Abs(w)+1e-9*top))
			}
			t.Logf("%.2g of the tolerance", worst)
			if !(worst <= 1) {
				t.Errorf("the image differs by %.3g times 1e-7·|I| + 1e-9·max", worst)
			}
		})
	}
}

// TestQuirksOneByOne checks what each quirk does to cube and image.
func TestQuirksOneByOne(t *testing.T) {
	points := magritteLike(t)
	make := func(compat configs.Compat) (*Maker, []float64) {
		compat.Mode, compat.RadiusM = "off", 28984584112701.441406
		m, _ := snapshotMaker(t, snapshotConfig("rotation", &compat), points)
		must(t, m.Make(1))
		var image []float64
		for _, x := range m.Record.Intensity {
			image = append(image, float64(x))
		}
		return m, image
	}
	flux := func(image []float64) (sum float64) {
		for _, x := range image {
			sum += x
		}
		return sum
	}
	plain, image := make(configs.Compat{})
	for _, c := range []struct {
		name   string
		compat configs.Compat
		cube   bool                // the cube stays
		check  func(m *Maker) bool // of the sample
		lo, hi float64             // flux over that without the quirk
	}{
		{"doubled_dx", configs.Compat{DoubledDX: "on"}, true, func(m *Maker) bool { return m.cube.cellM == 2*plain.cube.cellM }, 1.05, 2},
		{"lost_turbulence", configs.Compat{LostTurbulence: "on"}, true, func(m *Maker) bool { return m.cube.turbulence[7] == 150/si.CODATA2018().C }, 0.5, 0.999},
		{"published_solution", configs.Compat{PublishedSolution: "on"}, true, func(m *Maker) bool { return m.published != nil }, 0.9, 1.01},
		{"axis_angle", configs.Compat{AxisAngle: "on"}, false, func(m *Maker) bool { return m.s.rotation(m.s.Draw(1)) != plain.s.rotation(plain.s.Draw(1)) }, 0.5, 2},
		{"sample_box", configs.Compat{SampleBox: "on"}, false, func(m *Maker) bool { return math.Abs(m.cube.cellM/plain.cube.cellM-1) > 1e-3 }, 0.5, 2},
	} {
		m, got := make(c.compat)
		if slices.Equal(m.cube.density, plain.cube.density) != c.cube || !c.check(m) {
			t.Errorf("%s: cube as without: %v, cells of %g m, v_turb %g", c.name, !c.cube, m.cube.cellM, m.cube.turbulence[7])
		}
		if ratio := flux(got) / flux(image); !(ratio > c.lo && ratio < c.hi) {
			t.Errorf("%s: flux over that without it %.4f, want %g to %g", c.name, ratio, c.lo, c.hi)
		}
	}
}

// TestOriginRotation checks that a model that is not at the origin leaves a fixed
// cube when it turns about it, and that a cube of its own follows it.
func TestOriginRotation(t *testing.T) {
	near := magritteLike(t)
	far := magritteLike(t)
	for a := range far.Position {
		for i := range far.Position[a] {
			far.Position[a][i] += []float64{5e12, -8e12, 3e12}[a]
		}
	}
	density := func(p *hydro.Points, compat configs.Compat) []float64 {
		compat.Mode, compat.RadiusM = "off", 28984584112701.441406
		m, _ := snapshotMaker(t, snapshotConfig("rotation", &compat), p)
		must(t, m.Make(1))
		return m.cube.density
	}
	differ := func(a, b []float64) (cells int) {
		for i := range a {
			if math.Abs(a[i]-b[i]) > 1e-6*math.Abs(b[i]) {
				cells++
			}
		}
		return cells
	}
	if n := differ(density(far, configs.Compat{}), density(near, configs.Compat{})); n > 300 {
		t.Errorf("%d of 32768 cells depend on where the model stands: want the few whose points lie at a face", n)
	}
	if n := differ(density(far, configs.Compat{OriginRotation: "on"}), density(near, configs.Compat{})); n < 20000 {
		t.Errorf("%d of 32768 cells differ about the origin: want nearly all", n)
	}
	both := configs.Compat{OriginRotation: "on", SampleBox: "on"}
	if n := differ(density(far, both), density(near, both)); n > 300 {
		t.Errorf("%d of 32768 cells differ in boxes that follow", n)
	}
}

// TestSnapshotsThatDoNotFit checks what is refused of a snapshot.
func TestSnapshotsThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		name  string
		edit  func(cfg *configs.Generate)
		parts []string
	}{
		{"box", func(cfg *configs.Generate) { cfg.Data.BoxAU = 400 }, []string{"like.hdf5: data.box_au = 400", "outside the model", "at most 2"}},
		{"box face on", func(cfg *configs.Generate) { cfg.Data.Kind, cfg.Data.BoxAU = "faceon", 500 }, []string{"data.box_au = 500", "wider than the model", "at most 3"}},
		{"centre", func(cfg *configs.Generate) { cfg.Mapping.CenterAU = &[3]float64{300, 0, 0} }, []string{"mapping.center_au = [300 0 0]", "lies outside the model"}},
		{"turbulence", func(cfg *configs.Generate) { cfg.Data.VTurbMS = 200 }, []string{"data.v_turb_ms = 200", "v_turb = 150", "at point 0", "the network does not see it"}},
		{"molecule", func(*configs.Generate) {}, []string{"test.toml: line.molecule", "is SiO", "has the density of CO"}},
		{"particles", func(cfg *configs.Generate) { cfg.Mapping.Method = "sph" }, []string{`mapping.method = "sph"`, "no particles", "allowed: haar"}},
		{"radius", func(cfg *configs.Generate) { cfg.Compat = published(); cfg.Compat.RadiusM = 1 }, []string{"like.hdf5", "compat.radius_m = 1 m", "want 2 at least"}},
	} {
		cfg := snapshotConfig("rotation", nil)
		c.edit(cfg)
		m, from := snapshotMaker(t, cfg, magritteLike(t))
		if c.name == "molecule" {
			from.library.species = "SiO"
		}
		err := m.Make(0)
		for _, part := range append(c.parts, "model 0000-like") {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: error %v: want %q in it", c.name, err, part)
			}
		}
	}
}
