// SPDX-License-Identifier: BSD-3-Clause

package lamda

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/columen/columen/solver/si"
)

// ReadFile parses the data file at path.
func ReadFile(path string) (*Molecule, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("lamda: %w", err)
	}
	defer f.Close() // read only: nothing can be lost
	return Parse(f, path)
}

// Parse reads a data file; name stands for it in messages. An error names the
// line, what was expected there and what was found.
func Parse(r io.Reader, name string) (*Molecule, error) {
	s := newScanner(r, name)
	m := new(Molecule)
	for _, part := range []func(*scanner) error{m.readHead, m.readLevels, m.readLines, m.readPartners} {
		if err := part(s); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Molecule) readHead(s *scanner) error {
	if err := s.block("the name of the molecule"); err != nil {
		return err
	}
	if m.Name = s.text; m.Name == "" {
		return s.errorf("the name of the molecule")
	}
	const expected = "a molecular mass > 0 [amu]"
	if err := s.block(expected); err != nil {
		return err
	}
	v, ok := numbers(strings.Fields(s.text), 1)
	if !ok || v[0] <= 0 {
		return s.errorf(expected)
	}
	m.MassAMU = v[0]
	return nil
}

func (m *Molecule) readLevels(s *scanner) error {
	n, err := s.count("the number of levels")
	if err != nil {
		return err
	}
	if n == 0 {
		return s.errorf("at least one level")
	}
	if err := s.next("a comment above the levels"); err != nil {
		return err
	}
	for i := range n {
		expected := fmt.Sprintf("level %d of %d: its number, energy [cm⁻¹], weight > 0, label", i+1, n)
		if err := s.next(expected); err != nil {
			return err
		}
		f := strings.Fields(s.text)
		v, ok := numbers(f, 3)
		if !ok || f[0] != strconv.Itoa(i+1) || v[2] <= 0 {
			return s.errorf(expected)
		}
		label := strings.Trim(strings.Join(f[3:], " "), `'" `)
		if label == "" {
			label = f[0]
		}
		m.Levels = append(m.Levels, Level{EnergyCm1: v[1], Weight: v[2], Label: label})
	}
	return nil
}

func (m *Molecule) readLines(s *scanner) error {
	n, err := s.count("the number of radiative transitions")
	if err != nil {
		return err
	}
	if err := s.next("a comment above the radiative transitions"); err != nil {
		return err
	}
	for i := range n {
		expected := fmt.Sprintf("radiative transition %d of %d: its number, upper and lower level in 1…%d with E_u > E_l, A > 0 [s⁻¹], frequency > 0 [GHz]",
			i+1, n, len(m.Levels))
		if err := s.next(expected); err != nil {
			return err
		}
		l, ok := m.parseLine(strings.Fields(s.text))
		if !ok {
			return s.errorf(expected)
		}
		m.Lines = append(m.Lines, l)
	}
	return nil
}

func (m *Molecule) parseLine(f []string) (l Line, ok bool) {
	v, ok := numbers(f, 5)
	if !ok || v[3] <= 0 || v[4] <= 0 {
		return l, false
	}
	up, okUp := index(f[1], len(m.Levels))
	low, okLow := index(f[2], len(m.Levels))
	if !okUp || !okLow || m.Levels[up].EnergyCm1 <= m.Levels[low].EnergyCm1 {
		return l, false
	}
	l = Line{Upper: up, Lower: low, EinsteinA: v[3], FrequencyGHz: v[4]}
	if e, ok := numbers(f[5:], 1); ok {
		l.EUpperK = e[0]
	} else {
		c := si.CODATA2018()
		l.EUpperK = m.Levels[up].EnergyCm1 * 100 * c.H * c.C / c.K // cm⁻¹ → K
	}
	return l, true
}

func (m *Molecule) readPartners(s *scanner) error {
	const expected = "the number of collision partners"
	// Files made for LTE end after the radiative transitions; one that ends
	// after the comment has been cut off.
	if err := s.next("a comment above " + expected); errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	} else if err != nil {
		return err
	}
	blank := s.text == ""
	n, err := s.integer(expected)
	if blank && errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	if err != nil {
		return err
	}
	for range n {
		p, err := readPartner(s, len(m.Levels))
		if err != nil {
			return err
		}
		m.Partners = append(m.Partners, p)
	}
	return nil
}

func readPartner(s *scanner, levels int) (p Partner, err error) {
	const who = "a collision partner: its id ≥ 1 and description"
	if err := s.block(who); err != nil {
		return p, err
	}
	id, name, _ := strings.Cut(strings.ReplaceAll(s.text, "\t", " "), " ")
	number, err := strconv.Atoi(id)
	if err != nil || number < 1 {
		return p, s.errorf(who)
	}
	p.Collider, p.Name = Collider(number), strings.TrimSpace(name)

	transitions, err := s.count("the number of collisional transitions")
	if err != nil {
		return p, err
	}
	temperatures, err := s.count("the number of temperatures")
	if err != nil {
		return p, err
	}
	expected := fmt.Sprintf("%d increasing temperatures > 0 [K]", temperatures)
	if err := s.block(expected); err != nil {
		return p, err
	}
	var ok bool
	if p.Temperatures, ok = numbers(strings.Fields(s.text), temperatures); !ok || !increasing(p.Temperatures) {
		return p, s.errorf(expected)
	}
	if err := s.next("a comment above the collision rates"); err != nil {
		return p, err
	}
	for i := range transitions {
		expected := fmt.Sprintf("collisional transition %d of %d: its number, two different levels in 1…%d, %d rates ≥ 0 [cm³ s⁻¹]",
			i+1, transitions, levels, temperatures)
		if err := s.next(expected); err != nil {
			return p, err
		}
		if !p.parseRates(strings.Fields(s.text), levels) {
			return p, s.errorf(expected)
		}
	}
	return p, nil
}

// parseRates appends one line of rate coefficients.
func (p *Partner) parseRates(f []string, levels int) bool {
	if len(f) < 3 {
		return false
	}
	up, okUp := index(f[1], levels)
	low, okLow := index(f[2], levels)
	rates, ok := numbers(f[3:], len(p.Temperatures))
	if !okUp || !okLow || !ok || up == low {
		return false
	}
	for _, q := range rates {
		if q < 0 {
			return false
		}
	}
	p.Upper, p.Lower, p.Rates = append(p.Upper, up), append(p.Lower, low), append(p.Rates, rates)
	return true
}

// increasing reports whether the values are positive and strictly increasing.
func increasing(v []float64) bool {
	last := 0.0
	for _, x := range v {
		if x <= last {
			return false
		}
		last = x
	}
	return true
}
