// SPDX-License-Identifier: BSD-3-Clause

//go:build !hdf5 || !cgo

package h5

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestWithoutHDF5EveryOpenSaysWhy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.h5")
	_, create := Create(path)
	_, open := Open(path)
	for _, err := range []error{create, open} {
		if !errors.Is(err, ErrNotBuilt) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "make build") {
			t.Errorf("error %v: want one that names the file and the remedy", err)
		}
	}
}
