// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// Print writes every key of a job with its value, default, unit and meaning.
// The output is TOML that loads to the same configuration from any folder:
// paths are absolute, and keys without a value are comments.
func Print(w io.Writer, job Job) error {
	p := &printer{}
	fmt.Fprintf(&p.out, "# columen %s: every key with its value\n", job.JobName())
	p.table(reflect.ValueOf(job).Elem(), "", false)
	_, err := io.WriteString(w, p.out.String())
	return err
}

// Resolved returns the configuration as nested tables for a manifest.
func Resolved(job Job) (map[string]any, error) {
	var s strings.Builder
	if err := Print(&s, job); err != nil {
		return nil, err
	}
	tree := map[string]any{}
	_, err := toml.Decode(s.String(), &tree)
	return tree, err
}

// Digest returns the SHA-256, in hexadecimal, of everything in a configuration
// that can change a result. Left out are output.dir, parallel.threads,
// parallel.watchdog_s and parallel.ranks: they change no result beyond the
// rounding that parallel.mode = "fixed" removes, and mode is in. Of an input
// path only the base name counts, so that a moved folder keeps its digest; the
// contents are hashed in the manifest.
func Digest(job Job) string {
	h := sha256.New()
	fmt.Fprintf(h, "columen %s 1\n", job.JobName())
	digestTable(h, reflect.ValueOf(job).Elem(), "")
	return hex.EncodeToString(h.Sum(nil))
}

func digestTable(w io.Writer, v reflect.Value, path string) {
	for i := range v.NumField() {
		f, item := fieldOf(v.Type().Field(i)), v.Field(i)
		name := join(path, f.key)
		switch {
		case isTableList(item.Type()):
			for j := range item.Len() {
				digestTable(w, item.Index(j), join(name, strconv.Itoa(j)))
			}
		case isTable(item.Type()):
			if item = reflect.Indirect(item); item.IsValid() {
				digestTable(w, item, name)
			}
		case !f.digest || f.optional && item.IsZero():
		case f.path == "input":
			fmt.Fprintf(w, "%s = %s\n", name, text(filepath.Base(item.String())))
		default:
			fmt.Fprintf(w, "%s = %s\n", name, text(item.Interface()))
		}
	}
}

// printer builds the text of Print.
type printer struct {
	out strings.Builder
}

// table prints the values of a table before its sub-tables, as TOML wants.
// A table that is absent is printed as comments.
func (p *printer) table(v reflect.Value, path string, absent bool) {
	t := v.Type()
	for i := range t.NumField() {
		if ft := t.Field(i).Type; !isTable(ft) && !isTableList(ft) {
			p.value(v.Field(i), fieldOf(t.Field(i)), absent)
		}
	}
	for i := range t.NumField() {
		f, item := fieldOf(t.Field(i)), v.Field(i)
		name := join(path, f.key)
		switch {
		case isTableList(item.Type()):
			none := absent || item.Len() == 0
			if item.Len() == 0 {
				item = reflect.MakeSlice(item.Type(), 1, 1)
			}
			for j := range item.Len() {
				fmt.Fprintf(&p.out, "\n# %s\n%s[[%s]]\n", f.doc, comment(none), name)
				p.table(item.Index(j), name, none)
			}
		case isTable(item.Type()):
			none := absent || item.Kind() == reflect.Pointer && item.IsNil()
			if item = reflect.Indirect(item); !item.IsValid() {
				item = reflect.New(t.Field(i).Type.Elem()).Elem()
			}
			fmt.Fprintf(&p.out, "\n# %s\n%s[%s]\n", f.doc, comment(none), name)
			p.table(item, name, none)
		}
	}
}

func (p *printer) value(v reflect.Value, f field, absent bool) {
	preset := "none, the key is required"
	switch {
	case f.preset != "":
		preset = f.preset
	case f.optional:
		preset = "none"
	}
	fmt.Fprintf(&p.out, "# %s. Unit: %s. Default: %s. Allowed: %s.\n", f.doc, f.unit, preset, f.allowed(v.Type()))
	if absent || f.optional && v.IsZero() {
		fmt.Fprintf(&p.out, "# %s =\n", f.key)
		return
	}
	value := v.Interface()
	if f.path != "" && v.String() != BuiltinCO {
		if abs, err := filepath.Abs(v.String()); err == nil {
			value = abs
		}
	}
	fmt.Fprintf(&p.out, "%s = %s\n", f.key, text(value))
}

func comment(on bool) string {
	if on {
		return "# "
	}
	return ""
}

// text returns a value as TOML, on one line.
func text(value any) string {
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Invalid:
		return "nothing"
	case reflect.Pointer:
		return text(v.Elem().Interface())
	case reflect.String:
		return quote(v.String())
	case reflect.Float64:
		s := strconv.FormatFloat(v.Float(), 'g', -1, 64)
		switch {
		case strings.Contains(s, "Inf"):
			return strings.ToLower(s)
		case strings.ContainsAny(s, ".eN"):
			return strings.ToLower(s)
		}
		return s + ".0"
	case reflect.Slice, reflect.Array:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = text(v.Index(i).Interface())
		}
		return "[" + strings.Join(items, ", ") + "]"
	case reflect.Map:
		return "a table"
	}
	if tr, ok := value.(Transition); ok {
		if tr.Number > 0 {
			return strconv.Itoa(tr.Number)
		}
		return quote(tr.Label)
	}
	return fmt.Sprint(value)
}

// quote returns a TOML basic string.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c < 0x20 || c == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
