// SPDX-License-Identifier: BSD-3-Clause

package foreign

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/columen/columen/solver/grid"
)

// IsAMRGrid reports whether a file that begins with head can be an amr_grid of
// RADMC-3D: 1, the version, and the style of the grid, as text or in 8 bytes
// each.
func IsAMRGrid(head []byte) bool {
	if len(head) >= 16 && bytes.Equal(head[:8], []byte("\x01\x00\x00\x00\x00\x00\x00\x00")) {
		return bytes.Equal(head[9:16], make([]byte, 7))
	}
	w := bytes.Fields(head)
	if len(w) < 2 || string(w[0]) != "1" {
		return false
	}
	_, err := strconv.Atoi(string(w[1]))
	return err == nil
}

// readAMRGrid reads amr_grid.inp or amr_grid.binp; only the latter has NULs.
func readAMRGrid(path string) (grid.Mesh, string, error) {
	f, err := os.Open(path)
	if err != nil {
		return grid.Mesh{}, "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return grid.Mesh{}, "", err
	}
	head := make([]byte, 8)
	if n, _ := f.ReadAt(head, 0); bytes.IndexByte(head[:n], 0) >= 0 {
		m, err := parseAMRGridBinary(path, f, info.Size())
		return m, "binary", err
	}
	m, err := parseAMRGridText(path, f)
	return m, "text", err
}

// words are the numbers of a text file, one after the other, with their lines.
type words struct {
	name string
	scan *bufio.Scanner
	line int
	left []string
}

func newWords(name string, r io.Reader) *words {
	w := &words{name: name, scan: bufio.NewScanner(r)}
	w.scan.Buffer(make([]byte, 1<<16), 1<<26) // rows of an edge may stand in one line
	return w
}

// next returns the next word; "" at the end of the file.
func (w *words) next() (string, error) {
	for len(w.left) == 0 {
		if !w.scan.Scan() {
			if err := w.scan.Err(); err != nil {
				return "", fmt.Errorf("%s:%d: %w", w.name, w.line+1, err)
			}
			return "", nil
		}
		w.line++
		w.left = strings.Fields(w.scan.Text())
	}
	word := w.left[0]
	w.left = w.left[1:]
	return word, nil
}

func (w *words) bad(field, found, want string) error {
	if found == "" {
		return fmt.Errorf("%s:%d: %s: found the end of the file, want %s: the file is truncated", w.name, w.line, field, want)
	}
	return fmt.Errorf("%s:%d: %s: found %.40q, want %s", w.name, w.line, field, found, want)
}

func (w *words) integer(field string) (int64, error) {
	s, err := w.next()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, w.bad(field, s, "an integer")
	}
	return n, nil
}

// float decodes a number; Fortran may write its exponent with a D. Numbers out
// of the range of 8 bytes become ±Inf or 0, as in C.
func (w *words) float(field string) (float64, error) {
	s, err := w.next()
	if err != nil {
		return 0, err
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil && strings.ContainsAny(s, "dD") {
		x, err = strconv.ParseFloat(strings.NewReplacer("d", "e", "D", "e").Replace(s), 64)
	}
	if err != nil && !strings.Contains(err.Error(), "range") {
		return 0, w.bad(field, s, "a number")
	}
	return x, nil
}

// end refuses more words.
func (w *words) end() error {
	s, err := w.next()
	if err == nil && s != "" {
		err = w.bad("after the last number", s, "the end of the file")
	}
	return err
}

func parseAMRGridText(name string, r io.Reader) (grid.Mesh, error) {
	w := newWords(name, r)
	g := new(amrGrid)
	for i, dst := range g.start() {
		n, err := w.integer(startName(i))
		if err != nil {
			return grid.Mesh{}, err
		}
		*dst = n
		if want := g.checkStart(i); want != "" {
			return grid.Mesh{}, w.bad(startName(i), fmt.Sprint(n), want)
		}
	}
	for a := range g.edges {
		for i := range g.cells[a] + 1 {
			x, err := w.float(fmt.Sprintf("edge %d along %s", i, grid.AxisName(a)))
			if err != nil {
				return grid.Mesh{}, err
			}
			g.edges[a] = append(g.edges[a], x)
		}
	}
	if err := w.end(); err != nil {
		return grid.Mesh{}, err
	}
	return g.mesh(name)
}

// readValuesText reads iformat, the number of cells and the values.
func readValuesText(path string, cells, want int) ([]float64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseValuesText(path, f, cells, want)
}

func parseValuesText(name string, r io.Reader, cells, want int) ([]float64, error) {
	w := newWords(name, r)
	format, err := w.integer("iformat")
	if err != nil {
		return nil, err
	}
	if format != 1 {
		return nil, w.bad("iformat", fmt.Sprint(format), "1, the version of the format")
	}
	n, err := w.integer("number of cells")
	if err != nil {
		return nil, err
	}
	if n != int64(cells) {
		return nil, w.bad("number of cells", fmt.Sprint(n), fmt.Sprintf("%d, the cells of the grid", cells))
	}
	var x []float64
	for i := range want {
		v, err := w.float(fmt.Sprintf("value %d of %d", i+1, want))
		if err != nil {
			return nil, err
		}
		x = append(x, v)
	}
	return x, w.end()
}
