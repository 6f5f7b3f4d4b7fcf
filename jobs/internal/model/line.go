// SPDX-License-Identifier: BSD-3-Clause

package model

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/solver/lamda"
	"github.com/columen/columen/solver/line"
)

// Line reads the molecule that a configuration names and finds the transition.
// An error of the configuration names its file.
func Line(file string, cfg configs.Line) (*line.Line, error) {
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
	value := strconv.Itoa(cfg.Transition.Number)
	if cfg.Transition.Label != "" {
		value = strconv.Quote(cfg.Transition.Label)
		number, err = m.Transition(cfg.Transition.Label)
	} else {
		number, err = m.TransitionNumber(cfg.Transition.Number)
	}
	if err != nil {
		return nil, &configs.Error{Problems: []configs.Problem{{
			File: file, Field: "line.transition", Value: value, Reason: strings.TrimPrefix(err.Error(), "lamda: "),
			Allowed: fmt.Sprintf("the labels of a transition of the line data, or its number, from 1 to %d", len(m.Lines)),
		}}}
	}
	return line.New(m, number, line.Options{})
}
