// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package h5

// #include "h5glue.h"
import "C"

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"unsafe"
)

// library guards the C library's global state; doc.go says why it is one for
// the whole package.
var library struct {
	sync.Mutex
	prepared bool
}

// enter starts a sequence of HDF5 calls; its result ends it.
func enter() (leave func()) {
	library.Lock()
	runtime.LockOSThread()
	if !library.prepared {
		// At exit the library would try again to close a file whose close failed,
		// and can crash over it. Our files are closed by then or given up.
		C.H5dont_atexit()
		library.prepared = true
	}
	C.h5g_quiet()
	return func() {
		runtime.UnlockOSThread()
		library.Unlock()
	}
}

// stackError returns the library's error stack as an error.
func stackError() error {
	var buf [C.H5G_MESSAGE_BYTES]C.char
	C.h5g_message(&buf[0])
	return errors.New(fold(C.GoString(&buf[0])))
}

// cstring calls f with s as a C string.
func cstring[R any](s string, f func(*C.char) R) R {
	c := C.CString(s)
	defer C.free(unsafe.Pointer(c))
	return f(c)
}

// File is an open HDF5 file.
type File struct {
	id     C.hid_t
	path   string
	closed bool
}

// Create makes an empty file, replacing one that is there.
func Create(path string) (*File, error) {
	defer enter()()
	id := cstring(path, func(p *C.char) C.hid_t { return C.h5g_create(p) })
	if id < 0 {
		return nil, fmt.Errorf("create %s: %w", path, stackError())
	}
	return &File{id: id, path: path}, nil
}

// Open opens a file for reading.
func Open(path string) (*File, error) {
	// The system's words for a missing or unreadable file are clearer than the library's.
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f.Close()
	defer enter()()
	id := cstring(path, func(p *C.char) C.hid_t { return C.h5g_open(p) })
	if id < 0 {
		return nil, fmt.Errorf("open %s: %w", path, stackError())
	}
	return &File{id: id, path: path}, nil
}

// Path returns the name the file was opened under.
func (f *File) Path() string { return f.path }

// Close writes out what is buffered and closes the file and its datasets. Its
// error is the only notice of a disk that filled up late. A second Close does
// nothing.
func (f *File) Close() error {
	defer enter()()
	if f.closed {
		return nil
	}
	f.closed = true
	if C.H5Fclose(f.id) < 0 {
		return fmt.Errorf("close %s: %w", f.path, stackError())
	}
	return nil
}

// check returns an error if the file is closed.
func (f *File) check() error {
	if f.closed {
		return fmt.Errorf("%s: file is closed", f.path)
	}
	return nil
}

// CreateGroup makes a group; its parent must exist.
func (f *File) CreateGroup(name string) error {
	defer enter()()
	if err := f.check(); err != nil {
		return err
	}
	id := cstring(name, func(n *C.char) C.hid_t { return C.h5g_group(f.id, n) })
	if id < 0 {
		return fmt.Errorf("%s: create group %s: %w", f.path, name, stackError())
	}
	C.H5Gclose(id)
	return nil
}

// Exists reports whether name is a member of the file; every parent must exist.
func (f *File) Exists(name string) bool {
	defer enter()()
	if f.check() != nil {
		return false
	}
	return cstring(name, func(n *C.char) C.int { return C.h5g_exists(f.id, n) }) != 0
}

// Members returns the names of the members of a group ("/" is the root) in
// alphabetical order.
func (f *File) Members(group string) ([]string, error) {
	defer enter()()
	if err := f.check(); err != nil {
		return nil, err
	}
	c := C.CString(group)
	defer C.free(unsafe.Pointer(c))
	n := C.h5g_group_size(f.id, c)
	if n < 0 {
		return nil, fmt.Errorf("%s: members of %s: %w", f.path, group, stackError())
	}
	names := make([]string, 0, n)
	for i := range n {
		name, ok := indexedName(func(buf *C.char, size C.size_t) C.ssize_t {
			return C.h5g_member_name(f.id, c, C.hsize_t(i), buf, size)
		})
		if !ok {
			return nil, fmt.Errorf("%s: members of %s: %w", f.path, group, stackError())
		}
		names = append(names, name)
	}
	return names, nil
}

// indexedName reads a name through a call that returns its length and copies
// it when the buffer is large enough.
func indexedName(get func(buf *C.char, size C.size_t) C.ssize_t) (string, bool) {
	n := get(nil, 0)
	if n < 0 {
		return "", false
	}
	buf := (*C.char)(C.malloc(C.size_t(n) + 1))
	defer C.free(unsafe.Pointer(buf))
	if get(buf, C.size_t(n)+1) < 0 {
		return "", false
	}
	return C.GoString(buf), true
}
