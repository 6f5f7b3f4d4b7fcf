// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"os"
	"path/filepath"
	"testing"
)

// TestAllowedCPUs reads the mask as Linux writes it, and nothing elsewhere.
func TestAllowedCPUs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "status")
	if err := os.WriteFile(path, []byte("Name:\tcolumen\nCpus_allowed:\t5\nCpus_allowed_list:\t0,2\nMems_allowed_list:\t0\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := allowedCPUs(path); got != "0,2" {
		t.Errorf("list %q", got)
	}
	if got := allowedCPUs(path + "x"); got != "" {
		t.Errorf("list %q of no file", got)
	}
	if p := here(); p.CPUs != "" && countRanges(p.CPUs) < 1 {
		t.Errorf("this process is at %+v", p)
	}
}
