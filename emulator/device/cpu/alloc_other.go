// SPDX-License-Identifier: BSD-3-Clause

//go:build !linux

package cpu

// Alloc returns n zero floats and what gives them back: here, memory of the Go heap.
func Alloc(n int) (data []float32, free func()) { return make([]float32, max(n, 0)), func() {} }

func wishHugePages([]float32) {}
