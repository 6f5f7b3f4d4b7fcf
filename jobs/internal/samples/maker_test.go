// SPDX-License-Identifier: BSD-3-Clause

package samples

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/model"
	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/solver"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/line"
	"github.com/columen/columen/solver/rotation"
	"github.com/columen/columen/solver/wind"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// testConfig is a small data set.
func testConfig() *configs.Generate {
	return &configs.Generate{
		Data:   configs.Data{Kind: "mulfreq", Grid: 32, Channels: 7, SpacingMS: 300, Models: 6, Rotations: 4, Seed: 3, BoxAU: 800, VTurbMS: 150},
		Line:   configs.DataLine{Molecule: "co", Transition: configs.Transition{Label: "2-1"}},
		Split:  configs.Split{By: "model", Validation: 0.17, Test: 0.17},
		Shards: configs.Shards{Samples: 7},
		Output: configs.DataSets{Name: "t"},
	}
}

// testMaker makes samples on a coarser grid than any network has, to be quick.
func testMaker(t testing.TB, cfg *configs.Generate) (*Maker, *line.Line, []float64) {
	t.Helper()
	s, err := NewSet(cfg)
	must(t, err)
	l, err := model.Line("test.toml", configs.Line(cfg.Line))
	must(t, err)
	window := configs.Spectrum{Channels: cfg.Data.Channels, SpacingMS: cfg.Data.SpacingMS}
	nu, err := window.Frequencies(l.RestFrequencyHz)
	must(t, err)
	m, err := makerOf(s, newWinds(s), l, nu)
	must(t, err)
	return m, l, nu
}

// evaluate makes the cube of a wind of the maker.
func (m *Maker) evaluate(p wind.Parameters, r rotation.Rotation) {
	m.gas.(*winds).evaluate(p, r, m.cube)
	m.narrow()
}

// drawn returns the parameters of the wind of a sample.
func drawn(m *Maker, sample int) (wind.Parameters, error) {
	p, _, err := wind.Draw(m.s.Draw(sample).Wind, m.gas.(*winds).spans)
	return p, err
}

// TestImageIsThatOfTheSolver compares a sample with package solver in double
// precision: view "-z", whose image has y downwards.
func TestImageIsThatOfTheSolver(t *testing.T) {
	cfg := testConfig()
	cfg.Data.Grid = 16
	m, l, nu := testMaker(t, cfg)
	p := wind.Reference()
	m.evaluate(p, rotation.Identity())
	must(t, m.solve())

	half, g := m.s.CellSizeM()*8, 16
	mesh := grid.Mesh{Box: grid.Box{Min: [3]float64{-half, -half, -half}, Max: [3]float64{half, half, half}}, Cells: [3]int{g, g, g}}
	cube, err := wind.Cube[float64](p, mesh, mesh.Full(), cfg.Data.VTurbMS)
	must(t, err)
	for i := range cube.Density {
		if d := math.Abs(float64(m.Record.Velocity[i]) - cube.Velocity[2][i]); d > 1e-3 ||
			math.Abs(cube.Density[i]-m.cube.density[i]) > 1e-12*cube.Density[i] || math.Abs(cube.Temperature[i]-m.cube.temperature[i]) > 1e-12*cube.Temperature[i] {
			t.Fatalf("cell %d differs from the cube of package wind", i)
		}
	}
	view, err := solver.NewView("-z")
	must(t, err)
	must(t, mpiutil.InProcess(1, func(c *mpiutil.Comm) error {
		d, err := grid.Decompose(mesh, [3]int{1, 1, 1}, 1)
		if err != nil {
			return err
		}
		img, err := solver.Solve(c, d, cube, solver.Problem{Line: l, FrequenciesHz: nu, View: view, Threads: 1})
		if err != nil {
			return err
		}
		peak := slices.Max(img.Intensity)
		for f := range nu {
			for x := range g {
				for y := range g {
					got, want := float64(m.Record.Intensity[(f*g+x)*g+y]), img.Intensity[(f*g+g-1-y)*g+x]
					if math.Abs(got-want) > 3e-5*peak {
						t.Fatalf("channel %d at [%d, %d]: %g, solver has %g", f, x, y, got, want)
					}
				}
			}
		}
		return nil
	}))
}

// TestObserverStandsBelow checks the side of the observer by physics: in an
// optically thick wind that cools outwards, the near side approaches and absorbs,
// so that channels of approaching gas (high frequencies) are fainter.
func TestObserverStandsBelow(t *testing.T) {
	cfg := testConfig()
	cfg.Data.Grid, cfg.Data.Channels, cfg.Data.SpacingMS = 16, 31, 800
	m, _, _ := testMaker(t, cfg)
	p := wind.Reference()
	p.Contrast, p.DensityM3, p.ExpansionMS = 0, 1e10, 8e3
	m.evaluate(p, rotation.Identity())
	must(t, m.solve())
	if m.Record.Velocity[0] >= 0 || m.Record.Velocity[15] <= 0 {
		t.Fatalf("v_z = %g in the nearest cell and %g in the farthest: an expanding wind approaches in front", m.Record.Velocity[0], m.Record.Velocity[15])
	}
	var red, blue float64
	for i := range 15 * 256 {
		red += float64(m.Record.Intensity[i])
		blue += float64(m.Record.Intensity[16*256+i])
	}
	if red < 1.02*blue { // without absorption they would be equal: the wind is symmetric
		t.Errorf("receding gas emits %.3g, approaching %.3g: want the latter absorbed in front", red, blue)
	}
}

// TestRotationOfFields checks that a quarter turn about z permutes the cells, and
// that a half turn about x looks at the wind from behind.
func TestRotationOfFields(t *testing.T) {
	cfg := testConfig()
	cfg.Data.Grid = 8
	m, _, _ := testMaker(t, cfg)
	g, p := 8, wind.Reference()
	p.RotationMS = 5e3
	m.evaluate(p, rotation.Identity())
	still := slices.Clone(m.Record.Values)
	cells := g * g * g
	for _, c := range []struct {
		name string
		r    rotation.Rotation
		from func(x, y, z int) (int, int, int) // the cell of the model that comes to x, y, z
		sign float32                           // of v_z
	}{
		{"quarter turn about z", rotation.Rotation{{0, -1, 0}, {1, 0, 0}, {0, 0, 1}}, func(x, y, z int) (int, int, int) { return y, g - 1 - x, z }, 1},
		{"half turn about x", rotation.Rotation{{1, 0, 0}, {0, -1, 0}, {0, 0, -1}}, func(x, y, z int) (int, int, int) { return x, g - 1 - y, g - 1 - z }, -1},
	} {
		m.evaluate(p, c.r)
		for i := range cells {
			x, y, z := c.from(i/(g*g), i/g%g, i%g)
			j := (x*g+y)*g + z
			if math.Abs(float64(m.Record.Velocity[i]-c.sign*still[j])) > 1e-2 || math.Abs(float64(m.Record.Density[i]/still[2*cells+j]-1)) > 1e-5 {
				t.Fatalf("%s: cell %d is not cell %d of the model", c.name, i, j)
			}
		}
	}
}

// TestSampleIsAFunctionOfModelAndRotation checks that samples depend neither on
// what was made before nor on the number of rotations.
func TestSampleIsAFunctionOfModelAndRotation(t *testing.T) {
	cfg := testConfig()
	cfg.Data.Grid = 8
	m, _, _ := testMaker(t, cfg)
	must(t, m.Make(9)) // model 2, rotation 1
	want := slices.Clone(m.Record.Values)
	more := testConfig()
	more.Data.Grid, more.Data.Rotations = 8, 10
	n, _, _ := testMaker(t, more)
	must(t, n.Make(0))
	must(t, n.Make(21))
	if !slices.Equal(n.Record.Values, want) {
		t.Error("model 2, rotation 1 differs between sets of 4 and 10 rotations")
	}
	must(t, n.Make(22))
	if slices.Equal(n.Record.Values, want) {
		t.Error("two rotations give one sample")
	}
}

// TestDefaultSpans checks that the defaults of [wind] are those of package wind,
// to the last bit, as the models of a data set follow from them.
func TestDefaultSpans(t *testing.T) {
	if got, want := spansOf(testConfig()), wind.DefaultSpans(); got != want {
		t.Errorf("spans %+v, want %+v", got, want)
	}
	w := configs.DefaultWind()
	w.SpacingAU, w.SpacingLaw = [2]float64{30, 31}, "uniform"
	cfg := testConfig()
	cfg.Wind = w
	m, _, _ := testMaker(t, cfg)
	p, err := drawn(m, 9)
	must(t, err)
	q, _, _ := testMaker(t, testConfig())
	other, err := drawn(q, 9)
	must(t, err)
	if au := p.SpacingM / 149597870700; au < 30 || au > 31 || p.ExpansionMS != other.ExpansionMS {
		t.Errorf("spacing of %g au, speed %g m/s: want 30 to 31, and %g as without the table", au, p.ExpansionMS, other.ExpansionMS)
	}
	if s := Parameters(cfg)["spacing_au"]; s.Min != 30 || s.Max != 31 || s.Law != "uniform" || len(Parameters(cfg)) != 9 {
		t.Errorf("the manifest says %+v", s)
	}
}

// TestNonsenseIsRefused checks that a field without transfer names its cell.
func TestNonsenseIsRefused(t *testing.T) {
	cfg := testConfig()
	cfg.Data.Grid = 8
	m, _, _ := testMaker(t, cfg)
	m.evaluate(wind.Reference(), rotation.Identity())
	m.Record.Temperature[(3*8+4)*8+5] = -1
	if err := m.solve(); err == nil || !strings.Contains(err.Error(), "temperature = -1 in cell [3, 4, 5]") {
		t.Errorf("error %v: want one that names the temperature of cell [3, 4, 5]", err)
	}
}
