// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"syscall"
	"testing"
)

// TestFullDisk writes to a file system of 16 KiB, and to one that is read-only,
// where the test may mount them.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"fits", "png"} {
		checkFullDisk(t, "solve", 0, 1, []string{"out/w.pole." + format + ": output not written: no space left on device"}, set(`output.formats=["`+format+`"]`)...)
	}
	checkFullDisk(t, "solve", syscall.MS_RDONLY, 2, []string{"output.dir", "read-only file system", "allowed: a folder"})
}

func checkFullDisk(t *testing.T, job string, flags uintptr, code int, parts []string, args ...string) {
	t.Helper()
	f := newFolder(t)
	f.write(t, "out/x", "")
	out := f.path("out")
	if err := syscall.Mount("columen", out, "tmpfs", flags, "size=16k"); err != nil {
		t.Logf("not tested: this user cannot mount: %v", err)
		return
	}
	defer func() {
		if err := syscall.Unmount(out, 0); err != nil {
			t.Error(err)
		}
	}()
	before := f.files(t)
	f.refuses(t, f.run(t, append([]string{job, job + ".toml"}, args...)...), before, code, parts...)
}
