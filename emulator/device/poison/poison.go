// SPDX-License-Identifier: BSD-3-Clause

// Package poison is a device whose memory the host cannot read or write except
// by Upload and Download, like that of an accelerator, so that a forgotten
// transfer fails in ordinary tests on any machine (the idea of the debug device
// of MFEM, Anderson et al. 2021, Comput. Math. Appl. 81, 42).
//
// Fresh and freed memory holds NaN, so that a result that was to be overwritten
// but was read, and a use after Free, show in the numbers. Adopt always copies:
// what the host writes later does not arrive. A buffer of another device, or of
// another poison device, panics. It is also a device.Fuser and a device.Packer,
// so that forgotten calls of Changed show.
package poison

import (
	"math"

	"github.com/columen/columen/emulator/device"
)

// New returns a poison device that computes with the reference kernels.
func New[T device.Float](threads int) device.Device[T] {
	s := &store[T]{}
	// The struct shows the Device methods only: without it a caller could ask
	// the reference device inside to resolve a buffer.
	return sealed[T]{device.NewScalarOn[T](s, threads)}
}

type sealed[T device.Float] struct{ device.Device[T] }

// Name returns "poison".
func (sealed[T]) Name() string { return "poison" }

// buffer is the handle that the host sees.
type buffer[T device.Float] struct {
	owner *store[T]
	mem   []T
	freed *bool
}

// Len returns the number of values.
func (b *buffer[T]) Len() int { return len(b.mem) }

// Slice returns the part [lo, hi).
func (b *buffer[T]) Slice(lo, hi int) device.Buffer[T] {
	return &buffer[T]{owner: b.owner, mem: b.mem[lo:hi:hi], freed: b.freed}
}

// store keeps the memory apart from the host's. Its one byte gives each store
// an address of its own, by which buffers know their owner.
type store[T device.Float] struct {
	device.HostStore[T]
	_ byte
}

// Alloc returns n NaN.
func (s *store[T]) Alloc(n int) device.Buffer[T] {
	b := &buffer[T]{owner: s, mem: make([]T, n), freed: new(bool)}
	fillNaN(b.mem)
	return b
}

// Adopt copies the slice.
func (s *store[T]) Adopt(host []T) device.Buffer[T] {
	b := s.Alloc(len(host))
	s.Upload(b, host)
	return b
}

// Free overwrites the buffer with NaN and forbids its use.
func (s *store[T]) Free(b device.Buffer[T]) {
	fillNaN(s.Resolve(b))
	*b.(*buffer[T]).freed = true
}

// Upload copies src to dst.
func (s *store[T]) Upload(dst device.Buffer[T], src []T) {
	s.HostStore.Upload(device.Host[T](s.Resolve(dst)), src)
}

// Download copies src to dst.
func (s *store[T]) Download(dst []T, src device.Buffer[T]) {
	s.HostStore.Download(dst, device.Host[T](s.Resolve(src)))
}

// Copy copies src to dst.
func (s *store[T]) Copy(dst, src device.Buffer[T]) { s.Upload(dst, s.Resolve(src)) }

// CopyRows copies a matrix.
func (s *store[T]) CopyRows(r device.Rows, dst, src device.Buffer[T]) {
	device.CopyRows(r, s.Resolve(dst), s.Resolve(src))
}

// Fill sets every value to v.
func (s *store[T]) Fill(dst device.Buffer[T], v T) {
	s.HostStore.Fill(device.Host[T](s.Resolve(dst)), v)
}

// Resolve returns the memory behind a buffer.
func (s *store[T]) Resolve(b device.Buffer[T]) []T {
	p, ok := b.(*buffer[T])
	switch {
	case !ok || p.owner != s:
		panic("poison: the buffer belongs to another device: an Upload is missing")
	case *p.freed:
		panic("poison: the buffer is used after Free")
	}
	return p.mem
}

func fillNaN[T device.Float](v []T) {
	for i := range v {
		v[i] = T(math.NaN())
	}
}
