// SPDX-License-Identifier: BSD-3-Clause

package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// The values a pickle of tensors may hold besides nil, bool, int64, float64
// and string.
type (
	pyTuple  []any
	pyList   struct{ items []any }
	pyGlobal string // "module name" of something known to calls.go; never imported
	pyMark   struct{}
)

// pyDict is a dict or OrderedDict; keys that are no strings are kept out of
// byName, since only names are ever looked up.
type pyDict struct {
	names  []string // in the order of the file
	byName map[string]any
}

func newDict() *pyDict { return &pyDict{byName: map[string]any{}} }

func (d *pyDict) set(key, value any) {
	name, ok := key.(string)
	if !ok {
		return
	}
	if _, known := d.byName[name]; !known {
		d.names = append(d.names, name)
	}
	d.byName[name] = value
}

// Limits of a pickle: real ones need some hundred bytes and a handful of stack
// entries per tensor.
const (
	pickleBytesMax = 64 << 20
	pickleDepthMax = 1 << 20
)

// unpickler interprets the opcodes that a dictionary of tensors needs. It
// executes nothing: a global is a name that must be on a short list, and a call
// of it builds one of the values above. Everything else is refused by name.
type unpickler struct {
	data  []byte
	pos   int
	stack []any
	memo  map[uint32]any

	persistent func(id pyTuple) (any, error) // a storage, from its persistent id
}

// unpickle returns the value of the pickle in data.
func unpickle(data []byte, persistent func(id pyTuple) (any, error)) (any, error) {
	if len(data) > pickleBytesMax {
		return nil, fmt.Errorf("pickle of %d bytes: want at most %d", len(data), pickleBytesMax)
	}
	u := &unpickler{data: data, memo: map[uint32]any{}, persistent: persistent}
	for {
		at := u.pos
		op, err := u.take(1)
		if err == nil && op[0] == '.' {
			return u.result()
		}
		if err == nil {
			err = u.step(op[0])
		}
		if err != nil {
			return nil, fmt.Errorf("pickle byte %d: %w", at, err)
		}
	}
}

func (u *unpickler) result() (any, error) {
	if len(u.stack) != 1 {
		return nil, fmt.Errorf("pickle byte %d: %d values at the end: want 1", u.pos, len(u.stack))
	}
	return u.stack[0], nil
}

// step executes one opcode. The letters are those of pickletools.
func (u *unpickler) step(op byte) error {
	switch op {
	case 0x80, 0x95: // PROTO version, FRAME length: nothing to do
		_, err := u.take(map[byte]int{0x80: 1, 0x95: 8}[op])
		return err
	case '(':
		return u.push(pyMark{})
	case 'N':
		return u.push(nil)
	case 0x88, 0x89:
		return u.push(op == 0x88)
	case 'J', 'K', 'M', 0x8a, 'G':
		return u.number(op)
	case 'X', 0x8c, 'c', 0x93:
		return u.text(op)
	case 'q', 'r', 0x94, 'h', 'j':
		return u.remember(op)
	case '}', ']', ')':
		return u.push(map[byte]any{'}': newDict(), ']': &pyList{}, ')': pyTuple{}}[op])
	case 0x85, 0x86, 0x87, 't':
		return u.tuple(op)
	case 's', 'u', 'a', 'e':
		return u.fill(op)
	case 'Q', 'R', 'b':
		return u.call(op)
	}
	return fmt.Errorf("opcode 0x%02x is not one that a dictionary of tensors needs: refused", op)
}

func (u *unpickler) take(n int) ([]byte, error) {
	if n < 0 || n > len(u.data)-u.pos {
		return nil, fmt.Errorf("needs %d bytes, %d are left: a truncated pickle", n, len(u.data)-u.pos)
	}
	b := u.data[u.pos : u.pos+n]
	u.pos += n
	return b, nil
}

func (u *unpickler) push(v any) error {
	if len(u.stack) >= pickleDepthMax {
		return fmt.Errorf("more than %d values on the stack", pickleDepthMax)
	}
	u.stack = append(u.stack, v)
	return nil
}

func (u *unpickler) pop() (any, error) {
	v, err := u.top()
	if err == nil {
		u.stack = u.stack[:len(u.stack)-1]
	}
	return v, err
}

func (u *unpickler) top() (any, error) {
	if len(u.stack) == 0 {
		return nil, errors.New("the stack is empty")
	}
	v := u.stack[len(u.stack)-1]
	if v == (pyMark{}) {
		return nil, errors.New("a mark stands where a value should")
	}
	return v, nil
}

// popMark returns the values above the last mark and removes both.
func (u *unpickler) popMark() ([]any, error) {
	for i := len(u.stack) - 1; i >= 0; i-- {
		if _, ok := u.stack[i].(pyMark); ok {
			items := append([]any(nil), u.stack[i+1:]...)
			u.stack = u.stack[:i]
			return items, nil
		}
	}
	return nil, errors.New("no mark on the stack")
}

// number: BININT, BININT1, BININT2, LONG1 up to 8 bytes, BINFLOAT.
func (u *unpickler) number(op byte) error {
	size := map[byte]int{'J': 4, 'K': 1, 'M': 2, 0x8a: 1, 'G': 8}[op]
	b, err := u.take(size)
	if err != nil {
		return err
	}
	switch op {
	case 'J':
		return u.push(int64(int32(binary.LittleEndian.Uint32(b))))
	case 'K':
		return u.push(int64(b[0]))
	case 'M':
		return u.push(int64(binary.LittleEndian.Uint16(b)))
	case 'G':
		return u.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	}
	if b, err = u.take(int(b[0])); err != nil {
		return err
	}
	if len(b) > 8 {
		return fmt.Errorf("integer of %d bytes: want at most 8", len(b))
	}
	var v uint64
	for i, x := range b {
		v |= uint64(x) << (8 * i)
	}
	if n := len(b); n > 0 && n < 8 && b[n-1] >= 0x80 { // the sign of two's complement
		v |= ^uint64(0) << (8 * n)
	}
	return u.push(int64(v))
}

// remember: BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET.
func (u *unpickler) remember(op byte) error {
	b, err := u.take(map[byte]int{'q': 1, 'h': 1, 'r': 4, 'j': 4}[op])
	if err != nil {
		return err
	}
	key := uint32(len(u.memo))
	switch len(b) {
	case 1:
		key = uint32(b[0])
	case 4:
		key = binary.LittleEndian.Uint32(b)
	}
	if op == 'h' || op == 'j' {
		v, ok := u.memo[key]
		if !ok {
			return fmt.Errorf("memo %d was never set", key)
		}
		return u.push(v)
	}
	v, err := u.top()
	if err == nil {
		u.memo[key] = v
	}
	return err
}

// tuple: TUPLE1, TUPLE2, TUPLE3, TUPLE.
func (u *unpickler) tuple(op byte) error {
	if op == 't' {
		items, err := u.popMark()
		if err != nil {
			return err
		}
		return u.push(pyTuple(items))
	}
	items := make(pyTuple, op-0x84)
	for i := len(items) - 1; i >= 0; i-- {
		var err error
		if items[i], err = u.pop(); err != nil {
			return err
		}
	}
	return u.push(items)
}

// fill: SETITEM, SETITEMS, APPEND, APPENDS.
func (u *unpickler) fill(op byte) error {
	var items []any
	var err error
	switch op {
	case 'u', 'e':
		items, err = u.popMark()
	case 's', 'a':
		items = make([]any, map[byte]int{'s': 2, 'a': 1}[op])
		for i := len(items) - 1; i >= 0 && err == nil; i-- {
			items[i], err = u.pop()
		}
	}
	if err != nil {
		return err
	}
	target, err := u.top()
	if err != nil {
		return err
	}
	switch t := target.(type) {
	case *pyDict:
		if (op == 's' || op == 'u') && len(items)%2 == 0 {
			for i := 0; i < len(items); i += 2 {
				t.set(items[i], items[i+1])
			}
			return nil
		}
	case *pyList:
		if op == 'a' || op == 'e' {
			t.items = append(t.items, items...)
			return nil
		}
	}
	return fmt.Errorf("opcode %q adds %d values to a %T", op, len(items), target)
}
