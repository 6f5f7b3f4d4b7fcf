// SPDX-License-Identifier: BSD-3-Clause

//go:build golden

package emulator

import (
	"path/filepath"
	"testing"
)

// The three steps that the test without tags has no time for.
func TestGoldenGrid32Float32(t *testing.T) {
	checkSession32(t, scalar[float32](), Config{Variant: Net3D, Grid: 32}, filepath.Join("testdata", "net3d_g32.npz"), 3)
}
