// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// origins is the set of dotted paths that the command line gave.
type origins map[string]bool

// has reports whether the value at field, or one that holds it or that it
// holds, came from the command line.
func (o origins) has(field string) bool {
	for path := range o {
		if path == field || strings.HasPrefix(field, path+".") || strings.HasPrefix(path, field+".") {
			return true
		}
	}
	return false
}

// override applies "a.b=value" assignments to a decoded TOML tree, in order.
// Problems are reported and the assignment is left out.
func override(tree map[string]any, sets []string, r *report) {
	for _, set := range sets {
		path, text, ok := strings.Cut(set, "=")
		path = strings.TrimSpace(path)
		if !ok || path == "" || !utf8.ValidString(set) {
			r.problems = append(r.problems, Problem{File: "--set", Field: strings.ToValidUTF8(shorten(set), "?"),
				Reason: "not an assignment", Allowed: "KEY=VALUE, for example cube.cells=[64,64,64]"})
			continue
		}
		r.origins[path] = true
		if reason := assignPath(tree, strings.Split(path, "."), parseValue(text)); reason != "" {
			r.add(path, text, reason, "a key of a table, or the number of an entry of a list, for example view.0.axis")
		}
	}
}

// parseValue reads text as a TOML value, and as a plain string when it is none:
// a shell user writes output.name=test and view.0.axis=-y without quotes.
func parseValue(text string) any {
	var holder map[string]any
	if !strings.ContainsAny(text, "\r\n") {
		if _, err := toml.Decode("value = "+text, &holder); err == nil && len(holder) == 1 {
			return holder["value"]
		}
	}
	return text
}

// assignPath sets the value at path below node, making tables on the way. It
// returns why that is impossible, or "".
func assignPath(node any, path []string, value any) string {
	key, last := path[0], len(path) == 1
	switch n := node.(type) {
	case map[string]any:
		if last {
			n[key] = value
			return ""
		}
		if list, ok := n[key].([]map[string]any); ok {
			return assignEntry(n, key, list, path[1:], value)
		}
		if _, ok := n[key]; !ok {
			if path[1] == "0" && len(path) > 2 { // first entry of a list of tables
				return assignEntry(n, key, nil, path[1:], value)
			}
			n[key] = map[string]any{}
		}
		return assignPath(n[key], path[1:], value)
	case []any:
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(n) {
			return fmt.Sprintf("%q is no entry of a list of %d", key, len(n))
		}
		if last {
			n[i] = value
			return ""
		}
		return assignPath(n[i], path[1:], value)
	}
	return fmt.Sprintf("%q lies below a value that is no table", key)
}

// assignEntry sets a value in a list of tables held by parent[key]; the entry
// one past the end is added.
func assignEntry(parent map[string]any, key string, list []map[string]any, path []string, value any) string {
	i, err := strconv.Atoi(path[0])
	if err != nil || i < 0 || i > len(list) {
		return fmt.Sprintf("%q is no entry of a list of %d", path[0], len(list))
	}
	entry, isTable := value.(map[string]any)
	if len(path) == 1 && !isTable {
		return "an entry of this list is a table"
	}
	if i == len(list) {
		list = append(list, map[string]any{})
		parent[key] = list
	}
	if len(path) == 1 {
		list[i] = entry
		return ""
	}
	return assignPath(list[i], path[1:], value)
}
