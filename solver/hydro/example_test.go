// SPDX-License-Identifier: BSD-3-Clause

package hydro_test

import (
	"fmt"
	"log"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// The wind of an AGB star on 32³ cells of a cube of 90 au.
func ExampleCellAverage() {
	snapshot, err := hydro.OpenAMRVAC("../../configs/models/agb_main.dat", hydro.AMRVACUnits{
		LengthCm: 1.495978707e13, DensityGcc: 1e-15, VelocityCms: 1e6, MeanMolWeight: 2.35,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer snapshot.Close()
	const half = 45 * 1.495978707e11
	mesh := grid.Mesh{
		Box:   grid.Box{Min: [3]float64{-half, -half, -half}, Max: [3]float64{half, half, half}},
		Cells: [3]int{32, 32, 32},
	}
	cube, err := hydro.CellAverage[float64](snapshot, mesh, mesh.Full(), hydro.Conversion{
		MassPerH2AMU: 2.02, COPerH2: 1e-4, TemperatureFloorK: 2.725, VTurbMs: 150,
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	c := cube.Index(16, 16, 16)
	fmt.Printf("n(CO) = %.3e m⁻³, T = %.0f K, vz = %.0f m/s\n", cube.Density[c], cube.Temperature[c], cube.Velocity[2][c])
	// Output:
	// n(CO) = 3.753e+10 m⁻³, T = 1903 K, vz = 2461 m/s
}
