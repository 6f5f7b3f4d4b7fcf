// SPDX-License-Identifier: BSD-3-Clause

package checkpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// storageTypes names the element type of each kind of storage; those without
// one are known, so that a tensor that is not used may have them.
func storageTypes() map[pyGlobal]Dtype {
	return map[pyGlobal]Dtype{
		"torch DoubleStorage": F64, "torch FloatStorage": F32, "torch BFloat16Storage": BF16, "torch LongStorage": I64,
		"torch HalfStorage": "F16", "torch IntStorage": "I32", "torch ShortStorage": "I16", "torch CharStorage": "I8",
		"torch ByteStorage": "U8", "torch BoolStorage": "BOOL",
	}
}

// storageSizes are the bytes of an element of each storage.
func storageSize(d Dtype) int {
	switch d {
	case "F16", "I16":
		return 2
	case "I32":
		return 4
	case "I8", "U8", "BOOL":
		return 1
	}
	return d.Size()
}

// Globals that a call builds a value from.
const (
	orderedDict      pyGlobal = "collections OrderedDict"
	rebuildTensor    pyGlobal = "torch._utils _rebuild_tensor_v2"
	rebuildParameter pyGlobal = "torch._utils _rebuild_parameter"
	torchSize        pyGlobal = "torch Size"
)

// storage is the raw content of a tensor or of several.
type storage struct {
	dtype Dtype
	data  []byte
}

// torchTensor is a strided window of a storage.
type torchTensor struct {
	storage        storage
	offset         int64 // in elements
	shape, strides []int64
}

// text: BINUNICODE, SHORT_BINUNICODE, GLOBAL, STACK_GLOBAL.
func (u *unpickler) text(op byte) error {
	switch op {
	case 'c':
		var parts [2]string
		for i := range parts {
			end := bytes.IndexByte(u.data[u.pos:], '\n')
			if end < 0 {
				return fmt.Errorf("a name without end: a truncated pickle")
			}
			parts[i] = string(u.data[u.pos : u.pos+end])
			u.pos += end + 1
		}
		return u.global(parts[0], parts[1])
	case 0x93:
		name, err := u.pop()
		if err != nil {
			return err
		}
		module, err := u.pop()
		if err != nil {
			return err
		}
		m, okM := module.(string)
		n, okN := name.(string)
		if !okM || !okN {
			return fmt.Errorf("a global named by %T and %T: want strings", module, name)
		}
		return u.global(m, n)
	}
	width := map[byte]int{'X': 4, 0x8c: 1}[op]
	b, err := u.take(width)
	if err != nil {
		return err
	}
	n := uint32(b[0])
	if width == 4 {
		n = binary.LittleEndian.Uint32(b)
	}
	if b, err = u.take(int(n)); err != nil {
		return err
	}
	if !utf8.Valid(b) {
		return fmt.Errorf("string %.20q is not UTF-8", b)
	}
	return u.push(string(b))
}

// global pushes a name if it is on the list.
func (u *unpickler) global(module, name string) error {
	g := pyGlobal(module + " " + name)
	switch g {
	case orderedDict, rebuildTensor, rebuildParameter, torchSize:
		return u.push(g)
	}
	if _, ok := storageTypes()[g]; ok {
		return u.push(g)
	}
	return fmt.Errorf("the file refers to %s.%s, which a dictionary of tensors does not need: refused, nothing was executed (save model.state_dict(), not the model)",
		module, name)
}

// call: BINPERSID, REDUCE, BUILD.
func (u *unpickler) call(op byte) error {
	arg, err := u.pop()
	if err != nil {
		return err
	}
	switch op {
	case 'Q':
		id, ok := arg.(pyTuple)
		if !ok {
			return fmt.Errorf("persistent id is a %T: want a tuple", arg)
		}
		v, err := u.persistent(id)
		if err != nil {
			return err
		}
		return u.push(v)
	case 'b':
		// state_dict() hangs the versions of the layers on the dictionary; no
		// other object may have a state.
		target, err := u.top()
		if err != nil {
			return err
		}
		if _, ok := target.(*pyDict); !ok {
			return fmt.Errorf("a state for a %T: want one for an OrderedDict only", target)
		}
		return nil
	}
	callee, err := u.pop()
	if err != nil {
		return err
	}
	g, okG := callee.(pyGlobal)
	args, okA := arg.(pyTuple)
	if !okG || !okA {
		return fmt.Errorf("a call of a %T with a %T: want a known global and a tuple", callee, arg)
	}
	v, err := reduce(g, args)
	if err != nil {
		return err
	}
	return u.push(v)
}

// reduce builds the value of a call.
func reduce(g pyGlobal, args pyTuple) (any, error) {
	switch g {
	case orderedDict:
		if len(args) == 0 {
			return newDict(), nil
		}
	case torchSize:
		if len(args) == 1 {
			return args[0], nil
		}
	case rebuildParameter: // (tensor, requires_grad, hooks)
		if len(args) == 3 {
			if t, ok := args[0].(*torchTensor); ok {
				return t, nil
			}
		}
	case rebuildTensor: // (storage, offset, size, stride, requires_grad, hooks[, metadata])
		if len(args) == 6 || len(args) == 7 {
			return newTorchTensor(args)
		}
	}
	return nil, fmt.Errorf("a call of %s with %d arguments: not as torch.save writes it", g, len(args))
}

func newTorchTensor(args pyTuple) (*torchTensor, error) {
	s, okS := args[0].(storage)
	offset, okO := args[1].(int64)
	shape, okN := integers(args[2])
	strides, okT := integers(args[3])
	if !okS || !okO || !okN || !okT || len(shape) != len(strides) {
		return nil, fmt.Errorf("a tensor of storage %T, offset %v, size %v, stride %v: want a storage, an integer and two tuples of one length",
			args[0], args[1], args[2], args[3])
	}
	return &torchTensor{storage: s, offset: offset, shape: shape, strides: strides}, nil
}

func integers(v any) ([]int64, bool) {
	t, ok := v.(pyTuple)
	if !ok {
		return nil, false
	}
	out := make([]int64, len(t))
	for i, x := range t {
		if out[i], ok = x.(int64); !ok {
			return nil, false
		}
	}
	return out, true
}
