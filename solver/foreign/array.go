// SPDX-License-Identifier: BSD-3-Clause

package foreign

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/columen/columen/solver/grid"
)

// array is one field, of which a box of cells can be read in C order, z
// fastest, in SI.
type array interface {
	read(cells [3]grid.Range) ([]float64, error)
}

// uniform is a field that is the same everywhere.
type uniform float64

func (u uniform) read(cells [3]grid.Range) ([]float64, error) {
	x := make([]float64, cells[0].Len()*cells[1].Len()*cells[2].Len())
	for i := range x {
		x[i] = float64(u)
	}
	return x, nil
}

// strided is a field inside a sequence of numbers: cell (i, j, k) is number
// first + i·stride[0] + j·stride[1] + k·stride[2], times scale.
type strided struct {
	numbers numbers
	first   int64
	stride  [3]int64
	scale   float64
}

// numbers gives consecutive numbers from number at on.
type numbers interface {
	fill(dst []float64, at int64) error
}

// read fetches for each index along the slowest axis the stretch from its first
// to its last cell.
func (s strided) read(cells [3]grid.Range) ([]float64, error) {
	order := s.axesBySpeed()
	slow := order[0]
	n := [3]int{cells[0].Len(), cells[1].Len(), cells[2].Len()}
	step := [3]int{n[1] * n[2], n[2], 1}
	out := make([]float64, n[0]*n[1]*n[2])
	var buf []float64
	for i := range n[slow] {
		begin := s.first + int64(cells[slow].Lo+i)*s.stride[slow]
		last := int64(0)
		for _, a := range order[1:] {
			begin += int64(cells[a].Lo) * s.stride[a]
			last += int64(n[a]-1) * s.stride[a]
		}
		if int64(len(buf)) != last+1 {
			buf = make([]float64, last+1)
		}
		if err := s.numbers.fill(buf, begin); err != nil {
			return nil, err
		}
		for j := range n[order[1]] {
			for k := range n[order[2]] {
				from := int64(j)*s.stride[order[1]] + int64(k)*s.stride[order[2]]
				out[i*step[slow]+j*step[order[1]]+k*step[order[2]]] = buf[from] * s.scale
			}
		}
	}
	return out, nil
}

// axesBySpeed returns the axes from the largest stride to the smallest.
func (s strided) axesBySpeed() [3]int {
	if s.stride[0] > s.stride[2] {
		return [3]int{0, 1, 2}
	}
	return [3]int{2, 1, 0}
}

// inMemory are numbers of a text file.
type inMemory []float64

func (m inMemory) fill(dst []float64, at int64) error {
	copy(dst, m[at:at+int64(len(dst))])
	return nil
}

// inFile are numbers of a binary file from byte offset on, of 4 or 8 bytes.
type inFile struct {
	name   string
	r      io.ReaderAt
	offset int64
	bytes  int
	order  binary.ByteOrder
}

func (f inFile) fill(dst []float64, at int64) error {
	raw := make([]byte, len(dst)*f.bytes)
	from := f.offset + at*int64(f.bytes)
	if n, err := f.r.ReadAt(raw, from); n < len(raw) {
		return fmt.Errorf("%s: byte %d: read %d of %d bytes: %w", f.name, from, n, len(raw), err)
	}
	for i := range dst {
		if f.bytes == 4 {
			dst[i] = float64(math.Float32frombits(f.order.Uint32(raw[4*i:])))
		} else {
			dst[i] = math.Float64frombits(f.order.Uint64(raw[8*i:]))
		}
	}
	return nil
}

// xFastest are the strides of an array of n cells with x fastest, of which each
// cell has width numbers.
func xFastest(n [3]int, width int64) [3]int64 {
	return [3]int64{width, width * int64(n[0]), width * int64(n[0]) * int64(n[1])}
}

// zFastest are those of an array in C order.
func zFastest(n [3]int) [3]int64 { return [3]int64{int64(n[1]) * int64(n[2]), int64(n[2]), 1} }
