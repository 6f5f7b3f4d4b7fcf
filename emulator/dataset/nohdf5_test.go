// SPDX-License-Identifier: BSD-3-Clause

//go:build !hdf5 || !cgo

package dataset

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/columen/columen/internal/h5"
)

func TestWithoutHDF5EveryFileSaysWhy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.hdf5")
	nm, err := Published(Rotation)
	must(t, err)
	_, raw := ReadRaw(path)
	_, shard := OpenShard(path)
	_, create := CreateShard(path, testShape, 1)
	_, statistics := ReadStatistics(path, Rotation)
	for _, err := range []error{raw, shard, create, statistics, WriteStatistics(path, nm)} {
		if !errors.Is(err, h5.ErrNotBuilt) {
			t.Errorf("error %v: want h5.ErrNotBuilt", err)
		}
		mentions(t, "path", err, path[:len(path)-len("a.hdf5")])
	}
}
