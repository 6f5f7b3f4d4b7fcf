// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package h5

// #include "h5glue.h"
import "C"

import (
	"fmt"
	"strings"
	"unsafe"
)

// withObject calls f with an open group or dataset ("/" is the root).
func (f *File) withObject(object, attr, verb string, do func(obj C.hid_t, name *C.char) error) error {
	defer enter()()
	fail := func(err error) error {
		return fmt.Errorf("%s: %s attribute %s of %s: %w", f.path, verb, attr, object, err)
	}
	if err := f.check(); err != nil {
		return fail(err)
	}
	obj := cstring(object, func(o *C.char) C.hid_t { return C.h5g_open_object(f.id, o) })
	if obj < 0 {
		return fail(stackError())
	}
	defer C.H5Oclose(obj)
	if err := cstring(attr, func(n *C.char) error { return do(obj, n) }); err != nil {
		return fail(err)
	}
	return nil
}

// setAttribute creates an attribute and fills it; type and space are closed.
func setAttribute(obj C.hid_t, name *C.char, t, space C.hid_t, write func(attr C.hid_t) C.herr_t) error {
	if t < 0 || space < 0 {
		return stackError()
	}
	defer C.H5Sclose(space)
	attr := C.h5g_create_attr(obj, name, t, space)
	if attr < 0 {
		return stackError()
	}
	defer C.H5Aclose(attr)
	if write(attr) < 0 {
		return stackError()
	}
	return nil
}

// SetString adds a string attribute to a group or dataset. Text must be UTF-8
// without NUL bytes.
func (f *File) SetString(object, attr, value string) error {
	return f.withObject(object, attr, "write", func(obj C.hid_t, name *C.char) error {
		if strings.ContainsRune(value, 0) {
			return fmt.Errorf("value %q holds a NUL byte", value)
		}
		t := C.h5g_string_type()
		defer C.H5Tclose(t)
		return setAttribute(obj, name, t, C.h5g_scalar(), func(a C.hid_t) C.herr_t {
			return cstring(value, func(v *C.char) C.herr_t { return C.h5g_write_string(a, t, v) })
		})
	})
}

// SetFloats adds an attribute of one or more float64.
func (f *File) SetFloats(object, attr string, values ...float64) error {
	return f.withObject(object, attr, "write", func(obj C.hid_t, name *C.char) error {
		if len(values) == 0 {
			return fmt.Errorf("no values: want at least one")
		}
		space := C.h5g_scalar()
		if len(values) > 1 {
			C.H5Sclose(space)
			space = C.h5g_vector(C.hsize_t(len(values)))
		}
		return setAttribute(obj, name, C.h5g_stored(8), space, func(a C.hid_t) C.herr_t {
			return C.H5Awrite(a, C.h5g_native(8), unsafe.Pointer(&values[0]))
		})
	})
}

// SetInt adds an integer attribute.
func (f *File) SetInt(object, attr string, value int64) error {
	return f.withObject(object, attr, "write", func(obj C.hid_t, name *C.char) error {
		return setAttribute(obj, name, C.h5g_int64(), C.h5g_scalar(), func(a C.hid_t) C.herr_t {
			return C.H5Awrite(a, C.h5g_native_int64(), unsafe.Pointer(&value))
		})
	})
}

// Attributes returns the names of the attributes of a group or dataset in
// alphabetical order.
func (f *File) Attributes(object string) ([]string, error) {
	var names []string
	err := f.withObject(object, "names", "list", func(obj C.hid_t, _ *C.char) error {
		n := C.H5Aget_num_attrs(obj)
		if n < 0 {
			return stackError()
		}
		for i := range n {
			name, ok := indexedName(func(buf *C.char, size C.size_t) C.ssize_t {
				return C.h5g_attr_name(obj, C.hsize_t(i), buf, size)
			})
			if !ok {
				return stackError()
			}
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// Attribute reads an attribute: a string (fixed or variable length), an int64
// (scalar integer) or a []float64 (one or more floats, or several integers).
func (f *File) Attribute(object, attr string) (any, error) {
	var value any
	err := f.withObject(object, attr, "read", func(obj C.hid_t, name *C.char) error {
		if C.H5Aexists(obj, name) == 0 {
			return fmt.Errorf("no such attribute")
		}
		a := C.h5g_open_attr(obj, name)
		if a < 0 {
			return stackError()
		}
		defer C.H5Aclose(a)
		var err error
		value, err = readAttribute(a)
		return err
	})
	return value, err
}

func readAttribute(a C.hid_t) (any, error) {
	t, space := C.H5Aget_type(a), C.H5Aget_space(a)
	if t < 0 || space < 0 {
		return nil, stackError()
	}
	defer C.H5Tclose(t)
	defer C.H5Sclose(space)
	n := int(C.H5Sget_simple_extent_npoints(space))
	const valuesMax = 1 << 20
	if n < 1 || n > valuesMax {
		return nil, fmt.Errorf("%d values: want 1 to %d", n, valuesMax)
	}
	switch C.H5Tget_class(t) {
	case C.H5T_STRING:
		if n != 1 {
			return nil, fmt.Errorf("array of %d strings: want one string", n)
		}
		s := C.h5g_read_string(a)
		if s == nil {
			return nil, stackError()
		}
		defer C.free(unsafe.Pointer(s))
		return C.GoString(s), nil
	case C.H5T_INTEGER:
		if n == 1 {
			var v int64
			if C.H5Aread(a, C.h5g_native_int64(), unsafe.Pointer(&v)) < 0 {
				return nil, stackError()
			}
			return v, nil
		}
	case C.H5T_FLOAT:
	default:
		return nil, fmt.Errorf("neither a string nor a number")
	}
	v := make([]float64, n)
	if C.H5Aread(a, C.h5g_native(8), unsafe.Pointer(&v[0])) < 0 {
		return nil, stackError()
	}
	return v, nil
}
