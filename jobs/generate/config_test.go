// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"testing"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/samples"
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

// testMaker makes the samples of a configuration.
func testMaker(t testing.TB, cfg *configs.Generate) *samples.Maker {
	t.Helper()
	f, err := samples.NewFactory("test.toml", cfg, 2)
	must(t, err)
	m, err := f.NewMaker()
	must(t, err)
	return m
}

// agbMain is a data set of the snapshot of the examples.
func agbMain(grid int) *configs.Generate {
	cfg := testConfig()
	cfg.Data.Models, cfg.Data.Grid, cfg.Data.BoxAU, cfg.Data.Rotations = 0, grid, 64, 1000
	cfg.Models = []configs.Model{{Snapshot: "../../configs/models/agb_main.dat", Format: "amrvac",
		AMRVAC: &configs.AMRVAC{LengthCM: 1.495978707e13, DensityGCC: 1e-15, VelocityCMS: 1e6, MeanMolWeight: 2.35}}}
	cfg.Mapping = &configs.Mapping{Method: "haar", MassPerH2AMU: 2.02, COPerH2: 1e-4, TemperatureFloorK: 10}
	cfg.Split = configs.Split{By: "sample"}
	return cfg
}
