// SPDX-License-Identifier: BSD-3-Clause

package foreign

import (
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

var (
	npyDescr = regexp.MustCompile(`'descr':\s*'([<>|=]?[a-zA-Z]\d*)'`)
	npyOrder = regexp.MustCompile(`'fortran_order':\s*(True|False)`)
	npyShape = regexp.MustCompile(`'shape':\s*\(([^)]*)\)`)
)

// parseNPY reads the header of a .npy file, versions 1 to 3 [NumPy, NEP 1],
// and checks that its array is there. The header is text and the array can be
// read in parts, which no library of ours offers.
func parseNPY(name string, r io.ReaderAt, size int64) (*arrayFile, error) {
	head := make([]byte, 12)
	if n, err := r.ReadAt(head, 0); n < 10 {
		return nil, fmt.Errorf("%s: byte %d: found the end of the file, want the header of an .npy file: %w", name, n, err)
	}
	begin, length := int64(10), int64(binary.LittleEndian.Uint16(head[8:]))
	if head[6] > 1 {
		begin, length = 12, int64(binary.LittleEndian.Uint32(head[8:]))
	}
	if head[6] < 1 || head[6] > 3 {
		return nil, fmt.Errorf("%s: byte 6: version: found %d, want 1 to 3", name, head[6])
	}
	const lengthMax = 1 << 16
	if length > lengthMax || begin+length > size {
		return nil, fmt.Errorf("%s: byte 8: length of the header: found %d, want at most %d and no more than the file of %d bytes", name, length, lengthMax, size)
	}
	text := make([]byte, length)
	if n, err := r.ReadAt(text, begin); n < len(text) {
		return nil, fmt.Errorf("%s: byte %d: header: %w", name, begin, err)
	}
	bad := func(key, want string) error {
		return fmt.Errorf("%s: byte %d: header %.200q: want %s: %s", name, begin, strings.TrimSpace(string(text)), key, want)
	}
	a := &arrayFile{numbers: inFile{name: name, r: r, offset: begin + length, order: binary.LittleEndian}}
	descr := npyDescr.FindSubmatch(text)
	if descr == nil {
		return nil, bad("descr", "<f4, <f8, >f4 or >f8")
	}
	switch string(descr[1]) {
	case "<f4", "=f4":
		a.numbers.bytes = 4
	case "<f8", "=f8":
		a.numbers.bytes = 8
	case ">f4":
		a.numbers.bytes, a.numbers.order = 4, binary.BigEndian
	case ">f8":
		a.numbers.bytes, a.numbers.order = 8, binary.BigEndian
	default:
		return nil, bad("descr", "<f4, <f8, >f4 or >f8")
	}
	order, shape := npyOrder.FindSubmatch(text), npyShape.FindSubmatch(text)
	if order == nil || shape == nil {
		return nil, bad("fortran_order and shape", "True or False, and a tuple")
	}
	parts := strings.Split(strings.TrimSuffix(strings.TrimSpace(string(shape[1])), ","), ",")
	for i, part := range parts {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || len(parts) != 3 || n < 1 || n > cellsMax {
			return nil, bad("shape", fmt.Sprintf("(nx, ny, nz) of 1 to %d each", cellsMax))
		}
		a.cells[i] = n
	}
	a.stride = zFastest(a.cells)
	if string(order[1]) == "True" {
		a.stride = xFastest(a.cells, 1)
	}
	a.form = fmt.Sprintf("npy, %s, fortran_order %s", descr[1], order[1])
	return a, a.checkSize(size, false)
}

// checkSize makes sure that the whole array is in the file and, unless padded,
// nothing else.
func (a *arrayFile) checkSize(size int64, padded bool) error {
	end := a.numbers.offset + int64(a.cells[0])*int64(a.cells[1])*int64(a.cells[2])*int64(a.numbers.bytes)
	if size < end || size > end && !padded {
		return fmt.Errorf("%s: byte %d: found the end of the file, want it at byte %d, after %v numbers of %d bytes", a.numbers.name, size, end, a.cells, a.numbers.bytes)
	}
	return nil
}
