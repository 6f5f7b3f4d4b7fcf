// SPDX-License-Identifier: BSD-3-Clause

//go:build golden

package emulator

import (
	"os"
	"path/filepath"
	"testing"
)

// goldenFolder is where the reference data of grid 64 lies: $COLUMEN_GOLDEN, or
// shared/golden/coemunet beside the checkout. It is too large for the repository.
func goldenFolder() string {
	if dir := os.Getenv("COLUMEN_GOLDEN"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "shared", "golden", "coemunet")
}

func TestGoldenGrid64(t *testing.T) {
	for _, v := range []Variant{Net, Net3D} {
		path := filepath.Join(goldenFolder(), string(v)+"_g64.npz")
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("the reference data of grid 64 is missing (%v): set COLUMEN_GOLDEN to its folder", err)
		}
		names := filepath.Join("testdata", string(v)+"_act_names.txt")
		c := Config{Variant: v, Grid: 64}
		t.Run(string(v)+"/float64", func(t *testing.T) { checkSession64(t, c, path, names) })
		t.Run(string(v)+"/float32", func(t *testing.T) { checkSession32(t, c, path, 3) })
	}
}

// The three steps that the test without tags has no time for.
func TestGoldenGrid32Float32(t *testing.T) {
	checkSession32(t, Config{Variant: Net3D, Grid: 32}, filepath.Join("testdata", "net3d_g32.npz"), 3)
}
