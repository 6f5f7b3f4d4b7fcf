// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func emptyFolder(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	if len(entries) != 0 {
		t.Errorf("folder holds %v: want nothing left behind", entries)
	}
}

// fullDisk re-runs the calling test in a process that may write 4 KiB per file
// and there calls write, which must fail with the system's reason and leave
// nothing behind.
func fullDisk(t *testing.T, name string, write func(path string) error) {
	const variable = "COLUMEN_IMAGE_FULL_DISK"
	if dir := os.Getenv(variable); dir != "" {
		signal.Ignore(syscall.SIGXFSZ)
		must(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4096, Max: 4096}))
		path := filepath.Join(dir, "a.out")
		err := write(path)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(strings.ToLower(err.Error()), "file too large") {
			t.Fatalf("error %v: want one that names the path and the system's reason", err)
		}
		emptyFolder(t, dir)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+name+"$")
	cmd.Env = append(os.Environ(), variable+"="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
