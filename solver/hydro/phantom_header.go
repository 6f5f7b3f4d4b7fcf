// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// phantomKinds are the eight types of Phantom's dumps in the order of the file.
// The size of real is that of the run, found in the first record.
var phantomKinds = [8]string{"int", "int1", "int2", "int4", "int8", "real", "real4", "real8"}

// phantomValuesMax bounds the number of values in a header, of which Phantom
// writes about 100; phantomElementsMax that of the elements of an array, whose
// record has its length in 4 bytes.
const (
	phantomValuesMax   = 1 << 16
	phantomElementsMax = 1 << 31
)

// PhantomValue is one number of the header of a dump. Arrays are values with
// the same tag, one after the other.
type PhantomValue struct {
	Tag, Kind string
	Value     float64
}

// PhantomArray is one array of a dump.
type PhantomArray struct {
	Block     int // 1: particles; 2: sinks; more with radiation or magnetic fields
	Tag, Kind string
	Len       int
	offset    int64 // byte offset in the file of its first element
}

// PhantomHeader is what a dump says about itself.
type PhantomHeader struct {
	ID        string // such as FT:Phantom:2026.0.1: (hydro+Tdust): date
	RealBytes int    // 4 or 8
	Values    []PhantomValue
	Arrays    []PhantomArray // in the order of the file; of MPI runs, one per thread
}

// Small reports whether the dump is a small one, without velocities.
func (h *PhantomHeader) Small() bool { return strings.HasPrefix(h.ID, "S") }

// All returns the values with a tag.
func (h *PhantomHeader) All(tag string) []float64 {
	var out []float64
	for _, v := range h.Values {
		if v.Tag == tag {
			out = append(out, v.Value)
		}
	}
	return out
}

// parsePhantomHeader reads everything but the arrays themselves.
func parsePhantomHeader(src *source) (*PhantomHeader, error) {
	h := new(PhantomHeader)
	r := &fortranRecords{src: src}
	for _, part := range []func(*fortranRecords) error{h.readMagic, h.readID, h.readValues, h.readArrays} {
		if err := part(r); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// readMagic reads the record of int1, r1, int2, version and int1o, which tells
// the size of real and the order of bytes.
func (h *PhantomHeader) readMagic(r *fortranRecords) error {
	var head [8]byte
	if err := r.src.read(head[:], 0, "magic"); err != nil {
		return err
	}
	little, big := binary.LittleEndian.Uint32(head[:4]), binary.BigEndian.Uint32(head[:4])
	const isPhantom = "a record of 20 or 24 bytes, as Phantom's dumps begin"
	switch {
	case little == 20:
		h.RealBytes = 4
	case little == 24:
		h.RealBytes = 8
	case big == 20 || big == 24:
		return r.src.bad(0, "magic", fmt.Sprintf("the length %d in big-endian order", big), "little-endian order, the only one supported")
	default:
		return r.src.bad(0, "magic", fmt.Sprintf("%q", head[:4]), isPhantom)
	}
	c, err := r.decode("magic", int64(little))
	if err != nil {
		return err
	}
	c.intIn("int1", 60769, 60769)
	at := c.offset()
	if r1 := h.decode(c.take(h.RealBytes, "r1"), "real"); c.err == nil && r1[0] != 60878 {
		c.fail(at, "r1", r1[0], "60878")
	}
	c.intIn("int2", 60878, 60878)
	c.intIn("iversion", 0, 100)
	c.intIn("int1o", 690706, 690706)
	return c.err
}

// readID reads the 100 characters that name the kind of dump and the code.
func (h *PhantomHeader) readID(r *fortranRecords) error {
	c, err := r.decode("file identifier", 100)
	if err != nil {
		return err
	}
	at := c.offset()
	h.ID = c.text(100, "file identifier")
	if c.err != nil {
		return c.err
	}
	switch {
	case len(h.ID) < 2 || !strings.ContainsAny(h.ID[:1], "FS"):
		return r.src.bad(at, "file identifier", fmt.Sprintf("%q", h.ID), "FT…, a full dump, or ST…, a small one")
	case h.ID[1] != 'T':
		return r.src.bad(at+1, "file identifier", fmt.Sprintf("%q", h.ID), "T as its second letter: dumps without tags, of Phantom before 2015, are not supported")
	case !strings.Contains(h.ID, "Phantom"):
		return r.src.bad(at, "file identifier", fmt.Sprintf("%q", h.ID), "a dump of Phantom; other codes such as sphNG are not supported")
	}
	return nil
}

// readValues reads, for each type, a count, the tags and the values.
func (h *PhantomHeader) readValues(r *fortranRecords) error {
	for _, kind := range phantomKinds {
		n, err := r.count("number of "+kind+" values", phantomValuesMax)
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		tags, err := r.decode("tags of "+kind+" values", 16*n)
		if err != nil {
			return err
		}
		values, err := r.decode(kind+" values", int64(h.bytesOf(kind))*n)
		if err != nil {
			return err
		}
		for _, x := range h.decode(values.buf, kind) {
			h.Values = append(h.Values, PhantomValue{tags.text(16, "tag of a "+kind+" value"), kind, x})
		}
		if tags.err != nil {
			return tags.err
		}
	}
	return nil
}

// count reads a record of one integer in [0, most].
func (r *fortranRecords) count(field string, most int64) (int64, error) {
	c, err := r.decode(field, 4)
	if err != nil {
		return 0, err
	}
	n := c.intIn(field, 0, most)
	return int64(n), c.err
}

// readArrays reads where the arrays lie. Of an MPI run each thread wrote a
// group of blocks of its own.
func (h *PhantomHeader) readArrays(r *fortranRecords) error {
	at := r.pos
	total, err := r.count("number of array blocks", 1<<16)
	if err != nil {
		return err
	}
	groups := int64(1)
	if n := h.All("nblocks"); len(n) > 0 && n[0] > 1 {
		groups = int64(n[0])
	}
	if total == 0 || total%groups != 0 {
		return r.src.bad(at+4, "number of array blocks", total, fmt.Sprintf("a multiple of the %d groups (nblocks) above 0", groups))
	}
	perGroup := int(total / groups)
	for range groups {
		lengths, counts := make([]int64, perGroup), make([][8]int, perGroup)
		for b := range perGroup {
			c, err := r.decode(fmt.Sprintf("header of array block %d", b+1), 40)
			if err != nil {
				return err
			}
			lengths[b] = c.int64("number of elements")
			if lengths[b] < 0 || lengths[b] > phantomElementsMax {
				c.fail(c.base, "number of elements", lengths[b], fmt.Sprintf("0 to %d", int64(phantomElementsMax)))
			}
			for k := range counts[b] {
				counts[b][k] = c.intIn("number of "+phantomKinds[k]+" arrays", 0, phantomValuesMax)
			}
			if c.err != nil {
				return c.err
			}
		}
		for b := range perGroup {
			if err := h.readBlock(r, b+1, lengths[b], counts[b]); err != nil {
				return err
			}
		}
	}
	if r.pos != r.src.size {
		return r.src.bad(r.pos, "end of the file", fmt.Sprintf("%d more bytes", r.src.size-r.pos), "nothing after the last array")
	}
	return nil
}

// readBlock notes the arrays of one block; empty blocks have none.
func (h *PhantomHeader) readBlock(r *fortranRecords, block int, n int64, counts [8]int) error {
	if n == 0 {
		return nil
	}
	for k, kind := range phantomKinds {
		for i := range counts[k] {
			c, err := r.decode(fmt.Sprintf("tag of %s array %d of block %d", kind, i+1, block), 16)
			if err != nil {
				return err
			}
			tag := c.text(16, "tag of an array")
			if c.err != nil {
				return c.err
			}
			rec, err := r.sized("array "+tag, n*int64(h.bytesOf(kind)))
			if err != nil {
				return err
			}
			h.Arrays = append(h.Arrays, PhantomArray{Block: block, Tag: tag, Kind: kind, Len: int(n), offset: rec.offset})
		}
	}
	return nil
}

// bytesOf is the size of a value.
func (h *PhantomHeader) bytesOf(kind string) int {
	switch kind {
	case "int1":
		return 1
	case "int2":
		return 2
	case "int", "int4", "real4":
		return 4
	case "real":
		return h.RealBytes
	}
	return 8
}

// decode decodes values of one type.
func (h *PhantomHeader) decode(b []byte, kind string) []float64 {
	if kind == "real" && h.RealBytes == 4 {
		kind = "real4"
	}
	switch kind {
	case "int1":
		return decodeEach(b, 1, func(b []byte) float64 { return float64(int8(b[0])) })
	case "int2":
		return decodeEach(b, 2, func(b []byte) float64 { return float64(int16(binary.LittleEndian.Uint16(b))) })
	case "int", "int4":
		return decodeEach(b, 4, func(b []byte) float64 { return float64(int32(binary.LittleEndian.Uint32(b))) })
	case "int8":
		return decodeEach(b, 8, func(b []byte) float64 { return float64(int64(binary.LittleEndian.Uint64(b))) })
	case "real4":
		return decodeEach(b, 4, func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) })
	}
	return decodeEach(b, 8, func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) })
}

func decodeEach(b []byte, size int, one func([]byte) float64) []float64 {
	out := make([]float64, 0, len(b)/size)
	for ; len(b) >= size; b = b[size:] {
		out = append(out, one(b))
	}
	return out
}

// IsPhantom reports whether a file that begins with head looks like a dump of
// Phantom, in either order of bytes.
func IsPhantom(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if n := order.Uint32(head); (n == 20 || n == 24) && order.Uint32(head[4:]) == 60769 {
			return true
		}
	}
	return false
}
