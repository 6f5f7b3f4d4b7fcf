// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package h5

import (
	"fmt"
	"strings"
	"testing"
)

func TestLists(t *testing.T) {
	f, err := Open("testdata/lists.h5")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, want := range map[string]string{"variable": `["CO" "H2O" "" "e-"]`, "fixed": `["CO" "dummy0" "H2"]`, "full": `["CO" "H2"]`} {
		if got, err := f.Strings(name); err != nil || fmt.Sprintf("%q", got) != want {
			t.Errorf("%s: %q, error %v: want %s", name, got, err, want)
		}
	}
	if got, err := f.Ints("short"); err != nil || fmt.Sprint(got) != "[1 -2 300]" {
		t.Errorf("integers %v, error %v", got, err)
	}
	_, floats := f.Strings("floats")
	_, table := f.Ints("table")
	_, words := f.Ints("fixed")
	_, none := f.Ints("none")
	for name, err := range map[string]error{"floats": floats, "table": table, "fixed": words, "none": none} {
		if err == nil || !strings.Contains(err.Error(), "lists.h5: dataset "+name) {
			t.Errorf("%s: error %v: want one that names file and dataset", name, err)
		}
	}
}
