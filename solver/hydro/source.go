// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
)

// FormatError reports the place where a file breaks the rules of its format.
type FormatError struct {
	File   string
	Offset int64  // byte offset in the file of what was found
	Field  string // the name of the field in the format's description
	Found  string
	Want   string
}

// Error names the file, the byte offset, the field, what was found and what is
// allowed.
func (e *FormatError) Error() string {
	return fmt.Sprintf("%s: byte %d: %s: found %s, want %s", e.File, e.Offset, e.Field, e.Found, e.Want)
}

// source is a file of known size that is read at random.
type source struct {
	name string
	r    io.ReaderAt
	size int64
}

// bad returns a FormatError at byte off of the file.
func (s *source) bad(off int64, field string, found any, want string) error {
	return &FormatError{File: s.name, Offset: off, Field: field, Found: fmt.Sprint(found), Want: want}
}

// read fills dst from byte off on, or says how many bytes the file is short.
func (s *source) read(dst []byte, off int64, field string) error {
	if off < 0 || off > s.size || int64(len(dst)) > s.size-off {
		return s.bad(off, field, fmt.Sprintf("the end of the file at byte %d", s.size),
			fmt.Sprintf("%d bytes: the file is truncated", len(dst)))
	}
	if n, err := s.r.ReadAt(dst, off); n < len(dst) {
		return fmt.Errorf("%s: byte %d: %s: read %d of %d bytes: %w", s.name, off, field, n, len(dst), err)
	}
	return nil
}

// cursor decodes little-endian fields one after the other. The first error
// sticks, and every later field reads as zero.
type cursor struct {
	src  *source
	base int64 // byte offset in the file of buf[0]
	buf  []byte
	pos  int
	err  error
}

// offset is the place in the file of the next field.
func (c *cursor) offset() int64 { return c.base + int64(c.pos) }

// left is the number of bytes not yet decoded.
func (c *cursor) left() int { return len(c.buf) - c.pos }

// fail keeps the first error, that the field which starts at byte off is bad.
func (c *cursor) fail(off int64, field string, found any, want string) {
	if c.err == nil {
		c.err = c.src.bad(off, field, found, want)
	}
}

// take returns the next n bytes, or nil if the section ends before.
func (c *cursor) take(n int, field string) []byte {
	if c.err != nil {
		return nil
	}
	if n < 0 || n > c.left() {
		c.fail(c.offset(), field, fmt.Sprintf("the end of the section at byte %d", c.base+int64(len(c.buf))),
			fmt.Sprintf("%d more bytes", n))
		return nil
	}
	b := c.buf[c.pos : c.pos+n]
	c.pos += n
	return b
}

// int32 decodes an integer of 4 bytes.
func (c *cursor) int32(field string) int {
	b := c.take(4, field)
	if b == nil {
		return 0
	}
	return int(int32(binary.LittleEndian.Uint32(b)))
}

// intIn decodes an integer of 4 bytes that must lie in [lo, hi].
func (c *cursor) intIn(field string, lo, hi int64) int {
	off := c.offset()
	n := c.int32(field)
	if c.err == nil && (int64(n) < lo || int64(n) > hi) {
		c.fail(off, field, n, fmt.Sprintf("%d to %d", lo, hi))
		return 0
	}
	return n
}

// int64 decodes an integer of 8 bytes.
func (c *cursor) int64(field string) int64 {
	b := c.take(8, field)
	if b == nil {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(b))
}

// float64 decodes a finite number of 8 bytes.
func (c *cursor) float64(field string) float64 {
	off := c.offset()
	b := c.take(8, field)
	if b == nil {
		return 0
	}
	x := math.Float64frombits(binary.LittleEndian.Uint64(b))
	if math.IsNaN(x) || math.IsInf(x, 0) {
		c.fail(off, field, x, "a finite number")
	}
	return x
}

// text decodes n bytes of printable ASCII, padded with blanks or zeros.
func (c *cursor) text(n int, field string) string {
	off := c.offset()
	b := c.take(n, field)
	s := strings.TrimRight(string(b), " \x00")
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			c.fail(off, field, fmt.Sprintf("%q", b), "printable ASCII padded with blanks")
			return ""
		}
	}
	return s
}
