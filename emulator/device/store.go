// SPDX-License-Identifier: BSD-3-Clause

package device

// Store is memory whose contents the reference kernels can reach.
type Store[T Float] interface {
	Memory[T]
	// Resolve returns the values behind a buffer of this store.
	Resolve(b Buffer[T]) []T
}

// Host is a stretch of the host's memory seen as a buffer.
type Host[T Float] []T

// Len returns the number of values.
func (h Host[T]) Len() int { return len(h) }

// Slice returns the part [lo, hi).
func (h Host[T]) Slice(lo, hi int) Buffer[T] { return h[lo:hi:hi] }

// HostStore is the host's own memory: transfers are copies, and adopted slices
// are used as they are.
type HostStore[T Float] struct{}

// Name returns "host".
func (HostStore[T]) Name() string { return "host" }

// Alloc returns n zeros.
func (HostStore[T]) Alloc(n int) Buffer[T] { return make(Host[T], n) }

// Adopt returns host itself as a buffer.
func (HostStore[T]) Adopt(host []T) Buffer[T] { return Host[T](host) }

// Free leaves the memory to the garbage collector.
func (HostStore[T]) Free(Buffer[T]) {}

// Upload copies src to dst.
func (s HostStore[T]) Upload(dst Buffer[T], src []T) { copyAll(s.Resolve(dst), src) }

// Download copies src to dst.
func (s HostStore[T]) Download(dst []T, src Buffer[T]) { copyAll(dst, s.Resolve(src)) }

// Copy copies src to dst.
func (s HostStore[T]) Copy(dst, src Buffer[T]) { copyAll(s.Resolve(dst), s.Resolve(src)) }

// CopyRows copies a matrix.
func (s HostStore[T]) CopyRows(r Rows, dst, src Buffer[T]) {
	CopyRows(r, s.Resolve(dst), s.Resolve(src))
}

// Fill sets every value to v.
func (s HostStore[T]) Fill(dst Buffer[T], v T) {
	d := s.Resolve(dst)
	if v == 0 {
		clear(d)
		return
	}
	for i := range d {
		d[i] = v
	}
}

// Sync returns nil: the work is done when an operation returns.
func (HostStore[T]) Sync() error { return nil }

// Resolve returns the buffer's values. It panics on a buffer of another device.
func (HostStore[T]) Resolve(b Buffer[T]) []T {
	h, ok := b.(Host[T])
	if !ok {
		panic("device: the buffer belongs to another device")
	}
	return h
}

// CopyRows copies r.Count rows of r.Len values between slices.
func CopyRows[T Float](r Rows, dst, src []T) {
	for k := range r.Count {
		to, from := r.DstStart+k*r.DstStride, r.SrcStart+k*r.SrcStride
		copy(dst[to:to+r.Len], src[from:from+r.Len])
	}
}

// copyAll copies between slices of one length, and panics if they differ.
func copyAll[T Float](dst, src []T) {
	if len(dst) != len(src) {
		panic("device: copy between different lengths")
	}
	copy(dst, src)
}
