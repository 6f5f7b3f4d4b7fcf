// SPDX-License-Identifier: BSD-3-Clause

// The race detector would make ten minutes of this; the kernels' goroutines are
// raced in package device.

//go:build !race

package emulator

import (
	"path/filepath"
	"testing"
)

func TestGoldenGrid32(t *testing.T) {
	for v, steps := range map[Variant]int{Net: 3, Net3D: 1} {
		path := filepath.Join("testdata", string(v)+"_g32.npz")
		names := filepath.Join("testdata", string(v)+"_act_names.txt")
		c := Config{Variant: v, Grid: 32}
		t.Run(string(v)+"/float64", func(t *testing.T) { checkSession64(t, c, path, names) })
		t.Run(string(v)+"/float32", func(t *testing.T) { checkSession32(t, scalar[float32](), c, path, steps) })
		t.Run(string(v)+"/cpu", func(t *testing.T) { checkSession32(t, fast(), c, path, 1) })
	}
}
