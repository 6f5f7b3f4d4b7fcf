// SPDX-License-Identifier: BSD-3-Clause

package foreign

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/columen/columen/solver/grid"
)

// parseAMRGridBinary reads amr_grid.binp: integers and edges of 8 bytes each,
// without record marks.
func parseAMRGridBinary(name string, r io.ReaderAt, size int64) (grid.Mesh, error) {
	g := new(amrGrid)
	var raw [8]byte
	at := int64(0)
	next := func(field string) (uint64, error) {
		if at+8 > size {
			return 0, fmt.Errorf("%s: byte %d: %s: found the end of the file at byte %d: the file is truncated", name, at, field, size)
		}
		if n, err := r.ReadAt(raw[:], at); n < 8 {
			return 0, fmt.Errorf("%s: byte %d: %s: %w", name, at, field, err)
		}
		at += 8
		return binary.LittleEndian.Uint64(raw[:]), nil
	}
	for i, dst := range g.start() {
		n, err := next(startName(i))
		if err != nil {
			return grid.Mesh{}, err
		}
		*dst = int64(n)
		if want := g.checkStart(i); want != "" {
			return grid.Mesh{}, fmt.Errorf("%s: byte %d: %s: found %d, want %s%s", name, at-8, startName(i), *dst, want, otherOrder(n))
		}
	}
	for a := range g.edges {
		for i := range g.cells[a] + 1 {
			bits, err := next(fmt.Sprintf("edge %d along %s", i, grid.AxisName(a)))
			if err != nil {
				return grid.Mesh{}, err
			}
			g.edges[a] = append(g.edges[a], math.Float64frombits(bits))
		}
	}
	if at != size {
		return grid.Mesh{}, fmt.Errorf("%s: byte %d: found %d more bytes, want the end of the file after the last edge", name, at, size-at)
	}
	return g.mesh(name)
}

// otherOrder explains an integer that is small in the other order of bytes.
func otherOrder(n uint64) string {
	if n >= 1<<56 {
		return ": the file is big-endian, and only little-endian files are supported"
	}
	return ""
}

// openValuesBinary reads the header of a .binp file: the version, the bytes per
// number, and the number of cells, of 8 bytes each.
func openValuesBinary(name string, f *os.File, cells, want int) (numbers, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return parseValuesBinary(name, f, info.Size(), cells, want)
}

func parseValuesBinary(name string, r io.ReaderAt, size int64, cells, want int) (numbers, error) {
	var raw [24]byte
	if size < 24 {
		return nil, fmt.Errorf("%s: byte %d: found the end of the file, want a header of 24 bytes: the file is truncated", name, size)
	}
	if n, err := r.ReadAt(raw[:], 0); n < 24 {
		return nil, fmt.Errorf("%s: byte 0: %w", name, err)
	}
	var head [3]uint64
	for i := range head {
		head[i] = binary.LittleEndian.Uint64(raw[8*i:])
	}
	switch {
	case head[0] != 1:
		return nil, fmt.Errorf("%s: byte 0: iformat: found %d, want 1%s", name, head[0], otherOrder(head[0]))
	case head[1] != 4 && head[1] != 8:
		return nil, fmt.Errorf("%s: byte 8: precision: found %d, want 4 or 8", name, head[1])
	case head[2] != uint64(cells):
		return nil, fmt.Errorf("%s: byte 16: number of cells: found %d, want %d, the cells of the grid", name, head[2], cells)
	}
	if end := 24 + int64(want)*int64(head[1]); size != end {
		return nil, fmt.Errorf("%s: byte %d: found the end of the file, want it at byte %d, after %d numbers of %d bytes", name, size, end, want, head[1])
	}
	return inFile{name: name, r: r, offset: 24, bytes: int(head[1]), order: binary.LittleEndian}, nil
}
