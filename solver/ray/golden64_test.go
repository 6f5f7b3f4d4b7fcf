// SPDX-License-Identifier: BSD-3-Clause

//go:build golden64

package ray

import (
	"os"
	"path/filepath"
	"testing"
)

// TestGoldenAnyView compares every pixel of the reference cubes, which lie in
// rt/lte beside the folder that $COLUMEN_GOLDEN names, or
// shared/golden/coemunet beside the checkout.
func TestGoldenAnyView(t *testing.T) {
	dir := os.Getenv("COLUMEN_GOLDEN")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "golden", "coemunet")
	}
	dir = filepath.Join(dir, "..", "rt", "lte")
	for _, v := range benchmarkViewsList() {
		v.compareTruth(t, v.look(t, false), npyFile(t, filepath.Join(dir, v.name()+"_truth.npy")))
		if v.i == 60 && v.transition == 0 {
			v.compareTruth(t, v.look(t, true), npyFile(t, filepath.Join(dir, v.name()+"_truth_codata.npy")))
		}
	}
}
