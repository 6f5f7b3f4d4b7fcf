// SPDX-License-Identifier: BSD-3-Clause

package mapping

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
	"github.com/columen/columen/solver/rotation"
)

// mainUnits are those of the example model.
func mainUnits() hydro.AMRVACUnits {
	return hydro.AMRVACUnits{LengthCm: 1.495978707e13, DensityGcc: 1e-15, VelocityCms: 1e6, MeanMolWeight: 2.35}
}

// openModel opens a snapshot in the units of the example model.
func openModel(t testing.TB, path string) *hydro.AMRVAC {
	t.Helper()
	s, err := hydro.OpenAMRVAC(path, mainUnits())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// openMain opens the example model.
func openMain(t testing.TB) *hydro.AMRVAC {
	t.Helper()
	return openModel(t, "../../configs/models/agb_main.dat")
}

// mainPoints is the cell centres of the example model.
func mainPoints(t testing.TB) *hydro.Points {
	t.Helper()
	p, err := hydro.Centres(openMain(t), hydro.Conversion{MassPerH2AMU: 2.02, COPerH2: 1e-4, VTurbMs: 150})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// BenchmarkRotateHaar turns the 348,160 cell centres of the example model and
// maps n, T and v to 64³ cells, on one core: the whole of their box, and its
// central half as the published data sets have it. The limit is 1.5 times the
// solution of 64³ cells and 31 channels in float32 on the same core. The least
// time counts: others may use the machine.
func BenchmarkRotateHaar(b *testing.B) {
	p := mainPoints(b)
	for _, c := range []struct {
		name string
		crop func(grid.Box) Crop
	}{
		{"whole", func(box grid.Box) Crop { return Enclosing(box, 7).Whole() }},
		{"centre", func(box grid.Box) Crop { return Enclosing(box, 8).Center() }},
	} {
		b.Run(c.name, func(b *testing.B) {
			var h Haar
			var turned hydro.Points
			var cube grid.Cube[float32]
			u := rand.New(rand.NewPCG(1, 2))
			least := math.Inf(1)
			for b.Loop() {
				start := time.Now()
				crop := c.crop(rotation.Uniform(u).Points(&turned, p, [3]float64{}, 1))
				if err := MapInto(&h, &cube, &turned, crop, crop.Mesh.Full(), Options{TurbulenceMs: 150, Threads: 1}); err != nil {
					b.Fatal(err)
				}
				least = min(least, time.Since(start).Seconds()*1e3)
			}
			b.ReportMetric(least, "ms-least")
			b.ReportMetric(limitMs, "ms-limit")
		})
	}
}

// limitMs is 1.5 times the 9.45 ms of that solution, least of many, on one core
// of an EPYC of the third generation.
const limitMs = 14.2

// BenchmarkSPH spreads 58,000 particles, much as those of a wind, over 128³ cells.
func BenchmarkSPH(b *testing.B) {
	u := rand.New(rand.NewPCG(1, 2))
	p := particles(58_000, -1, 1, 0.1, 0.2)
	for i := range p.Len() {
		r := 0.05 + 0.95*u.Float64() // n falls off like r⁻², h grows like r^(2/3)
		var x [3]float64
		for a := range x {
			x[a] = u.NormFloat64()
		}
		d := math.Sqrt(x[0]*x[0] + x[1]*x[1] + x[2]*x[2])
		for a := range x {
			p.Position[a][i] = r * x[a] / d
		}
		p.Smoothing[i] = 0.045 * math.Pow(r, 2.0/3)
	}
	mesh := grid.Mesh{Box: grid.Box{Min: [3]float64{-1, -1, -1}, Max: [3]float64{1, 1, 1}}, Cells: [3]int{128, 128, 128}}
	for b.Loop() {
		if _, err := SPH[float32](p, mesh, mesh.Full(), Options{Threads: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNearest samples the cell centres of the example model at 64³ places.
func BenchmarkNearest(b *testing.B) {
	p := mainPoints(b)
	mesh := grid.Mesh{Box: openMain(b).Box(), Cells: [3]int{64, 64, 64}}
	for b.Loop() {
		if _, err := Nearest[float32](p, mesh, mesh.Full(), Options{Threads: 1}); err != nil {
			b.Fatal(err)
		}
	}
}
