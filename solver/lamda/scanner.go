// SPDX-License-Identifier: BSD-3-Clause

package lamda

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// lineBytesMax bounds one line: rates at a hundred temperatures need 1 kB.
const lineBytesMax = 1 << 20

// scanner hands out the lines of a file with blanks trimmed and remembers
// where it is, for messages.
type scanner struct {
	in   *bufio.Scanner
	name string
	line int // number of the current line, from 1
	text string
}

func newScanner(r io.Reader, name string) *scanner {
	in := bufio.NewScanner(r)
	in.Buffer(nil, lineBytesMax)
	return &scanner{in: in, name: name}
}

// next moves to the next line. At the end of the file the error wraps
// io.ErrUnexpectedEOF and tells what was expected.
func (s *scanner) next(expected string) error {
	s.line++
	if s.in.Scan() {
		s.text = strings.TrimSpace(strings.ToValidUTF8(s.in.Text(), "?"))
		return nil
	}
	if err := s.in.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("lamda: %s:%d: expected %s, found a line longer than %d bytes", s.name, s.line, expected, lineBytesMax)
	} else if err != nil {
		return fmt.Errorf("lamda: %s:%d: expected %s: %w", s.name, s.line, expected, err)
	}
	return fmt.Errorf("lamda: %s:%d: expected %s, found the end of the file: %w", s.name, s.line, expected, io.ErrUnexpectedEOF)
}

// block skips a comment line and moves to the line below it.
func (s *scanner) block(expected string) error {
	if err := s.next("a comment above " + expected); err != nil {
		return err
	}
	return s.next(expected)
}

// errorf reports the current line as not being what was expected.
func (s *scanner) errorf(expected string) error {
	return fmt.Errorf("lamda: %s:%d: expected %s, found %q", s.name, s.line, expected, s.text)
}

// count reads a block of one non-negative integer.
func (s *scanner) count(expected string) (int, error) {
	if err := s.next("a comment above " + expected); err != nil {
		return 0, err
	}
	return s.integer(expected)
}

// integer reads a line that begins with a non-negative integer.
func (s *scanner) integer(expected string) (int, error) {
	if err := s.next(expected); err != nil {
		return 0, err
	}
	if f := strings.Fields(s.text); len(f) > 0 {
		if n, err := strconv.Atoi(f[0]); err == nil && n >= 0 {
			return n, nil
		}
	}
	return 0, s.errorf(expected)
}

// numbers parses the first n of the fields as finite numbers, and reports
// false if there are fewer or one is not a number.
func numbers(fields []string, n int) ([]float64, bool) {
	if len(fields) < n {
		return nil, false
	}
	v := make([]float64, n)
	for i := range v {
		x, err := number(fields[i])
		if err != nil {
			return nil, false
		}
		v[i] = x
	}
	return v, true
}

// number parses a finite number, also as Fortran writes one: 1.5D-10, or
// 1.5-101 where the exponent has three digits.
func number(s string) (float64, error) {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		f := strings.NewReplacer("D", "E", "d", "e").Replace(s)
		if i := strings.LastIndexAny(f, "+-"); i > 0 && !strings.ContainsAny(f, "Ee") {
			f = f[:i] + "E" + f[i:]
		}
		x, err = strconv.ParseFloat(f, 64)
	}
	if err != nil {
		return 0, err
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, fmt.Errorf("%q is not finite", s)
	}
	return x, nil
}

// index parses a level number, counted from 1, as an index into n levels.
func index(field string, n int) (int, bool) {
	i, err := strconv.Atoi(field)
	return i - 1, err == nil && i >= 1 && i <= n
}
