// SPDX-License-Identifier: BSD-3-Clause

package model

import (
	"fmt"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/solver/lamda"
	"github.com/columen/columen/solver/line"
)

// Line reads the molecule that a configuration names and finds the transition.
func Line(cfg configs.Line) (*line.Line, error) {
	var m *lamda.Molecule
	var err error
	if cfg.Molecule == configs.BuiltinCO {
		m, err = lamda.CO()
	} else {
		m, err = lamda.ReadFile(cfg.Molecule)
	}
	if err != nil {
		return nil, err
	}
	var number int
	if cfg.Transition.Label != "" {
		number, err = m.Transition(cfg.Transition.Label)
	} else {
		number, err = m.TransitionNumber(cfg.Transition.Number)
	}
	if err != nil {
		return nil, &usageError{fmt.Errorf("line.transition: %w", err)}
	}
	return line.New(m, number, line.Options{})
}

// usageError is a fault of the configuration that only the line data reveal.
type usageError struct{ error }

// ExitCode is that of a bad configuration.
func (usageError) ExitCode() int { return run.ExitUsage }
