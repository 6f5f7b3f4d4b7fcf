// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"encoding/binary"
	"fmt"
)

// fortranRecords walks a Fortran sequential file: each record is its length in
// 4 bytes, the payload, and the length again, little-endian. gfortran cuts
// records beyond 2 GiB into parts with negative lengths; no array of a model
// that line transfer can use is that long, so these are refused.
type fortranRecords struct {
	src *source
	pos int64 // byte offset of the next record
}

// fortranRecord is the payload of one record.
type fortranRecord struct {
	offset, size int64
}

// next steps over the next record and returns where its payload lies.
func (r *fortranRecords) next(field string) (fortranRecord, error) {
	var mark [4]byte
	if err := r.src.read(mark[:], r.pos, "length of the record of "+field); err != nil {
		return fortranRecord{}, err
	}
	size := int64(int32(binary.LittleEndian.Uint32(mark[:])))
	if size < 0 {
		return fortranRecord{}, r.src.bad(r.pos, "length of the record of "+field, size, "0 or more: records cut into parts, as beyond 2 GiB, are not supported")
	}
	rec := fortranRecord{offset: r.pos + 4, size: size}
	end := rec.offset + size
	if end > r.src.size-4 {
		return rec, r.src.bad(r.pos, field, fmt.Sprintf("the end of the file at byte %d", r.src.size),
			fmt.Sprintf("a record of %d bytes and its end mark: the file is truncated", size))
	}
	if err := r.src.read(mark[:], end, "end mark of the record of "+field); err != nil {
		return rec, err
	}
	if got := int64(int32(binary.LittleEndian.Uint32(mark[:]))); got != size {
		return rec, r.src.bad(end, "end mark of the record of "+field, got, fmt.Sprintf("%d, the length in front of the record", size))
	}
	r.pos = end + 4
	return rec, nil
}

// sized is next for a record that must have a given size.
func (r *fortranRecords) sized(field string, size int64) (fortranRecord, error) {
	at := r.pos
	rec, err := r.next(field)
	if err == nil && rec.size != size {
		err = r.src.bad(at, "length of the record of "+field, rec.size, fmt.Sprint(size))
	}
	return rec, err
}

// decode returns a cursor on the payload of a record of a given size.
func (r *fortranRecords) decode(field string, size int64) (*cursor, error) {
	rec, err := r.sized(field, size)
	if err != nil {
		return nil, err
	}
	c := &cursor{src: r.src, base: rec.offset, buf: make([]byte, size)}
	return c, r.src.read(c.buf, rec.offset, field)
}
