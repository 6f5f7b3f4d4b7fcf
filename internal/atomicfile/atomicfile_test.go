// SPDX-License-Identifier: BSD-3-Clause

package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var n []string
	for _, e := range entries {
		n = append(n, e.Name())
	}
	return n
}

func TestWriteReplacesOnlyWhenComplete(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.dat")
	put := func(s string) func(string) error {
		return func(tmp string) error { return os.WriteFile(tmp, []byte(s), 0o666) }
	}
	if err := Write(path, put("one")); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("broken")
	err := Write(path, func(tmp string) error {
		if err := put("half")(tmp); err != nil {
			t.Fatal(err)
		}
		return cause
	})
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v: want one that wraps the cause and names %s", err, path)
	}
	if got, _ := os.ReadFile(path); string(got) != "one" {
		t.Errorf("file holds %q after a failed write: want %q", got, "one")
	}
	if err := Write(path, put("two")); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "two" {
		t.Errorf("file holds %q: want %q", got, "two")
	}
	if n := names(t, dir); len(n) != 1 {
		t.Errorf("folder holds %v: want a.dat alone", n)
	}
}

func TestCreateErrorsNameThePath(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "missing", "a.dat")} {
		if _, err := Create(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Create(%q): %v: want an error that names the path", path, err)
		}
	}
}

func TestPermissionsFollowUmask(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a.dat")
	if err := Write(path, func(string) error { return nil }); err != nil {
		t.Fatal(err)
	}
	want, _ := os.Stat(plain)
	got, err := os.Stat(path)
	if err != nil || got.Mode() != want.Mode() {
		t.Errorf("mode %v, %v: want %v", got.Mode(), err, want.Mode())
	}
}
