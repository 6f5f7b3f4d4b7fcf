// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// field is what the tags of a struct field say about a key.
type field struct {
	key      string
	unit     string
	doc      string
	preset   string // default, as TOML
	optional bool
	allow    string
	path     string
	digest   bool
}

func fieldOf(f reflect.StructField) field {
	return field{
		key: f.Tag.Get("toml"), unit: f.Tag.Get("unit"), doc: f.Tag.Get("doc"),
		preset: f.Tag.Get("default"), optional: f.Tag.Get("need") == "no",
		allow: f.Tag.Get("allow"), path: f.Tag.Get("path"), digest: f.Tag.Get("digest") != "no",
	}
}

// isTable reports whether a type is a table of keys rather than a value.
func isTable(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[Transition]()
}

// isTableList reports whether a type is a list of tables.
func isTableList(t reflect.Type) bool { return t.Kind() == reflect.Slice && isTable(t.Elem()) }

// keysOf returns the keys of a table type in the order of declaration.
func keysOf(t reflect.Type) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i] = t.Field(i).Tag.Get("toml")
	}
	return keys
}

// allowed describes in words what may stand at a key of type t.
func (f field) allowed(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Pointer:
		return f.allowed(t.Elem())
	case t == reflect.TypeFor[Transition]():
		return `level labels such as "2-1", or the number of the radiative transition in the LAMDA file, from 1`
	case isTableList(t):
		return "a list of tables"
	case isTable(t):
		return "a table"
	case t.Kind() == reflect.Slice:
		return "a list, each entry " + f.allowed(t.Elem())
	case t.Kind() == reflect.Array:
		return "a list of " + strconv.Itoa(t.Len()) + ", each entry " + f.allowed(t.Elem())
	}
	words := map[reflect.Kind]string{reflect.String: "a string", reflect.Int: "an integer", reflect.Float64: "a finite number"}[t.Kind()]
	lo, hi, isRange := strings.Cut(f.allow, "..")
	switch {
	case f.allow == "name":
		words = "a name of letters, digits, dot, underscore and hyphen, at most 100, not beginning with dot or hyphen"
	case f.path != "":
		words = "a path"
	case isRange:
		words += " from " + lo + " to " + hi
	case strings.HasPrefix(f.allow, ">="):
		words += " of at least " + f.allow[2:]
	case strings.HasPrefix(f.allow, ">"):
		words += " above " + f.allow[1:]
	case f.allow != "":
		words = "one of " + strings.ReplaceAll(f.allow, "|", ", ")
	}
	if f.unit != "" && f.unit != "-" {
		words += " [" + f.unit + "]"
	}
	return words
}

// allowsNumber checks a number against the range or the choices of the field.
func (f field) allowsNumber(x float64) bool {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return false
	}
	if strings.Contains(f.allow, "|") {
		return slices.Contains(strings.Split(f.allow, "|"), strconv.FormatFloat(x, 'f', -1, 64))
	}
	if lo, hi, ok := strings.Cut(f.allow, ".."); ok {
		return x >= mustNumber(lo) && x <= mustNumber(hi)
	}
	if rest, ok := strings.CutPrefix(f.allow, ">="); ok {
		return x >= mustNumber(rest)
	}
	if rest, ok := strings.CutPrefix(f.allow, ">"); ok {
		return x > mustNumber(rest)
	}
	return true
}

// allowsString checks a string against the choices of the field.
func (f field) allowsString(s string) bool {
	switch {
	case f.allow == "name":
		return isName(s)
	case f.path != "":
		return s != "" && !strings.ContainsRune(s, 0)
	case f.allow == "":
		return s != ""
	}
	for _, choice := range strings.Split(f.allow, "|") {
		if s == choice {
			return true
		}
	}
	return false
}

// isName reports whether s can be part of a file name everywhere: letters,
// digits, . _ and -, not starting with a dot or hyphen.
func isName(s string) bool {
	for i, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
		if !letter && (i == 0 || c != '.' && c != '-') {
			return false
		}
	}
	return s != "" && len(s) <= 100
}

// mustNumber reads a number of a tag; the tags are fixed in the source.
func mustNumber(s string) float64 {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic("configs: bad number in an allow tag: " + s)
	}
	return x
}
