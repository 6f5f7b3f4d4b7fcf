// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package cubefile

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/columen/columen/internal/h5"
	"github.com/columen/columen/solver/grid"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// modelCube fills a block so that every value tells its field and cell.
func modelCube[T grid.Float](m grid.Mesh, b grid.Block) *grid.Cube[T] {
	c := grid.NewCube[T](m, b)
	s := b.Stored
	for i := s[0].Lo; i < s[0].Hi; i++ {
		for j := s[1].Lo; j < s[1].Hi; j++ {
			for k := s[2].Lo; k < s[2].Hi; k++ {
				cell := (i*m.Cells[1]+j)*m.Cells[2] + k
				for f, v := range fieldsOf(c) {
					v[c.Index(i, j, k)] = T(1000*(f+1) + cell)
				}
			}
		}
	}
	return c
}

func folder(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func roundTrip[T grid.Float](t *testing.T, dtype string) {
	path := filepath.Join(t.TempDir(), "cube.h5")
	m := testMesh()
	meta := Meta{Species: "CO", Provenance: []KeyValue{{"config_digest", "sha256:ab"}, {"snapshot", "m.dat"}}}
	must(t, Write(path, modelCube[T](m, m.Full()), meta))
	f, err := Open(path)
	must(t, err)
	defer f.Close()
	if f.Mesh() != m || !reflect.DeepEqual(f.Meta(), meta) || f.Dtype() != dtype {
		t.Errorf("mesh %v, meta %v, type %s: want %v, %v, %s", f.Mesh(), f.Meta(), f.Dtype(), m, meta, dtype)
	}
	got, err := Read[T](f, m.Full(), [3]bool{true, true, true})
	must(t, err)
	if want := modelCube[T](m, m.Full()); !reflect.DeepEqual(got, want) {
		t.Errorf("cube differs after a round trip: %v", got.Density)
	}
	part := grid.Block{
		Owned:  [3]grid.Range{{Lo: 1, Hi: 2}, {Lo: 2, Hi: 4}, {Lo: 3, Hi: 7}},
		Stored: [3]grid.Range{{Lo: 0, Hi: 3}, {Lo: 1, Hi: 5}, {Lo: 2, Hi: 7}},
	}
	sub, err := Read[T](f, part, [3]bool{false, false, true})
	must(t, err)
	want := modelCube[T](m, part)
	want.Velocity[0], want.Velocity[1] = nil, nil
	if !reflect.DeepEqual(sub, want) {
		t.Error("a block read by hyperslab differs from the same cells made directly")
	}
}

func TestRoundTrip(t *testing.T) {
	t.Run("f4", func(t *testing.T) { roundTrip[float32](t, "f4") })
	t.Run("f8", func(t *testing.T) { roundTrip[float64](t, "f8") })
}

func TestBlocksEqualWhole(t *testing.T) {
	dir := t.TempDir()
	m := testMesh()
	whole, parts := filepath.Join(dir, "whole.h5"), filepath.Join(dir, "parts.h5")
	must(t, Write(whole, modelCube[float32](m, m.Full()), Meta{}))
	w, err := NewWriter[float32](parts, m, [3]bool{true, true, true}, Meta{})
	must(t, err)
	if err := func() error { _, err := os.Stat(parts); return err }(); err == nil {
		t.Error("the file has its final name before Close")
	}
	for _, x := range []grid.Range{{Lo: 0, Hi: 2}, {Lo: 2, Hi: 3}} {
		for _, y := range []grid.Range{{Lo: 0, Hi: 1}, {Lo: 1, Hi: 5}} {
			b := m.Full() // stored: everything, as with a wide halo
			b.Owned[0], b.Owned[1] = x, y
			must(t, w.WriteSlab(modelCube[float32](m, b)))
		}
	}
	must(t, w.Close())
	w.Abort()
	a, err := os.ReadFile(whole)
	must(t, err)
	b, err := os.ReadFile(parts)
	must(t, err)
	if !bytes.Equal(a, b) {
		t.Error("a cube written in blocks differs from the same cube written whole")
	}
}

func TestFailedWriteLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	m := testMesh()
	b := m.Full()
	b.Owned[0].Hi = 2
	path := filepath.Join(dir, "cube.h5")
	w, err := NewWriter[float64](path, m, [3]bool{}, Meta{})
	must(t, err)
	must(t, w.WriteSlab(modelCube[float64](m, b)))
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "cover 70 of 105") {
		t.Errorf("Close with cells missing: %v: want an error with both counts", err)
	}
	w, err = NewWriter[float64](path, m, [3]bool{}, Meta{})
	must(t, err)
	short := modelCube[float64](m, m.Full())
	short.Turbulence = short.Turbulence[1:]
	if err := w.WriteSlab(short); err == nil || !strings.Contains(err.Error(), "v_turb has 104 elements: want 105") {
		t.Errorf("short field: %v", err)
	}
	if w.Close() == nil {
		t.Error("Close after a failed WriteSlab succeeded")
	}
	if err := Write(filepath.Join(dir, "none", "cube.h5"), short, Meta{}); err == nil {
		t.Error("Write into a missing folder succeeded")
	}
	if n := folder(t, dir); len(n) != 0 {
		t.Errorf("folder holds %v after failed writes: want nothing", n)
	}
}

// rawFile writes a cube file with one thing changed.
func rawFile(t *testing.T, path string, edit func(attrs map[string]any, shapes map[string][]int, units map[string]string)) {
	t.Helper()
	attrs := map[string]any{
		"schema": Schema, "species": "CO", "units": "SI",
		"box_min_m": []float64{0, 0, 0}, "box_max_m": []float64{1, 1, 1},
	}
	shapes, units := map[string][]int{}, map[string]string{}
	for _, f := range fields("CO") {
		shapes[f.name], units[f.name] = []int{2, 2, 2}, f.unit
	}
	edit(attrs, shapes, units)
	f, err := h5.Create(path)
	must(t, err)
	for k, v := range attrs {
		if s, ok := v.(string); ok {
			must(t, f.SetString("/", k, s))
		} else {
			must(t, f.SetFloats("/", k, v.([]float64)...))
		}
	}
	for name, shape := range shapes {
		n := 1
		for _, d := range shape {
			n *= d
		}
		must(t, h5.Write(f, name, shape, make([]float32, n)))
		if units[name] != "" {
			must(t, f.SetString(name, "units", units[name]))
		}
	}
	must(t, f.Close())
}

func TestOpenErrorsNameWhatIsWrong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cube.h5")
	type (
		A = map[string]any
		S = map[string][]int
		U = map[string]string
	)
	for _, c := range []struct {
		name string
		edit func(A, S, U)
		want []string // nil: opens
	}{
		{"good", func(A, S, U) {}, nil},
		{"no v_x", func(_ A, s S, _ U) { delete(s, "velocity_x") }, nil},
		{"schema", func(a A, _ S, _ U) { a["schema"] = "columen-cube-9" }, []string{"schema", `"columen-cube-9"`, `want "columen-cube-1"`}},
		{"units", func(a A, _ S, _ U) { a["units"] = "cgs" }, []string{"units", `"cgs"`, `want "SI"`}},
		{"no box", func(a A, _ S, _ U) { delete(a, "box_max_m") }, []string{"box_max_m", "no such"}},
		{"two numbers", func(a A, _ S, _ U) { a["box_min_m"] = []float64{0, 0} }, []string{"box_min_m", "2 numbers: want 3"}},
		{"empty box", func(a A, _ S, _ U) { a["box_max_m"] = []float64{1, 0, 1} }, []string{"box along y"}},
		{"species", func(a A, _ S, _ U) { a["species"] = "HCN" }, []string{"dataset HCN is missing", "CO"}},
		{"no v_turb", func(_ A, s S, _ U) { delete(s, "v_turb") }, []string{"dataset v_turb is missing"}},
		{"shape", func(_ A, s S, _ U) { s["temperature"] = []int{2, 2, 3} }, []string{"temperature", "[2 2 3]", "want [2 2 2]"}},
		{"rank", func(_ A, s S, _ U) { s["CO"] = []int{8} }, []string{"dataset CO", "[8]", "[nx, ny, nz]"}},
		{"unit", func(_ A, _ S, u U) { u["CO"] = "cm-3" }, []string{"CO", `"cm-3"`, `want "m-3"`}},
		{"no unit", func(_ A, _ S, u U) { u["velocity_y"] = "" }, []string{"units of velocity_y", "no such"}},
		{"coemunet", func(a A, s S, _ U) {
			clear(a)
			delete(s, "velocity_x")
			delete(s, "velocity_y")
			delete(s, "v_turb")
		}, []string{"box_m", "COEmuNet"}},
	} {
		rawFile(t, path, c.edit)
		f, err := Open(path)
		if err == nil {
			f.Close()
		}
		if (err == nil) != (c.want == nil) {
			t.Errorf("%s: error %v: want error %v", c.name, err, c.want != nil)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: error %q: want %q and the path in it", c.name, err, w)
			}
		}
	}
}

func TestReadErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cube.h5")
	m := testMesh()
	c := modelCube[float32](m, m.Full())
	c.Velocity[0] = nil
	must(t, Write(path, c, Meta{}))
	f, err := Open(path)
	must(t, err)
	defer f.Close()
	if f.HasVelocity() != [3]bool{false, true, true} {
		t.Errorf("velocities %v: want y and z", f.HasVelocity())
	}
	if _, err := Read[float32](f, m.Full(), [3]bool{true}); err == nil || !strings.Contains(err.Error(), "velocity_x is missing") {
		t.Errorf("reading an absent component: %v", err)
	}
	b := m.Full()
	b.Stored[2].Hi = 9
	if _, err := Read[float32](f, b, [3]bool{}); err == nil || !strings.Contains(err.Error(), "block along z") {
		t.Errorf("reading outside: %v", err)
	}
}

func TestDescribe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cube.h5")
	m := testMesh()
	must(t, Write(path, modelCube[float32](m, m.Full()), Meta{Provenance: []KeyValue{{"digest", "sha256:1"}}}))
	kv, err := Describe(path)
	must(t, err)
	got := map[string]string{}
	for _, e := range kv {
		got[e.Key] = e.Value
	}
	for key, want := range map[string]string{
		"CO [m-3]":        "f4, min 1000, max 1104, mean 1052, 0 non-finite",
		"v_turb [m s-1]":  "f4, min 6000, max 6104, mean 6052, 0 non-finite",
		"cells [x, y, z]": "3 × 5 × 7",
		"digest":          "sha256:1",
		"box_min_m":       "-1e+14 -2e+14 -3.3e+14",
	} {
		if got[key] != want {
			t.Errorf("%s: %q: want %q", key, got[key], want)
		}
	}
}
