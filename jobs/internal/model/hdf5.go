// SPDX-License-Identifier: BSD-3-Clause

package model

import (
	"errors"
	"os"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/internal/h5"
)

// NeedHDF5 returns an *configs.Error where this program was built without HDF5,
// before hours are spent on what it could not write. file, field and value say
// what asks for it; allowed what works without.
func NeedHDF5(file, field, value, allowed string) error {
	f, err := h5.Open(os.DevNull) // no HDF5 file: always an error
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, h5.ErrNotBuilt) {
		return nil
	}
	return &configs.Error{Problems: []configs.Problem{{File: file, Field: field, Value: value, Reason: "this program was built without HDF5", Allowed: allowed + "; or a program made by make build (tag hdf5)"}}}
}
