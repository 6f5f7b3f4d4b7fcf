// SPDX-License-Identifier: BSD-3-Clause

//go:build unix

package checkpoint

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// hugePages is MADV_HUGEPAGE of Linux, which other systems lack.
const hugePages = 14

// mapFile maps a file read-only into memory. Pages are read when they are
// first used, and shared between processes.
func mapFile(path string) (data []byte, release func() error, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s: not a regular file", path)
	}
	if info.Size() == 0 {
		return nil, func() error { return nil }, nil
	}
	data, err = syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return nil, nil, fmt.Errorf("map %s (%d bytes): %w", path, info.Size(), err)
	}
	if runtime.GOOS == "linux" {
		_ = syscall.Madvise(data, hugePages) // a wish: many file systems grant it unasked
	}
	return data, func() error { return syscall.Munmap(data) }, nil
}
