// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"testing"

	"codeberg.org/sbinet/npyio"

	"github.com/columen/columen/solver/grid"
)

const (
	mainModel  = "../../configs/models/agb_main.dat"
	smallModel = "testdata/agb_small_ghost.dat"

	// m_u of the program that made the tables [kg], 2e-9 more than CODATA's.
	tableAtomicMass = 1.66053907e-27
)

// tableRow is min, max, mean, sum, volume mean, first and last cell of a field
// in code units (T: in K), by the independent program of testdata/README.md.
type tableRow [7]float64

// mainTable is that of mainModel.
func mainTable() map[string]tableRow {
	return map[string]tableRow{
		"rho": {8.703051485426e-04, 2.450360312536e+01, 5.654962684255e-02, 1.968831808150e+04, 1.550036106809e-02, 2.737737359497e-03, 2.505578918301e-03},
		"m1":  {-2.734241888368e+00, 1.188948014240e+01, -9.455873967682e-04, -3.292157080588e+02, 1.473666676994e-03, -2.220205900949e-03, 2.169257265289e-03},
		"m2":  {-4.555071581646e+00, 8.557580192435e+00, -8.923441808493e-03, -3.106785500045e+03, -5.532722304374e-04, -2.345657374076e-03, 2.058309110558e-03},
		"m3":  {-6.818658119918e+00, 6.818658119911e+00, 1.251232063221e-13, 4.356289551311e-08, 9.925431669970e-14, -2.347232645871e-03, 2.054755945576e-03},
		"e":   {1.380123166414e-04, 1.191533109534e+01, 3.497835190357e-02, 1.217806299875e+04, 1.010864212982e-02, 3.026133999627e-03, 2.728485225464e-03},
		"vx":  {-1.274916323377e+00, 2.312636535661e+00, 3.285655798890e-02, 1.143933922942e+04, 6.589143978560e-02, -8.109638031011e-01, 8.657708801125e-01},
		"vy":  {-1.867889904563e+00, 1.267346886154e+00, 2.058628081411e-02, 7.167319528240e+03, 4.587744838922e-03, -8.567868520839e-01, 8.214904330186e-01},
		"vz":  {-1.496375059647e+00, 1.496375059647e+00, 1.517830828344e-11, 5.284479811962e-06, 1.821764204511e-11, -8.573622439452e-01, 8.200723316149e-01},
		"p":   {5.910443684404e-06, 2.079687125095e+00, 2.163942659504e-03, 7.533982763331e+02, 4.589273131437e-04, 3.444064983384e-05, 3.044414061925e-05},
		"T":   {1.908907606834e+02, 6.877509002996e+03, 4.511639976942e+02, 1.570772574372e+08, 3.574747278827e+02, 3.555602744320e+02, 3.434229471755e+02},
	}
}

// smallTable is that of smallModel.
func smallTable() map[string]tableRow {
	return map[string]tableRow{
		"rho": {1.320071157929e-02, 1.642412727205e+01, 1.628058846643e-01, 4.219928530498e+03, 6.537790539633e-02, 1.591412971761e-02, 1.320071157929e-02},
		"m1":  {-4.980442659176e+00, 1.604542941255e+01, -2.606756212923e-02, -6.756712103896e+02, -2.506245333913e-03, -9.136791640825e-03, 8.766876854056e-03},
		"m2":  {-2.059993932709e+01, 5.656445254881e+00, 4.471092911766e-02, 1.158907282730e+03, 1.019691354998e-02, -1.040317958245e-02, 7.785688272466e-03},
		"m3":  {-1.977979459251e+01, 1.977424367511e+01, -3.119058507674e-07, -8.084599651891e-03, -7.310239939651e-08, -1.049437618612e-02, 7.655528780934e-03},
		"e":   {1.523843551655e-03, 4.133130781395e+01, 1.602933582954e-01, 4.154803847016e+03, 4.971288161400e-02, 1.049932565107e-02, 8.219120448050e-03},
		"vx":  {-2.013629473098e+00, 2.017131529034e+00, 8.081183420345e-02, 2.094642742554e+03, 9.885110284384e-02, -5.741307757920e-01, 6.641215362820e-01},
		"vy":  {-2.693087923872e+00, 1.757908496315e+00, 5.426363194197e-02, 1.406513339936e+03, 1.176713638706e-02, -6.537070997314e-01, 5.897930748429e-01},
		"vz":  {-1.896603382067e+00, 1.896599974732e+00, 4.410646631574e-08, 1.143239606904e-03, 1.034004318967e-08, -6.594376426696e-01, 5.799330388328e-01},
		"p":   {2.376495113405e-04, 4.600637216566e+00, 2.287228009917e-02, 5.928495001706e+02, 6.326753850988e-03, 3.047878474290e-04, 2.376495113405e-04},
		"T":   {5.088306471926e+02, 1.194615442846e+04, 1.586907540737e+03, 4.113264345591e+07, 9.387153001497e+02, 5.413129674205e+02, 5.088306471926e+02},
	}
}

// openModel opens a real snapshot, to be closed with the test.
func openModel(t testing.TB, path string) *AMRVAC {
	t.Helper()
	s, err := OpenAMRVAC(path, testUnits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestAMRVACRealHeaders(t *testing.T) {
	cube := func(n int) [3]int { return [3]int{n, n, n} }
	gamma := []AMRVACParameter{{"gamma", 1.3}}
	names := []string{"rho", "m1", "m2", "m3", "e"}
	cases := []struct {
		path   string
		header AMRVACHeader
		levels []int
		cells  int
		center float64 // of the first cell, which is minus that of the last [au]
	}{
		{mainModel, AMRVACHeader{Version: 5, OffsetTree: 288, OffsetBlocks: 19680, NumVars: 5, NDir: 3, NDim: 3, LevMax: 3, NumLeaves: 680,
			NumParents: 88, Iteration: 339, Time: 42, XMin: [3]float64{-60, -60, -60}, XMax: [3]float64{60, 60, 60}, DomainCells: cube(32),
			BlockCells: cube(8), Geometry: "Cartesian_3D", Names: names, Physics: "hd", Parameters: gamma, SnapshotNext: 6},
			[]int{8, 416, 256}, 348160, -58.125},
		{smallModel, AMRVACHeader{Version: 5, OffsetTree: 288, OffsetBlocks: 3680, NumVars: 5, NDir: 3, NDim: 3, LevMax: 2, NumLeaves: 120,
			NumParents: 8, Iteration: 145, Time: 12, XMin: [3]float64{-20, -20, -20}, XMax: [3]float64{20, 20, 20}, DomainCells: cube(24),
			BlockCells: cube(6), Geometry: "Cartesian_3D", Names: names, Physics: "hd", Parameters: gamma, SnapshotNext: 2},
			[]int{56, 64}, 25920, -19.166666666666668},
	}
	for _, c := range cases {
		s := openModel(t, c.path)
		h := *s.Header()
		// The counters for slices and collapsed views are not in the table.
		c.header.SliceNext, c.header.CollapseNext = h.SliceNext, h.CollapseNext
		if got, want := fmt.Sprintf("%+v", h), fmt.Sprintf("%+v", c.header); got != want {
			t.Errorf("%s: header\n%s, want\n%s", c.path, got, want)
		}
		levels, cells := make([]int, h.LevMax), 0
		for i := range s.NumLeaves() {
			levels[s.LeafLevel(i)-1]++
			n := s.LeafCells(i)
			cells += n[0] * n[1] * n[2]
		}
		if fmt.Sprint(levels) != fmt.Sprint(c.levels) || cells != c.cells {
			t.Errorf("%s: %v leaves per level, %d cells; want %v, %d", c.path, levels, cells, c.levels, c.cells)
		}
		const au = 1.495978707e11
		first, last := s.LeafBox(0), s.LeafBox(s.NumLeaves()-1)
		for a, n := range s.LeafCells(0) {
			lo := first.Min[a] + first.Size()[a]/float64(2*n)
			hi := last.Max[a] - last.Size()[a]/float64(2*n)
			if !near(lo, c.center*au, 60*au) || !near(hi, -c.center*au, 60*au) {
				t.Errorf("%s: axis %d: first cell at %g au, last at %g au, want ±%g", c.path, a, lo/au, hi/au, c.center)
			}
		}
	}
}

func TestAMRVACRealTables(t *testing.T) {
	for path, table := range map[string]map[string]tableRow{mainModel: mainTable(), smallModel: smallTable()} {
		s := openModel(t, path)
		stats := map[string]*FieldStats{}
		var cells, volume float64
		var leaf Leaf
		for i := range s.NumLeaves() {
			v := s.LeafBox(i).Volume()
			fields := codeFields(t, s, i, &leaf)
			volume += v
			cells += float64(len(leaf.Density))
			for name, x := range fields {
				if stats[name] == nil {
					stats[name] = new(FieldStats)
				}
				stats[name].add(x, v/float64(len(x)), i == 0)
			}
		}
		for name, want := range table {
			g := stats[name]
			got := tableRow{g.Min, g.Max, g.Mean / cells, g.Mean, g.VolumeMean / volume, g.First, g.Last}
			size := max(math.Abs(want[0]), math.Abs(want[1]))
			for c := range want {
				// Sums round; where they cancel, rounding of a term is what counts.
				rtol, atol := 1e-10, 1e-15*size
				if c == 3 {
					atol *= cells / 10
				}
				if d := math.Abs(got[c] - want[c]); d > rtol*math.Abs(want[c])+atol {
					t.Errorf("%s: %s, column %d: %.13g, want %.13g: off by %.2g", path, name, c, got[c], want[c], d)
				}
			}
		}
	}
}

// codeFields reads one leaf and returns the fields of a table.
func codeFields(t *testing.T, s *AMRVAC, i int, leaf *Leaf) map[string][]float64 {
	t.Helper()
	rec, err := s.openRecord(i)
	if err == nil {
		err = s.ReadLeaf(i, leaf)
	}
	if err != nil {
		t.Fatal(err)
	}
	n := len(leaf.Density)
	f := map[string][]float64{}
	for column, name := range s.Header().Names {
		f[name] = make([]float64, n)
		if err := s.readVariable(rec, column, f[name], new(Leaf)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"vx", "vy", "vz", "p", "T"} {
		f[name] = make([]float64, n)
	}
	for c := range n {
		for a, name := range []string{"vx", "vy", "vz"} {
			f[name][c] = leaf.Velocity[a][c] / 1e4
		}
		f["T"][c] = leaf.Temperature[c] / atomicMass * tableAtomicMass
		f["p"][c] = leaf.Temperature[c] / s.temperatureUnit() * leaf.Density[c] / 1e-12
		if math.Abs(leaf.Density[c]/1e-12/f["rho"][c]-1) > 1e-15 {
			t.Fatalf("leaf %d, cell %d: %g kg/m³ from %g", i, c, leaf.Density[c], f["rho"][c])
		}
	}
	return f
}

func TestSummarize(t *testing.T) {
	s := openModel(t, mainModel)
	calls := 0
	stats, err := Summarize(s, func(done, total int) {
		if calls++; done != calls || total != 680 {
			t.Errorf("progress(%d, %d) in call %d", done, total, calls)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	table := mainTable()
	for i, name := range []string{"rho", "vx", "vy", "vz", "T"} {
		unit := [5]float64{1e-12, 1e4, 1e4, 1e4, atomicMass / tableAtomicMass}[i]
		w, g := table[name], stats[i]
		got := [6]float64{g.Min, g.Max, g.Mean, g.VolumeMean, g.First, g.Last}
		for c, want := range [6]float64{w[0], w[1], w[2], w[4], w[5], w[6]} {
			if d := math.Abs(got[c] - want*unit); d > 1e-10*math.Abs(want)*unit+1e-14*w[1]*unit {
				t.Errorf("%s, column %d: %g, want %g", name, c, got[c], want*unit)
			}
		}
	}
	want := Line{"temperature [K]", "min 190.891 max 6877.51 mean 451.164 volume mean 357.475"}
	if got := stats[4].Describe(); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestAverageOfRealModel compares with an independent program's cell averages
// of the whole box, which it rounded to f4.
func TestAverageOfRealModel(t *testing.T) {
	s := openModel(t, mainModel)
	f, err := os.Open("testdata/agb_main_cube64.npy")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var want []float32
	if err := npyio.Read(bufio.NewReader(f), &want); err != nil {
		t.Fatal(err)
	}
	mesh := grid.Mesh{Box: s.Box(), Cells: [3]int{64, 64, 64}}
	gas, err := AverageGas(s, mesh, mesh.Full(), nil)
	if err != nil {
		t.Fatal(err)
	}
	n := mesh.NumCells()
	if len(want) != 5*n {
		t.Fatalf("%d values, want %d", len(want), 5*n)
	}
	for i, name := range []string{"rho", "vx", "vy", "vz", "T"} {
		unit := [5]float64{1e-3, 100, 100, 100, tableAtomicMass / atomicMass}[i]
		x := [5][]float64{gas.Density, gas.Velocity[0], gas.Velocity[1], gas.Velocity[2], gas.Temperature}[i]
		var worst float64
		for c, w := range want[i*n : (i+1)*n] {
			// Half a unit in the last place of f4 is 2⁻²⁴ = 6e-8 relative.
			// Averages that nearly cancel carry the rounding of their terms,
			// of order 1e6 cm/s · 1e-16 each.
			d := math.Abs(x[c]*unit - float64(w))
			if name[0] == 'v' {
				d -= 1e-8
			}
			worst = max(worst, d/math.Abs(float64(w)))
		}
		if worst > 5.97e-8 {
			t.Errorf("%s: relative difference %.3g, want at most f4 rounding", name, worst)
		}
	}
}

// TestAverageOfRealModelInFullPrecision has the values before that rounding.
func TestAverageOfRealModelInFullPrecision(t *testing.T) {
	s := openModel(t, mainModel)
	mesh := grid.Mesh{Box: s.Box(), Cells: [3]int{64, 64, 64}}
	gas, err := AverageGas(s, mesh, mesh.Full(), nil)
	if err != nil {
		t.Fatal(err)
	}
	// Sum over cells; cells (0,0,0), (32,32,32), (10,20,30), (31,40,33). cgs.
	rows := [5][5]float64{
		{4.063326651835e-12, 2.737737359e-18, 1.583819640e-15, 2.916963857e-18, 6.554883742e-17},
		{1.725152751966e+10, -8.109638031e+05, 1.252501861e+06, -7.114637849e+05, 2.080665794e+04},
		{1.167502931320e+09, -8.567868521e+05, 4.780318383e+05, -4.120944953e+05, 6.715274033e+05},
		{4.770527060609, -8.573622439e+05, 2.264854975e+05, -5.526396263e+04, 1.667537128e+05},
		{9.382029866573e+07, 3.555602744e+02, 2.113658265e+03, 2.445545348e+02, 6.331341420e+02},
	}
	for i, x := range [5][]float64{gas.Density, gas.Velocity[0], gas.Velocity[1], gas.Velocity[2], gas.Temperature} {
		unit := [5]float64{1e-3, 100, 100, 100, tableAtomicMass / atomicMass}[i]
		at := func(i, j, k int) float64 { return x[(i*64+j)*64+k] * unit }
		var sum float64
		for _, v := range x {
			sum += v * unit
		}
		cancel := 0.0
		if i == 3 {
			cancel = 1e-4
		}
		for c, got := range [5]float64{sum, at(0, 0, 0), at(32, 32, 32), at(10, 20, 30), at(31, 40, 33)} {
			// Ten digits are given; that of vz cancels to 1e-11 of its terms.
			if d := math.Abs(got - rows[i][c]); d > 6e-10*math.Abs(rows[i][c])+cancel {
				t.Errorf("field %d, column %d: %.13g, want %.13g", i, c, got, rows[i][c])
			}
		}
	}
}
