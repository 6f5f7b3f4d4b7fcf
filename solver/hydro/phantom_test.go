// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
)

// testConversion is that of the README of the wind.
var testConversion = Conversion{MassPerH2AMU: 2.02, COPerH2: 1e-4, TemperatureFloorK: 10, VTurbMs: 150}

var testPhantom = PhantomOptions{MeanMolWeight: 2.381}

// decodeDump opens an encoded dump.
func decodeDump(b []byte) (*Phantom, error) {
	src := &source{name: "model.phantom", r: bytes.NewReader(b), size: int64(len(b))}
	h, err := parsePhantomHeader(src)
	if err != nil {
		return nil, err
	}
	return &Phantom{src: src, header: h}, nil
}

// TestPhantomRoundTrip compares the points with the formulas of the
// specification, for both sizes of real, with and without boundary, types and
// threads.
func TestPhantomRoundTrip(t *testing.T) {
	cases := map[string]struct {
		edit func(*phantomFile, *PhantomOptions)
		want []int // the particles that are left
	}{
		"real8":         {func(*phantomFile, *PhantomOptions) {}, []int{0, 1, 2}},
		"real4":         {func(f *phantomFile, _ *PhantomOptions) { f.realBytes = 4 }, []int{0, 1, 2}},
		"with boundary": {func(_ *phantomFile, o *PhantomOptions) { o.Boundary = true }, []int{0, 1, 2, 4}},
		"no types":      {func(f *phantomFile, _ *PhantomOptions) { f.drop("itype") }, []int{0, 1, 2, 4}},
		"dust":          {func(f *phantomFile, _ *PhantomOptions) { f.column("itype").x[1] = 2 }, []int{0, 2}},
		"isothermal": {func(f *phantomFile, o *PhantomOptions) {
			f.drop("u")
			*o = PhantomOptions{TemperatureK: 77}
		}, []int{0, 1, 2}},
		"threads": {func(f *phantomFile, _ *PhantomOptions) {
			f.nblocks = 2
			f.set("nblocks", 2)
			f.blocks = append(f.blocks, splitBlock(&f.blocks[0], 2), phantomBlock{})
		}, []int{0, 1, 2}},
		"no sinks": {func(f *phantomFile, _ *PhantomOptions) { f.blocks[1] = phantomBlock{} }, []int{0, 1, 2}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f, o := basePhantom(), testPhantom
			whole := basePhantom()
			c.edit(&f, &o)
			p, err := decodeDump(f.encode())
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Points(o, testConversion)
			if err != nil {
				t.Fatal(err)
			}
			checkParticles(t, &whole, got, c.want, o, map[int]float64{4: 1e-6, 8: 1e-13}[f.realBytes])
		})
	}
}

// splitBlock keeps n elements of a block and returns the others.
func splitBlock(b *phantomBlock, n int) phantomBlock {
	rest := phantomBlock{n: b.n - n}
	b.n = n
	b.arrays = slices.Clone(b.arrays)
	for i, a := range b.arrays {
		rest.arrays = append(rest.arrays, phantomColumn{a.tag, a.kind, a.x[n:]})
		b.arrays[i].x = a.x[:n]
	}
	return rest
}

func checkParticles(t *testing.T, f *phantomFile, got *Points, want []int, o PhantomOptions, rtol float64) {
	t.Helper()
	if got.Len() != len(want) {
		t.Fatalf("%d points, want %v", got.Len(), want)
	}
	const length, velocity = 1.5e11, 1.5e11 / 5e6
	perKg := 1e-4 / (2.02 * atomicMass)
	for k, i := range want {
		at := func(tag string) float64 { return f.column(tag).x[i] }
		temperature := 2.381 * atomicMass / boltzmann * 0.2 * at("u") * velocity * velocity
		if o.TemperatureK != 0 {
			temperature = o.TemperatureK
		}
		mass := 2e-10 * 2e30 * perKg
		h := at("h") * length
		rows := [][2]float64{
			{got.Position[0][k], at("x") * length}, {got.Position[1][k], at("y") * length}, {got.Position[2][k], at("z") * length},
			{got.Velocity[0][k], at("vx") * velocity}, {got.Velocity[1][k], at("vy") * velocity}, {got.Velocity[2][k], at("vz") * velocity},
			{got.Temperature[k], temperature}, {got.Mass[k], mass}, {got.Smoothing[k], h},
			{got.Density[k], mass * math.Pow(1.2/h, 3)}, {got.Turbulence[k], 150},
		}
		for r, row := range rows {
			if math.Abs(row[0]-row[1]) > rtol*math.Abs(row[1])+1e-9*rtol {
				t.Errorf("particle %d, quantity %d: %g, want %g", i, r, row[0], row[1])
			}
		}
	}
}

// TestPhantomChemistry: μ and γ of every particle.
func TestPhantomChemistry(t *testing.T) {
	f := basePhantom()
	f.blocks[0].arrays = append(f.blocks[0].arrays, phantomColumn{"mu", "real", []float64{1.3, 2, 2.3, 1, 1}}, phantomColumn{"gamma", "real", []float64{5. / 3, 1.4, 1.2, 1, 1}})
	p, err := decodeDump(f.encode())
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Points(PhantomOptions{}, testConversion)
	if err != nil {
		t.Fatal(err)
	}
	const velocity = 1.5e11 / 5e6
	for i, x := range []float64{1.3 * 2 / 3 * 0.0625, 2 * 0.4 * 0.1875, 2.3 * 0.2 * 0.3125} {
		if want := x * atomicMass / boltzmann * velocity * velocity; math.Abs(got.Temperature[i]/want-1) > 1e-13 {
			t.Errorf("particle %d: %g K, want %g", i, got.Temperature[i], want)
		}
	}
	_, err = p.Points(testPhantom, testConversion)
	checkError(t, err, "mean_mol_weight = 2.381: remove it")
	f.column("gamma").x[1] = 0.5
	if p, err = decodeDump(f.encode()); err == nil {
		_, err = p.Points(PhantomOptions{}, testConversion)
	}
	checkError(t, err, "particle 1, u: found 0.1875|mu and gamma")
}

// TestPhantomFloor: cold gas is as warm as the floor.
func TestPhantomFloor(t *testing.T) {
	f := basePhantom()
	f.column("u").x[0] = 0
	p, err := decodeDump(f.encode())
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Points(testPhantom, testConversion)
	if err != nil || got.Temperature[0] != 10 {
		t.Errorf("temperature %v, error %v: want the floor of 10 K", got, err)
	}
}

// TestPhantomRefuses: what is wrong with a dump is said with place, found and
// wanted.
func TestPhantomRefuses(t *testing.T) {
	edit := func(change func(*phantomFile)) func(*phantomFile, *PhantomOptions) {
		return func(f *phantomFile, _ *PhantomOptions) { change(f) }
	}
	cases := map[string]struct {
		edit  func(*phantomFile, *PhantomOptions)
		parts string
	}{
		"big-endian":       {edit(func(f *phantomFile) { f.order = binary.BigEndian }), "byte 0: magic|big-endian|little-endian"},
		"magic":            {edit(func(f *phantomFile) { f.magicInt = 1 }), "byte 4: int1: found 1|want 60769"},
		"small":            {edit(func(f *phantomFile) { f.id = "S" + f.id[1:] }), "small dump|velocities|want a full dump"},
		"untagged":         {edit(func(f *phantomFile) { f.id = "F:" + f.id[2:] }), "without tags"},
		"foreign":          {edit(func(f *phantomFile) { f.id = "FT:sphNG:1" }), "sphNG|want a dump of Phantom"},
		"nonsense":         {edit(func(f *phantomFile) { f.id = "hello" }), "hello|want FT"},
		"tail":             {edit(func(f *phantomFile) { f.tail = "abc" }), "3 more bytes"},
		"no udist":         {edit(func(f *phantomFile) { f.drop("udist") }), "udist is missing"},
		"negative umass":   {edit(func(f *phantomFile) { f.set("umass", -2) }), "umass: found -2|positive"},
		"utime NaN":        {edit(func(f *phantomFile) { f.set("utime", math.NaN()) }), "utime: found NaN"},
		"no hfact":         {edit(func(f *phantomFile) { f.drop("hfact") }), "hfact is missing"},
		"no gamma":         {edit(func(f *phantomFile) { f.drop("gamma") }), "gamma|above 1"},
		"gamma 1":          {edit(func(f *phantomFile) { f.set("gamma", 1) }), "gamma: found [1]|above 1"},
		"no masses":        {edit(func(f *phantomFile) { f.drop("massoftype") }), "massoftype is missing"},
		"negative mass":    {edit(func(f *phantomFile) { f.set("massoftype", -1) }), "massoftype of type 1: found -1"},
		"no mass":          {edit(func(f *phantomFile) { f.set("massoftype", 0) }), "massoftype of type 1: found 0|positive"},
		"no velocity":      {edit(func(f *phantomFile) { f.drop("vy") }), "array vy of block 1 is missing|itype x y z vx vz"},
		"no h":             {edit(func(f *phantomFile) { f.drop("h") }), "array h of block 1 is missing"},
		"x NaN":            {edit(func(f *phantomFile) { f.column("x").x[1] = math.NaN() }), "particle 1, x: found NaN|byte "},
		"vz infinite":      {edit(func(f *phantomFile) { f.column("vz").x[2] = math.Inf(1) }), "particle 2, vz: found +Inf"},
		"u negative":       {edit(func(f *phantomFile) { f.column("u").x[0] = -1 }), "particle 0, u: found -1|at least 0"},
		"u NaN":            {edit(func(f *phantomFile) { f.column("u").x[2] = math.NaN() }), "particle 2, u: found NaN"},
		"h NaN":            {edit(func(f *phantomFile) { f.column("h").x[0] = math.NaN() }), "particle 0, h: found NaN"},
		"type":             {edit(func(f *phantomFile) { f.column("itype").x[2] = 9 }), "particle 2, itype: found 9|1 to 3"},
		"nothing alive":    {edit(func(f *phantomFile) { f.column("h").x = []float64{-1, -1, 0, -1, 1} }), "no particle of live gas among 5"},
		"uneven groups":    {edit(func(f *phantomFile) { f.set("nblocks", 3) }), "number of array blocks: found 2|multiple of the 3"},
		"no mu":            {func(_ *phantomFile, o *PhantomOptions) { o.MeanMolWeight = 0 }, "mean_mol_weight|positive"},
		"two temperatures": {func(_ *phantomFile, o *PhantomOptions) { o.TemperatureK = 10 }, "temperature_k = 10: remove it"},
		"none, isothermal": {edit(func(f *phantomFile) { f.drop("u") }), "temperature_k is missing"},
		"unequal lengths": {edit(func(f *phantomFile) {
			f.blocks = append(f.blocks, phantomBlock{1, []phantomColumn{{"x", "real", []float64{1}}}}, phantomBlock{})
			f.nblocks = 2
			f.set("nblocks", 2)
		}), "array x has 6 elements, want 5 like h"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f, o := basePhantom(), testPhantom
			c.edit(&f, &o)
			p, err := decodeDump(f.encode())
			if err == nil {
				_, err = p.Points(o, testConversion)
			}
			checkError(t, err, "model.phantom: |"+c.parts)
		})
	}
}

func checkError(t *testing.T, err error, parts string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range strings.Split(parts, "|") {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
}

// TestPhantomTruncated cuts a dump after every byte.
func TestPhantomTruncated(t *testing.T) {
	f := basePhantom()
	data := f.encode()
	for n := range data {
		if _, err := decodeDump(data[:n]); err == nil || !strings.Contains(err.Error(), "byte ") {
			t.Fatalf("cut to %d of %d bytes: %v: want an error with the offset", n, len(data), err)
		}
	}
	damaged := slices.Clone(data)
	damaged[28] = 99 // the end mark of the first record
	_, err := decodeDump(damaged)
	checkError(t, err, "byte 28: end mark of the record of magic: found 99|want 24")
	copy(damaged, data)
	copy(damaged[32:], "\xff\xff\xff\xff")
	_, err = decodeDump(damaged)
	checkError(t, err, "byte 32: length of the record of file identifier: found -1|2 GiB")
}

// FuzzPhantom: no dump makes the reader panic, and what it accepts is gas.
func FuzzPhantom(f *testing.F) {
	full, small, one := basePhantom(), basePhantom(), basePhantom()
	small.realBytes, one.blocks = 4, basePhantom().blocks[:1]
	for _, d := range []*phantomFile{&full, &small, &one} {
		f.Add(d.encode())
	}
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := decodeDump(data)
		if err != nil {
			return
		}
		if _, err := p.Describe(); err != nil {
			t.Fatal(err)
		}
		points, err := p.Points(testPhantom, testConversion)
		if err != nil {
			return
		}
		for i, temperature := range points.Temperature {
			if !(temperature >= 10 && points.Smoothing[i] > 0) {
				t.Fatalf("point %d: T %g, h %g", i, temperature, points.Smoothing[i])
			}
		}
	})
}
