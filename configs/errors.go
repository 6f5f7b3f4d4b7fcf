// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	File    string // the TOML file, or "--set" when the value came from the command line
	Field   string // dotted path, for example view.0.axis; may be empty for a file that is no TOML
	Value   string // the value found, as TOML; empty when the key is missing
	Reason  string // what is wrong, when the value alone does not say it
	Allowed string // what may stand there
}

// String returns the problem on one line.
func (p Problem) String() string {
	var s strings.Builder
	s.WriteString(p.File)
	if p.Field != "" {
		s.WriteString(": " + p.Field)
		if p.Value != "" {
			s.WriteString(" = " + p.Value)
		}
	}
	if p.Reason != "" {
		s.WriteString(": " + p.Reason)
	}
	fmt.Fprintf(&s, ": allowed: %s", p.Allowed)
	return s.String()
}

// Error holds every problem of a configuration, in the order of the schema.
type Error struct {
	Problems []Problem
}

// Error returns one line per problem.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// ExitCode returns 2, the exit status for a bad configuration.
func (e *Error) ExitCode() int { return 2 }

// report collects problems. A field is reported once: what follows from a
// value that is already refused would only hide the cause.
type report struct {
	file     string
	origins  origins
	problems []Problem
}

func (r *report) add(field, value, reason, allowed string) {
	for _, p := range r.problems {
		if p.Field == field || strings.HasPrefix(p.Field, field+".") || strings.HasPrefix(field, p.Field+".") {
			return
		}
	}
	file := r.file
	if r.origins.has(field) {
		file = "--set"
	}
	r.problems = append(r.problems, Problem{File: file, Field: field, Value: shorten(value), Reason: reason, Allowed: allowed})
}

func (r *report) missing(field, allowed string) {
	r.add(field, "", "missing", allowed)
}

func (r *report) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return &Error{Problems: r.problems}
}

// shorten keeps a message on one readable line whatever the file holds.
func shorten(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
