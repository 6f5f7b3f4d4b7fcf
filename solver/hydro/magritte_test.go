// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package hydro

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/columen/columen/internal/h5"
)

const magritteModel = "../../configs/models/agb_small_magritte.h5"

func openMagritte(t *testing.T, path string) *Magritte {
	t.Helper()
	m, err := OpenMagritte(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// checkMagritte compares the datasets of a model with a table. rtol is relative
// to the largest value, for sums to that of every term.
func checkMagritte(t *testing.T, path string, rows []magritteRow, rtol float64) {
	t.Helper()
	m := openMagritte(t, path)
	for _, row := range rows {
		x, err := m.read(row.name, row.column)
		if err != nil {
			t.Fatal(err)
		}
		lo, hi, sum := math.Inf(1), math.Inf(-1), 0.0
		for _, v := range x {
			lo, hi, sum = min(lo, v), max(hi, v), sum+v
		}
		n := float64(len(x))
		size := max(math.Abs(row.want[0]), math.Abs(row.want[1]))
		for c, got := range [6]float64{lo, hi, sum / n, sum, x[0], x[len(x)-1]} {
			atol := rtol * size
			if c == 3 {
				atol *= n
			}
			if d := math.Abs(got - row.want[c]); d > atol+1e-12*math.Abs(row.want[c]) {
				t.Errorf("%s[:,%d], column %d: %.13g, want %.13g", row.name, row.column, c, got, row.want[c])
			}
		}
	}
}

// TestMagritteRealModel: the example has the fields of the original in 4 bytes,
// chunked and compressed.
func TestMagritteRealModel(t *testing.T) {
	checkMagritte(t, magritteModel, smallMagritteRows(), 6e-8)
	m := openMagritte(t, magritteModel)
	if got := fmt.Sprint(m.species); got != "[CO H2 e-]" {
		t.Errorf("species %s", got)
	}
	inside, err := m.Points(MagritteOptions{TemperatureFloorK: 600})
	if err != nil {
		t.Fatal(err)
	}
	all, err := m.Points(MagritteOptions{KeepBoundary: true, VTurb2Unit: "m2/s2"})
	if err != nil {
		t.Fatal(err)
	}
	// 386 points of a hull come first; the others are cell centres.
	if inside.Len() != 25920 || all.Len() != 26306 {
		t.Fatalf("%d points inside, %d in all: want 25920, 26306", inside.Len(), all.Len())
	}
	if got := slices.Min(inside.Temperature); got != 600 {
		t.Errorf("least temperature %g, want the floor of 600", got)
	}
	for i := range inside.Len() {
		if inside.Position[1][i] != all.Position[1][386+i] || inside.Density[i] != all.Density[386+i] || inside.Velocity[2][i] != all.Velocity[2][386+i] {
			t.Fatalf("point %d differs from point %d of all", i, 386+i)
		}
	}
	if v := inside.Turbulence[7]; math.Abs(v-150) > 1e-9 {
		t.Errorf("turbulence %g m/s, want 150", v)
	}
	if v := all.Turbulence[7]; math.Abs(v-math.Sqrt(2.503462626121e-13)) > 1e-18 {
		t.Errorf("turbulence %g m/s, want √vturb2 as it stands", v)
	}
	if got := inside.Box(); math.Abs(got.Max[0]/2.86729252175e12-1) > 1e-11 {
		t.Errorf("box %v", got)
	}
}

// TestMagritteIsTheSnapshot: the example of Magritte was made of the cells of
// the AMRVAC example, so the points are their centres and the fields agree to
// the rounding of 4 bytes; the density differs as the masses of N_A and m_u do.
func TestMagritteIsTheSnapshot(t *testing.T) {
	s := openModel(t, smallModel)
	p, err := openMagritte(t, magritteModel).Points(MagritteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var leaf Leaf
	at := 0
	for i := range s.NumLeaves() {
		if err := s.ReadLeaf(i, &leaf); err != nil {
			t.Fatal(err)
		}
		box, n := s.LeafBox(i), s.LeafCells(i)
		for c := range leaf.Density {
			cell := [3]int{c % n[0], c / n[0] % n[1], c / n[0] / n[1]}
			for a := range 3 {
				x := box.Min[a] + box.Size()[a]*(float64(cell[a])+0.5)/float64(n[a])
				if math.Abs(p.Position[a][at]-x) > 1e-12*3e12 {
					t.Fatalf("point %d, axis %d: %g, want the centre of a cell at %g", at, a, p.Position[a][at], x)
				}
				if math.Abs(p.Velocity[a][at]-leaf.Velocity[a][c]) > 6e-8*3e4 {
					t.Fatalf("point %d, axis %d: %g m/s, want %g", at, a, p.Velocity[a][at], leaf.Velocity[a][c])
				}
			}
			density := leaf.Density[c] * testConversion.COPerH2 / (2.02 * atomicMass)
			if math.Abs(p.Density[at]/density-1) > 1e-7 || math.Abs(p.Temperature[at]/leaf.Temperature[c]-1) > 7e-8 {
				t.Fatalf("point %d: n %g, T %g: want %g, %g", at, p.Density[at], p.Temperature[at], density, leaf.Temperature[c])
			}
			at++
		}
	}
	if at != p.Len() {
		t.Errorf("%d cells, %d points", at, p.Len())
	}
}

// magritteFile is a model of six points, to be changed.
type magritteFile struct {
	shapes map[string][]int
	values map[string][]float64
	opts   h5.Options
	dtype  h5.Dtype
}

func baseMagritte() magritteFile {
	ramp := func(n int, a, b float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = a + b*float64(i)
		}
		return x
	}
	return magritteFile{
		shapes: map[string][]int{magrittePosition: {6, 3}, magritteVelocity: {6, 3}, magritteAbundance: {6, 4}, magritteTemperature: {6}, magritteVTurb2: {6}},
		values: map[string][]float64{magrittePosition: ramp(18, -8e12, 1e12), magritteVelocity: ramp(18, -1e-4, 1e-5), magritteAbundance: ramp(24, 1e9, 1e8),
			magritteTemperature: ramp(6, 20, 10), magritteVTurb2: ramp(6, 1e-13, 1e-14)},
		dtype: h5.Float64,
	}
}

func (f magritteFile) write(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.hdf5")
	file, err := h5.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []string{"geometry", "geometry/points", "chemistry", "chemistry/species", "thermodynamics", "thermodynamics/temperature", "thermodynamics/turbulence"} {
		if err := file.CreateGroup(g); err != nil {
			t.Fatal(err)
		}
	}
	for name, shape := range f.shapes {
		opts := f.opts
		if opts.Chunk != nil {
			opts.Chunk = []int{4, 1}[:len(shape)]
		}
		ds, err := file.CreateDataset(name, shape, f.dtype, opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := h5.WriteSlab(ds, make([]int, len(shape)), shape, f.values[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestMagritteStorage: contiguous, chunked, compressed, 4 or 8 bytes: the same
// points. The column is the fallback, as the file names no species.
func TestMagritteStorage(t *testing.T) {
	two := 2
	for _, dtype := range []h5.Dtype{h5.Float32, h5.Float64} {
		for name, opts := range map[string]h5.Options{"contiguous": {}, "chunked": {Chunk: []int{4}}, "deflate": {Chunk: []int{4}, Deflate: 9}, "shuffle": {Chunk: []int{4}, Deflate: 1, Shuffle: true}} {
			f := baseMagritte()
			f.opts, f.dtype = opts, dtype
			p, err := openMagritte(t, f.write(t)).Points(MagritteOptions{Column: &two})
			if err != nil {
				t.Fatalf("%s %v: %v", name, dtype, err)
			}
			rtol := map[h5.Dtype]float64{h5.Float32: 6e-8, h5.Float64: 1e-15}[dtype]
			want := [4]float64{f.values[magrittePosition][3*4+1], f.values[magritteVelocity][3*4+1] * 299792458, f.values[magritteAbundance][4*4+2], math.Sqrt(f.values[magritteVTurb2][4]) * 299792458}
			for i, got := range [4]float64{p.Position[1][4], p.Velocity[1][4], p.Density[4], p.Turbulence[4]} {
				if math.Abs(got/want[i]-1) > rtol {
					t.Errorf("%s %v, quantity %d: %g, want %g", name, dtype, i, got, want[i])
				}
			}
		}
	}
}

// TestMagritteVelocityUnit: a file in m/s.
func TestMagritteVelocityUnit(t *testing.T) {
	zero := 0
	f := baseMagritte()
	for i := range f.values[magritteVelocity] {
		f.values[magritteVelocity][i] *= 299792458
	}
	p, err := openMagritte(t, f.write(t)).Points(MagritteOptions{Column: &zero, VelocityUnit: "m/s"})
	if err != nil || p.Velocity[2][1] != f.values[magritteVelocity][5] {
		t.Errorf("velocity %v, error %v", p, err)
	}
}

func TestMagritteRefuses(t *testing.T) {
	one := 1
	options := MagritteOptions{Column: &one}
	without := func(name string) func(*magritteFile, *MagritteOptions) {
		return func(f *magritteFile, _ *MagritteOptions) { delete(f.shapes, name) }
	}
	value := func(name string, i int, x float64) func(*magritteFile, *MagritteOptions) {
		return func(f *magritteFile, _ *MagritteOptions) { f.values[name][i] = x }
	}
	column := func(c *int) func(*magritteFile, *MagritteOptions) {
		return func(_ *magritteFile, o *MagritteOptions) { o.Column = c }
	}
	minus, four := -1, 4
	cases := map[string]struct {
		edit  func(*magritteFile, *MagritteOptions)
		parts string
	}{
		"no position":    {without(magrittePosition), "dataset geometry/points/position is missing"},
		"no velocity":    {without(magritteVelocity), "dataset geometry/points/velocity is missing"},
		"no abundance":   {without(magritteAbundance), "dataset chemistry/species/abundance is missing"},
		"no temperature": {without(magritteTemperature), "dataset thermodynamics/temperature/gas is missing"},
		"no vturb2":      {without(magritteVTurb2), "dataset thermodynamics/turbulence/vturb2 is missing"},
		"flat position":  {func(f *magritteFile, _ *MagritteOptions) { f.shapes[magrittePosition] = []int{18} }, "position: shape [18]: want [number of points, 3]"},
		"two axes":       {func(f *magritteFile, _ *MagritteOptions) { f.shapes[magrittePosition] = []int{9, 2} }, "position: shape [9 2]: want [9 3]"},
		"other length": {func(f *magritteFile, _ *MagritteOptions) {
			f.shapes[magritteTemperature], f.values[magritteTemperature] = []int{5}, f.values[magritteTemperature][:5]
		}, "temperature/gas: shape [5]: want [6]"},
		"flat abundance": {func(f *magritteFile, _ *MagritteOptions) { f.shapes[magritteAbundance] = []int{24} }, "abundance: shape [24]: want [6, number of species]"},
		"no column":      {column(nil), "chemistry/species/species: is missing|species_column|from 0 to 3"},
		"column -1":      {column(&minus), "species_column = -1: want 0 to 3"},
		"column 4":       {column(&four), "species_column = 4: want 0 to 3"},
		"unit of vturb2": {func(_ *magritteFile, o *MagritteOptions) { o.VTurb2Unit = "km/s" }, `vturb2_unit = "km/s": want "c2" or "m2/s2"`},
		"unit of v":      {func(_ *magritteFile, o *MagritteOptions) { o.VelocityUnit = "km/s" }, `velocity_unit = "km/s": want "c" or "m/s"`},
		"floor":          {func(_ *magritteFile, o *MagritteOptions) { o.TemperatureFloorK = -1 }, "temperature_floor_k = -1"},
		"position NaN":   {value(magrittePosition, 7, math.NaN()), "dataset geometry/points/position: [2, 1]: found NaN"},
		"v in m/s":       {value(magritteVelocity, 7, 1e4), "velocity: [2, 1]: found 10000|velocity_unit"},
		"negative n":     {value(magritteAbundance, 9, -1), "abundance: [2, 1]: found -1|at least 0"},
		"negative T":     {value(magritteTemperature, 3, -5), "temperature/gas: [3]: found -5|at least 0"},
		"T NaN":          {value(magritteTemperature, 3, math.NaN()), "temperature/gas: [3]: found NaN"},
		"vturb2 in m/s":  {value(magritteVTurb2, 2, 22500), "vturb2: [2]: found 22500|vturb2_unit"},
		"vturb2 < 0":     {value(magritteVTurb2, 2, -1), "vturb2: [2]: found -1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f, o := baseMagritte(), options
			c.edit(&f, &o)
			m, err := OpenMagritte(f.write(t))
			if err == nil {
				defer m.Close()
				_, err = m.Points(o)
			}
			checkError(t, err, "model.hdf5|"+c.parts)
		})
	}
	_, err := openMagritte(t, magritteModel).Points(MagritteOptions{Species: "SiO"})
	checkError(t, err, `found ["CO" "H2" "e-"]|want SiO among the names`)
}

// TestMagritteForeign: files that are none.
func TestMagritteForeign(t *testing.T) {
	data, err := os.ReadFile(magritteModel)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data  []byte
		parts string
	}{
		"half": {data[:len(data)/2], "truncated"},
		"text": {[]byte("no model\n"), "signature"},
	} {
		path := filepath.Join(t.TempDir(), "model.hdf5")
		if err := os.WriteFile(path, c.data, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := OpenMagritte(path)
		t.Log(name)
		checkError(t, err, "model.hdf5|"+c.parts)
	}
}
