// SPDX-License-Identifier: BSD-3-Clause

package slurm

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestParseNodes reads lists as squeue and the environment of jobs have them.
func TestParseNodes(t *testing.T) {
	for list, want := range map[string]string{
		"c1":               "c1",
		"c[1-4,7],g01":     "c1 c2 c3 c4 c7 g01",
		"nid[000098-0101]": "nid000098 nid000099 nid000100 nid000101",
		"n[9-11]":          "n9 n10 n11",
		"r[0-1]n[1,3]-ib":  "r0n1-ib r0n3-ib r1n1-ib r1n3-ib",
		"login.site,a_b":   "login.site a_b",
		"[1-2]x":           "1x 2x",
	} {
		got, err := ParseNodes(list)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, %v: want %q", list, got, err, want)
		}
	}
}

// TestParseNodesRefuses gives nonsense, and lists that would fill the memory.
func TestParseNodesRefuses(t *testing.T) {
	for list, part := range map[string]string{
		"":                         "offset 0: an empty name",
		"c1,":                      "offset 3: an empty name",
		",c1":                      "an empty name",
		"c[1-":                     "0 digits",
		"c[1":                      "no closing bracket",
		"c[]":                      "0 digits",
		"c[4-1]":                   "the range 4-1 falls",
		"c[1;2]":                   `unexpected ';'`,
		"c]":                       `unexpected ']'`,
		"c 1":                      `unexpected ' '`,
		"c[1-999999999]":           "more than 131072 nodes",
		"c[1-1000]x[1-1000]":       "more than 131072 nodes",
		"c[0000000001]":            "10 digits",
		strings.Repeat("a", 1<<21): "bytes, more than",
	} {
		got, err := ParseNodes(list)
		var bad *NodeListError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), part) || !strings.Contains(err.Error(), "allowed: names and ranges") {
			t.Errorf("%.40s: %d nodes, error %v: want %q", list, len(got), err, part)
		}
	}
}

// TestFormatNodes writes short lists.
func TestFormatNodes(t *testing.T) {
	for names, want := range map[string]string{
		"":                                "",
		"c1":                              "c1",
		"c4 c1 c2 c3 c7 g01":              "c[1-4,7],g01",
		"c2 c2 c1":                        "c[1-2]",
		"n9 n10 n11":                      "n[9-11]",
		"n09 n10 n9":                      "n[9,09-10]",
		"x x1":                            "x,x1",
		"nid000099 nid000100":             "nid[000099-000100]",
		"a99999999999 a100000000000":      "a99[999999999],a100000000000",
		"login-a login-b r0n1-ib r0n2-ib": "login-a,login-b,r0n1-ib,r0n2-ib",
	} {
		got := FormatNodes(strings.Fields(names))
		if names == "a99999999999 a100000000000" { // digits beyond the bound belong to the prefix
			if back, err := ParseNodes(got); err != nil || strings.Join(back, " ") != names {
				t.Errorf("%s: %s, back %q, %v", names, got, back, err)
			}
			continue
		}
		if got != want {
			t.Errorf("%s: %s, want %s", names, got, want)
		}
	}
}

// FuzzParseNodes checks that any list is read within bounds or refused, and that
// what was read is the same set of names after writing and reading it again.
func FuzzParseNodes(f *testing.F) {
	for _, s := range []string{"c[1-4,7],g01", "r[0-1]n[01-12]", "a", "c[1-", "n[9,09-10]", "0", "a0b1,a00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, list string) {
		names, err := ParseNodes(list)
		if err != nil {
			return
		}
		if len(names) == 0 || len(names) > maxNodes {
			t.Fatalf("%q: %d names", list, len(names))
		}
		short := FormatNodes(names)
		back, err := ParseNodes(short)
		if err != nil {
			t.Fatalf("%q: %q: %v", list, short, err)
		}
		slices.Sort(names)
		slices.Sort(back)
		if !slices.Equal(slices.Compact(names), back) {
			t.Fatalf("%q: %q", list, short)
		}
	})
}
