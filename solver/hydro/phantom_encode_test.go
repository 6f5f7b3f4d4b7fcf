// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
)

// phantomFile encodes a dump, so that the tests know what the reader must find.
type phantomFile struct {
	magicInt  int32
	id        string
	realBytes int
	values    []PhantomValue
	blocks    []phantomBlock
	nblocks   int // groups of blocks, as of MPI threads
	order     binary.ByteOrder
	tail      string
}

// phantomBlock is one block of arrays of equal length.
type phantomBlock struct {
	n      int
	arrays []phantomColumn
}

type phantomColumn struct {
	tag, kind string
	x         []float64
}

// basePhantom is a small full dump of five particles, the fourth accreted, the
// fifth of the boundary, and one sink.
func basePhantom() phantomFile {
	v := func(tag, kind string, x ...float64) (out []PhantomValue) {
		for _, value := range x {
			out = append(out, PhantomValue{tag, kind, value})
		}
		return out
	}
	f := phantomFile{magicInt: 60769, id: "FT:Phantom:2026.0.1: (hydro): 01/01/2026 00:00:00.0", realBytes: 8, nblocks: 1, order: binary.LittleEndian}
	for _, part := range [][]PhantomValue{
		v("nparttot", "int", 5), v("ntypes", "int", 3), v("nblocks", "int", 1), v("nparttot", "int8", 5),
		v("time", "real", 3.5), v("gamma", "real", 1.2), v("hfact", "real", 1.2), v("massoftype", "real", 2e-10, 0, 2e-10),
		v("udist", "real8", 1.5e13), v("umass", "real8", 2e33), v("utime", "real8", 5e6),
	} {
		f.values = append(f.values, part...)
	}
	ramp := func(a, b float64) []float64 {
		x := make([]float64, 5)
		for i := range x {
			x[i] = a + b*float64(i)
		}
		return x
	}
	f.blocks = []phantomBlock{
		{5, []phantomColumn{
			{"itype", "int1", []float64{1, 1, 1, 1, 3}},
			{"x", "real", ramp(-2, 1.25)}, {"y", "real", ramp(3, -0.5)}, {"z", "real", ramp(0.25, 2)},
			{"vx", "real", ramp(0.5, 0.125)}, {"vy", "real", ramp(-1, 0.5)}, {"vz", "real", ramp(0, -0.25)},
			{"u", "real", ramp(0.0625, 0.125)}, {"mystery", "real", ramp(7, 7)},
			{"h", "real4", []float64{0.5, 0.75, 1, -1, 0.25}}, {"divv", "real4", ramp(0, 1)},
		}},
		{1, []phantomColumn{{"x", "real", []float64{9}}, {"h", "real", []float64{1}}, {"vx", "real", []float64{4}}}},
	}
	return f
}

// column returns an array of the particles, to be changed.
func (f *phantomFile) column(tag string) *phantomColumn {
	for i := range f.blocks[0].arrays {
		if f.blocks[0].arrays[i].tag == tag {
			return &f.blocks[0].arrays[i]
		}
	}
	panic("no array " + tag)
}

// drop leaves out an array or the values of a tag.
func (f *phantomFile) drop(tag string) {
	var arrays []phantomColumn
	for _, a := range f.blocks[0].arrays {
		if a.tag != tag {
			arrays = append(arrays, a)
		}
	}
	f.blocks[0].arrays = arrays
	var values []PhantomValue
	for _, v := range f.values {
		if v.Tag != tag {
			values = append(values, v)
		}
	}
	f.values = values
}

// set changes all values of a tag.
func (f *phantomFile) set(tag string, x float64) {
	for i := range f.values {
		if f.values[i].Tag == tag {
			f.values[i].Value = x
		}
	}
}

func (f *phantomFile) encode() []byte {
	var out bytes.Buffer
	write := func(b *bytes.Buffer, x any) {
		if err := binary.Write(b, f.order, x); err != nil {
			panic(err)
		}
	}
	record := func(parts ...any) {
		var b bytes.Buffer
		for _, p := range parts {
			if s, ok := p.(string); ok {
				b.WriteString(s)
			} else {
				write(&b, p)
			}
		}
		write(&out, int32(b.Len()))
		out.Write(b.Bytes())
		write(&out, int32(b.Len()))
	}
	r1 := any(60878.0)
	if f.realBytes == 4 {
		r1 = float32(60878)
	}
	record(f.magicInt, r1, int32(60878), int32(1), int32(690706))
	record(fmt.Sprintf("%-100s", f.id))
	for _, kind := range phantomKinds {
		var tags string
		var values []any
		for _, v := range f.values {
			if v.Kind == kind {
				tags += fmt.Sprintf("%-16s", v.Tag)
				values = append(values, f.number(kind, v.Value))
			}
		}
		record(int32(len(values)))
		if len(values) > 0 {
			record(tags)
			record(values...)
		}
	}
	record(int32(len(f.blocks)))
	perGroup := len(f.blocks) / max(f.nblocks, 1)
	for g := 0; g < len(f.blocks); g += perGroup {
		f.encodeGroup(record, f.blocks[g:g+perGroup])
	}
	out.WriteString(f.tail)
	return out.Bytes()
}

func (f *phantomFile) encodeGroup(record func(...any), blocks []phantomBlock) {
	for _, b := range blocks {
		head := []any{int64(b.n)}
		for _, kind := range phantomKinds {
			var n int32
			for _, a := range b.arrays {
				if a.kind == kind {
					n++
				}
			}
			head = append(head, n)
		}
		record(head...)
	}
	for _, b := range blocks {
		for _, kind := range phantomKinds {
			for _, a := range b.arrays {
				if a.kind != kind {
					continue
				}
				record(fmt.Sprintf("%-16s", a.tag))
				values := make([]any, len(a.x))
				for i, x := range a.x {
					values[i] = f.number(kind, x)
				}
				record(values...)
			}
		}
	}
}

// number is x as Phantom stores a value of that type.
func (f *phantomFile) number(kind string, x float64) any {
	if kind == "real" {
		kind = map[int]string{4: "real4", 8: "real8"}[f.realBytes]
	}
	switch kind {
	case "int1":
		return int8(x)
	case "int2":
		return int16(x)
	case "int", "int4":
		return int32(x)
	case "int8":
		return int64(x)
	case "real4":
		return float32(x)
	}
	return math.Float64frombits(math.Float64bits(x))
}
