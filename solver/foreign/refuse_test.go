// SPDX-License-Identifier: BSD-3-Clause

package foreign

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRADMC3DRefuses edits one file of the folder.
func TestRADMC3DRefuses(t *testing.T) {
	replace := func(old, now string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(now), 1) }
	}
	speed := 1.0
	for name, c := range map[string]struct {
		file  string
		edit  func([]byte) []byte
		o     RADMC3DOptions
		parts string
	}{
		"version":          {"amr_grid.inp", replace("1\n0", "2\n0"), RADMC3DOptions{}, `amr_grid.inp:1: iformat: found "2", want 1`},
		"octree":           {"amr_grid.inp", replace("1\n0", "1\n1"), RADMC3DOptions{}, "amr_grid.inp:2: grid_style|regular grid"},
		"spherical":        {"amr_grid.inp", replace("0\n0\n0", "0\n100\n0"), RADMC3DOptions{}, "amr_grid.inp:3: coord_system|Cartesian"},
		"two dimensions":   {"amr_grid.inp", replace("1 1 1", "1 1 0"), RADMC3DOptions{}, "amr_grid.inp:5: incl_z|three dimensions"},
		"no cells":         {"amr_grid.inp", replace("4 3 2", "4 0 2"), RADMC3DOptions{}, "amr_grid.inp:6: ny|1 to 8192"},
		"uneven":           {"amr_grid.inp", replace("0.0000000000000000e+00", "1.0e+11"), RADMC3DOptions{}, "edge 2 along x|equal cells"},
		"falling":          {"amr_grid.inp", replace("-2.99", "2.99"), RADMC3DOptions{}, "edges along x|increasing"},
		"word":             {"amr_grid.inp", replace("e+00", "e+0O"), RADMC3DOptions{}, "amr_grid.inp:7|want a number"},
		"more":             {"amr_grid.inp", func(b []byte) []byte { return append(b, "7"...) }, RADMC3DOptions{}, "after the last number|end of the file"},
		"cells":            {"gas_temperature.inp", replace("24", "25"), RADMC3DOptions{}, `gas_temperature.inp:2: number of cells: found "25", want 24`},
		"values cut":       {"gas_temperature.inp", func(b []byte) []byte { return b[:len(b)-17] }, RADMC3DOptions{}, "gas_temperature.inp:25: value 24 of 24|truncated"},
		"no temperature":   {"gas_temperature.inp", nil, RADMC3DOptions{}, "neither gas_temperature.inp nor gas_temperature.binp"},
		"other molecule":   {"", nil, RADMC3DOptions{Molecule: "sio"}, "neither numberdens_sio.inp nor numberdens_sio.binp"},
		"two turbulences":  {"", nil, RADMC3DOptions{VTurbMs: &speed}, "v_turb_ms = 1: remove it, for there is microturbulence.inp"},
		"density a format": {"numberdens_co.inp", replace("1\n", "3\n"), RADMC3DOptions{}, "numberdens_co.inp:1: iformat"},
	} {
		t.Run(name, func(t *testing.T) {
			path := copyFolder(t)
			file := filepath.Join(filepath.Dir(path), c.file)
			if c.edit == nil && c.file != "" {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			} else if c.edit != nil {
				edit(t, file, c.edit)
			}
			_, err := OpenRADMC3D(path, c.o)
			checkError(t, err, c.parts)
		})
	}
	path := copyFolder(t)
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "numberdens_co.binp"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := OpenRADMC3D(path, RADMC3DOptions{})
	checkError(t, err, "both numberdens_co.inp and numberdens_co.binp")
}

func edit(t *testing.T, file string, change func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	now := change(slices.Clone(data))
	if bytes.Equal(now, data) {
		t.Fatalf("%s is as before", file)
	}
	if err := os.WriteFile(file, now, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestBinaryRefuses(t *testing.T) {
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata/radmc_binary", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	gridFile, values := read("amr_grid.binp"), read("gas_temperature.binp")
	put := func(data []byte, at int, n uint64) []byte {
		data = slices.Clone(data)
		binary.LittleEndian.PutUint64(data[at:], n)
		return data
	}
	for _, c := range []struct {
		data  []byte
		parts string
	}{
		{gridFile[:40], "byte 40: incl_y: found the end of the file"},
		{gridFile[:len(gridFile)-1], "edge 2 along z|truncated"},
		{append(slices.Clone(gridFile), 0), "1 more bytes"},
		{put(gridFile, 0, 1<<56), "byte 0: iformat|big-endian"},
		{put(gridFile, 8, 10), "byte 8: grid_style: found 10|regular grid"},
		{put(gridFile, 56, 1<<40), "byte 56: nx|1 to 8192"},
	} {
		_, err := parseAMRGridBinary("amr_grid.binp", bytes.NewReader(c.data), int64(len(c.data)))
		checkError(t, err, "amr_grid.binp: |"+c.parts)
	}
	for _, c := range []struct {
		data  []byte
		parts string
	}{
		{values[:23], "header of 24 bytes"},
		{values[:len(values)-8], "byte 208: found the end of the file, want it at byte 216"},
		{append(slices.Clone(values), 1), "want it at byte 216"},
		{put(values, 0, 1<<56), "byte 0: iformat|big-endian"},
		{put(values, 8, 2), "byte 8: precision: found 2, want 4 or 8"},
		{put(values, 16, 25), "byte 16: number of cells: found 25, want 24"},
	} {
		_, err := parseValuesBinary("t.binp", bytes.NewReader(c.data), int64(len(c.data)), 24, 24)
		checkError(t, err, "t.binp: |"+c.parts)
	}
}

func TestArraysRefuse(t *testing.T) {
	npy, err := os.ReadFile("testdata/density.npy")
	if err != nil {
		t.Fatal(err)
	}
	fits, err := os.ReadFile("testdata/velocity_z.fits")
	if err != nil {
		t.Fatal(err)
	}
	swap := func(data []byte, old, now string) []byte {
		if len(old) != len(now) || !bytes.Contains(data, []byte(old)) {
			t.Fatalf("no %q to replace by %q", old, now)
		}
		return bytes.Replace(data, []byte(old), []byte(now), 1)
	}
	for _, c := range []struct {
		data   []byte
		format string
		parts  string
	}{
		{nil, "", "byte 0: found the end of the file"},
		{[]byte("hello, world"), "", "byte 0: found|npy or fits"},
		{npy, "fits", "want a file of format fits"},
		{fits, "npy", "want a file of format npy"},
		{npy[:8], "", "want the header of an .npy file"},
		{swap(npy, "NUMPY\x01", "NUMPY\x09"), "", "byte 6: version: found 9"},
		{npy[:60], "", "length of the header"},
		{npy[:len(npy)-1], "", "byte 319: found the end of the file, want it at byte 320"},
		{append(slices.Clone(npy), 0), "", "want it at byte 320"},
		{swap(npy, "<f8", "<i8"), "", "want descr: <f4"},
		{swap(npy, "(4, 3, 2)", "(4, 3, 0)"), "", "want shape"},
		{swap(npy, "(4, 3, 2)", "(4, 6,)  "), "", "want shape"},
		{swap(npy, "fortran_order", "fortran_odour"), "", "fortran_order and shape"},
		{fits[:2000], "", "byte 2000|card END"},
		{fits[:2890], "", "byte 2890: found the end of the file, want it at byte 2976"},
		{swap(fits, "-32", " 16"), "", "card BITPIX is|-32 or -64"},
		{swap(fits, "NAXIS   =                    3", "NAXIS   =                    2"), "", "card NAXIS is"},
		{swap(fits, "NAXIS2  =                    3", "NAXIS2  =                   -3"), "", "card NAXIS2 is"},
		{swap(fits, "EXTEND  =                    T", "BSCALE  =                  2.0"), "", "card BSCALE|scaled"},
		{swap(fits, " END ", " ENE "), "", "card END"},
	} {
		_, err := parseArray("a.npy", bytes.NewReader(c.data), int64(len(c.data)), c.format)
		checkError(t, err, "a.npy: |"+c.parts)
	}
}

func TestFieldsRefuse(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other.npy")
	data, err := os.ReadFile("testdata/density.npy")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, bytes.Replace(data, []byte("(4, 3, 2)"), []byte("(2, 3, 4)"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		edit  func(*FieldsOptions)
		parts string
	}{
		"missing":       {func(o *FieldsOptions) { o.Temperature = "testdata/none.npy" }, "testdata/none.npy: no such file"},
		"shape":         {func(o *FieldsOptions) { o.Temperature = other }, "other.npy: [2 3 4] cells, want [4 3 2] like testdata/density.npy"},
		"density unit":  {func(o *FieldsOptions) { o.DensityUnit = "g" }, `density_unit = "g"`},
		"velocity unit": {func(o *FieldsOptions) { o.VelocityUnit = "c" }, `velocity_unit = "c"`},
		"no box":        {func(o *FieldsOptions) { o.Box.Max[1] = o.Box.Min[1] }, "testdata/density.npy: "},
		"format":        {func(o *FieldsOptions) { o.Format = "npy" }, "velocity_z.fits: byte 0|format npy"},
	} {
		t.Run(name, func(t *testing.T) {
			o := baseFields()
			c.edit(&o)
			_, err := OpenFields(o)
			checkError(t, err, c.parts)
		})
	}
}

// FuzzGridText: no text makes the reader of grids panic or accept a bad mesh.
func FuzzGridText(f *testing.F) {
	f.Add("1\n0\n0\n0\n1 1 1\n1 1 2\n0 1\n0 1d0\n-1 0 1\n")
	f.Add("1 0 0 0 1 1 1 1 1 1 0 1e400 0 1 0 NaN")
	f.Fuzz(func(t *testing.T, data string) {
		if m, err := parseAMRGridText("amr_grid.inp", strings.NewReader(data)); err == nil && m.Validate() != nil {
			t.Errorf("accepted %+v", m)
		}
	})
}

// FuzzGridBinary is the same of binary grids.
func FuzzGridBinary(f *testing.F) {
	data, err := os.ReadFile("testdata/radmc_binary/amr_grid.binp")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := parseAMRGridBinary("amr_grid.binp", bytes.NewReader(data), int64(len(data))); err == nil && m.Validate() != nil {
			t.Errorf("accepted %+v", m)
		}
	})
}

// FuzzValues: values of text and of binary files are as many as wanted.
func FuzzValues(f *testing.F) {
	f.Add([]byte("1\n3\n1.0 2.0d0 3e500\n"))
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00123412341234"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if x, err := parseValuesText("v.inp", bytes.NewReader(data), 3, 3); err == nil && len(x) != 3 {
			t.Errorf("%d values", len(x))
		}
		if n, err := parseValuesBinary("v.binp", bytes.NewReader(data), int64(len(data)), 3, 3); err == nil {
			if err := n.fill(make([]float64, 3), 0); err != nil {
				t.Error(err)
			}
		}
	})
}

// FuzzArray: an .npy or FITS file that is accepted can be read whole.
func FuzzArray(f *testing.F) {
	for _, name := range []string{"density.npy", "temperature.npy", "velocity_z.fits"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := parseArray("a", bytes.NewReader(data), int64(len(data)), "")
		if err != nil {
			return
		}
		n := int64(a.cells[0]) * int64(a.cells[1]) * int64(a.cells[2])
		if err := a.numbers.fill(make([]float64, n), 0); err != nil {
			t.Error(err)
		}
	})
}
