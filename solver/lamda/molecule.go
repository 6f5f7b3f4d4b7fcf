// SPDX-License-Identifier: BSD-3-Clause

package lamda

import (
	"fmt"
	"strings"
)

// Molecule is the content of one data file, in the units of the file. All
// indices count from 0.
type Molecule struct {
	Name     string
	MassAMU  float64 // molecular mass [amu]
	Levels   []Level
	Lines    []Line
	Partners []Partner
}

// Level is one energy level.
type Level struct {
	EnergyCm1 float64 // energy above the zero of the file [cm⁻¹]
	Weight    float64 // statistical weight g, > 0, not always an integer
	Label     string  // quantum numbers, blanks collapsed; the level's number in the file if it gives none
}

// Line is one radiative transition.
type Line struct {
	Upper, Lower int     // indices into Levels; the upper energy is the higher one
	EinsteinA    float64 // spontaneous emission rate [s⁻¹]
	FrequencyGHz float64 // tabulated rest frequency [GHz]
	EUpperK      float64 // upper energy E_u/k [K], from the level where the file gives none
}

// Partner is one species that excites the molecule by collisions.
type Partner struct {
	Name         string    // description, as in the file
	Collider     Collider  // which species it is
	Temperatures []float64 // increasing [K]
	Upper, Lower []int     // [transition] indices into Levels

	// Rates are the downward rate coefficients [transition][temperature]
	// [cm³ s⁻¹].
	Rates [][]float64
}

// Collider is the number by which the format names a collision partner
// [Schöier et al. 2005].
type Collider int

// Collision partners of the format.
const (
	H2       Collider = 1 + iota // molecular hydrogen, ortho and para together
	ParaH2                       // para-H₂
	OrthoH2                      // ortho-H₂
	Electron                     // e⁻
	H                            // atomic hydrogen
	He                           // helium
	HPlus                        // H⁺
)

// String returns the name of the collider, such as "p-H2".
func (c Collider) String() string {
	names := [...]string{"H2", "p-H2", "o-H2", "e", "H", "He", "H+"}
	if c < H2 || c > HPlus {
		return fmt.Sprintf("collider %d", int(c))
	}
	return names[c-H2]
}

// LineLabel returns the label of transition i, "upper-lower": "2-1" for CO
// J = 2–1. It panics if i is out of range.
func (m *Molecule) LineLabel(i int) string {
	l := m.Lines[i]
	return m.Levels[l.Upper].Label + "-" + m.Levels[l.Lower].Label
}

// Transition returns the index of the transition with the label "upper-lower",
// such as "2-1". Blanks round the dash do not matter. The error lists the
// labels that exist, or the numbers of the transitions that share the label.
func (m *Molecule) Transition(label string) (int, error) {
	want := normalize(label)
	var found []int
	for i := range m.Lines {
		if normalize(m.LineLabel(i)) == want {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return 0, fmt.Errorf("lamda: %s has no transition %q; it has %s", m.Name, label, m.labels())
	}
	numbers := make([]string, len(found))
	for k, i := range found {
		numbers[k] = fmt.Sprint(i + 1)
	}
	return 0, fmt.Errorf("lamda: %s has %d transitions %q; name one by its number: %s",
		m.Name, len(found), label, strings.Join(numbers, ", "))
}

// TransitionNumber returns the index of the transition with the given number
// in the file, counted from 1.
func (m *Molecule) TransitionNumber(number int) (int, error) {
	if number < 1 || number > len(m.Lines) {
		return 0, fmt.Errorf("lamda: %s has no transition number %d; allowed are 1 to %d", m.Name, number, len(m.Lines))
	}
	return number - 1, nil
}

// normalize reduces a transition label to what distinguishes it. It does not
// split at the dash, because quantum numbers may be negative.
func normalize(label string) string {
	label = strings.Join(strings.Fields(label), " ")
	return strings.NewReplacer(" - ", "-", " -", "-", "- ", "-").Replace(label)
}

// labels lists the transition labels for a message, the first few of many.
func (m *Molecule) labels() string {
	const most = 12
	if len(m.Lines) == 0 {
		return "no transitions at all"
	}
	var list []string
	for i := range min(most, len(m.Lines)) {
		list = append(list, fmt.Sprintf("%q", m.LineLabel(i)))
	}
	if rest := len(m.Lines) - most; rest > 0 {
		list = append(list, fmt.Sprintf("and %d more", rest))
	}
	return strings.Join(list, ", ")
}
