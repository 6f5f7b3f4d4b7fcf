// SPDX-License-Identifier: BSD-3-Clause

package cubefile

import (
	"strings"
	"testing"

	"github.com/columen/columen/solver/grid"
)

func testMesh() grid.Mesh {
	return grid.Mesh{
		Box:   grid.Box{Min: [3]float64{-1e14, -2e14, -3.3e14}, Max: [3]float64{1e14, 2e14, 4e14}},
		Cells: [3]int{3, 5, 7},
	}
}

func TestMetaChecked(t *testing.T) {
	for _, c := range []struct {
		meta Meta
		want string
	}{
		{Meta{}, ""},
		{Meta{Species: "HCO+", Provenance: []KeyValue{{"digest", "x"}}}, ""},
		{Meta{Species: "a/b"}, "names a dataset"},
		{Meta{Species: "v_turb"}, "another field"},
		{Meta{Provenance: []KeyValue{{"", "x"}}}, "provenance key"},
		{Meta{Provenance: []KeyValue{{"schema", "x"}}}, "provenance key"},
		{Meta{Provenance: []KeyValue{{"a", "x"}, {"a", "y"}}}, "provenance key"},
	} {
		m, err := c.meta.checked()
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: error %v: want one with %q", c.meta, err, c.want)
		}
		if c.meta.Species == "" && m.Species != "CO" {
			t.Errorf("species %q: want CO", m.Species)
		}
	}
}

func TestCheckBlock(t *testing.T) {
	m := testMesh()
	block := func(change func(*grid.Block)) grid.Block {
		b := m.Full()
		change(&b)
		return b
	}
	for _, c := range []struct {
		name string
		b    grid.Block
		ok   bool
	}{
		{"full", m.Full(), true},
		{"inner with halo", block(func(b *grid.Block) { b.Owned[2] = grid.Range{Lo: 2, Hi: 4} }), true},
		{"stored outside", block(func(b *grid.Block) { b.Stored[0].Hi++ }), false},
		{"negative", block(func(b *grid.Block) { b.Stored[1].Lo = -1 }), false},
		{"owned outside stored", block(func(b *grid.Block) { b.Stored[2].Hi = 5 }), false},
		{"empty", block(func(b *grid.Block) { b.Owned[0].Hi = 0 }), false},
	} {
		if err := checkBlock(m, c.b); (err == nil) != c.ok {
			t.Errorf("%s: error %v: want ok %v", c.name, err, c.ok)
		}
	}
}

func TestOwnedDropsTheHalo(t *testing.T) {
	m := testMesh()
	b := m.Full()
	b.Owned = [3]grid.Range{{Lo: 1, Hi: 2}, {Lo: 1, Hi: 3}, {Lo: 2, Hi: 4}}
	c := grid.NewCube[float64](m, b)
	for i := range c.Density {
		c.Density[i] = float64(i)
	}
	got := owned(c, c.Density)
	var want []float64
	for j := 1; j < 3; j++ {
		for k := 2; k < 4; k++ {
			want = append(want, float64((1*5+j)*7+k))
		}
	}
	if len(got) != len(want) {
		t.Fatalf("owned: %v: want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("owned: %v: want %v", got, want)
		}
	}
}

func TestWriteRefusesBeforeTouchingTheDisk(t *testing.T) {
	dir := t.TempDir()
	m := testMesh()
	c := grid.NewCube[float32](m, m.Full())
	c.Mesh.Cells[0] = 0
	c.Block = c.Mesh.Full()
	for name, err := range map[string]error{
		"mesh":    Write(dir+"/a.h5", c, Meta{}),
		"species": Write(dir+"/a.h5", grid.NewCube[float32](m, m.Full()), Meta{Species: "/"}),
		"partial": Write(dir+"/a.h5", grid.NewCube[float32](m, grid.Block{}), Meta{}),
	} {
		if err == nil || !strings.Contains(err.Error(), dir+"/a.h5") {
			t.Errorf("%s: error %v: want one that names the file", name, err)
		}
	}
}
