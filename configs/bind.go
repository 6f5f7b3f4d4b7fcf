// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// binder moves a decoded TOML tree into a struct under the schema of its tags.
type binder struct {
	*report
	dir string // folder of the TOML file
}

// table fills the struct v from the keys of tree and reports unknown ones.
func (b *binder) table(v reflect.Value, tree map[string]any, path string) {
	t := v.Type()
	known := keysOf(t)
	for i := range t.NumField() {
		f := fieldOf(t.Field(i))
		raw, present := tree[f.key]
		b.entry(v.Field(i), f, raw, present, join(path, f.key))
	}
	unknown := make([]string, 0, len(tree))
	for key := range tree {
		if !slices.Contains(known, key) {
			unknown = append(unknown, key)
		}
	}
	sort.Strings(unknown)
	for _, key := range unknown {
		b.add(join(path, key), text(tree[key]), "unknown key, did you mean "+strconv.Quote(Nearest(key, known))+"?", strings.Join(known, ", "))
	}
}

// entry fills one key: a table, a list of tables or a value.
func (b *binder) entry(v reflect.Value, f field, raw any, present bool, path string) {
	t := v.Type()
	switch {
	case isTableList(t):
		b.tableList(v, f, raw, present, path)
	case isTable(t) && t.Kind() == reflect.Pointer:
		if present {
			v.Set(reflect.New(t.Elem()))
			b.entry(v.Elem(), f, raw, true, path)
		}
	case isTable(t):
		tree, ok := raw.(map[string]any)
		if present && !ok {
			b.add(path, text(raw), "", f.allowed(t))
			return
		}
		b.table(v, tree, path)
	case present:
		b.value(v, f, raw, path)
	case f.preset != "":
		b.value(v, f, parseValue(f.preset), path)
	case !f.optional:
		b.missing(path, f.allowed(t))
	}
}

// tableList fills a slice of structs from [[name]] tables.
func (b *binder) tableList(v reflect.Value, f field, raw any, present bool, path string) {
	list, ok := raw.([]map[string]any)
	if anyList, isList := raw.([]any); isList && len(anyList) == 0 {
		list, ok, present = nil, true, false
	}
	if !present || ok && len(list) == 0 {
		if !f.optional {
			b.missing(path, "at least one [["+path+"]] table")
		}
		return
	}
	if !ok {
		b.add(path, text(raw), "", "[["+path+"]] tables")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
	for i, tree := range list {
		b.table(v.Index(i), tree, join(path, strconv.Itoa(i)))
	}
}

// value converts one TOML value to the type of v and checks its range.
func (b *binder) value(v reflect.Value, f field, raw any, path string) {
	refuse := func() { b.add(path, text(raw), "", f.allowed(v.Type())) }
	if tr, ok := v.Addr().Interface().(*Transition); ok {
		if !tr.set(raw) {
			refuse()
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		b.value(v.Elem(), f, raw, path)
	case reflect.Slice, reflect.Array:
		list, ok := raw.([]any)
		if !ok || v.Kind() == reflect.Array && len(list) != v.Len() || len(list) == 0 {
			refuse()
			return
		}
		if v.Kind() == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
		}
		for i, item := range list {
			b.value(v.Index(i), f, item, join(path, strconv.Itoa(i)))
		}
	case reflect.String:
		s, ok := raw.(string)
		if !ok || !f.allowsString(s) {
			refuse()
			return
		}
		v.SetString(b.resolve(f, s))
	case reflect.Int:
		n, ok := raw.(int64)
		if !ok || !f.allowsNumber(float64(n)) {
			refuse()
			return
		}
		v.SetInt(n)
	case reflect.Float64:
		x, ok := raw.(float64)
		if n, isInt := raw.(int64); isInt {
			x, ok = float64(n), true
		}
		if !ok || !f.allowsNumber(x) {
			refuse()
			return
		}
		v.SetFloat(x)
	default:
		panic("configs: no rule for a field of type " + v.Type().String())
	}
}

// resolve makes a path of the file independent of the working directory.
func (b *binder) resolve(f field, s string) string {
	if f.path == "" || s == BuiltinCO {
		return s
	}
	if filepath.IsAbs(s) {
		return filepath.Clean(s)
	}
	return filepath.Join(b.dir, s)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
