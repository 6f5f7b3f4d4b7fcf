// SPDX-License-Identifier: BSD-3-Clause

//go:build golden64

package emulator

import (
	"os"
	"path/filepath"
	"testing"
)

// goldenFolder is where the reference data of grid 64 lies: $COLUMEN_GOLDEN, or
// shared/golden/coemunet beside the checkout. It is too large for the
// repository; make golden sets the tag of this file where the data are there.
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
		t.Run(string(v)+"/float32", func(t *testing.T) { checkSession32(t, scalar[float32](), c, path, 3) })
		t.Run(string(v)+"/cpu", func(t *testing.T) { checkSession32(t, fast(), c, path, 1) })
	}
}
