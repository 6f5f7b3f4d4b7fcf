// SPDX-License-Identifier: BSD-3-Clause

package lamda

import (
	_ "embed"
	"strings"
)

//go:embed data/co.dat
var coFile string

// CO parses the embedded data of carbon monoxide: 41 levels, 40 transitions,
// para- and ortho-H₂ as partners (data/README.md tells where it comes from).
func CO() (*Molecule, error) { return Parse(strings.NewReader(coFile), "data/co.dat (embedded)") }
