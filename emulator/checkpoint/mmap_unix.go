// SPDX-License-Identifier: BSD-3-Clause

//go:build unix

package checkpoint

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// Advice of Linux: MADV_HUGEPAGE, which other systems lack, and MADV_DONTNEED,
// which means other things elsewhere.
const (
	hugePages = 14
	dontNeed  = 4
)

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

// dropPages takes the pages that a part of a mapped file lies in out of this
// process; they are read again when they are used.
func dropPages(data []byte) {
	if runtime.GOOS != "linux" || len(data) == 0 {
		return
	}
	page := uintptr(os.Getpagesize())
	before := uintptr(unsafe.Pointer(&data[0])) % page // a mapping begins with a page, so that these are its bytes too
	first := (*byte)(unsafe.Add(unsafe.Pointer(&data[0]), -int(before)))
	_ = syscall.Madvise(unsafe.Slice(first, len(data)+int(before)), dontNeed) // a wish
}
