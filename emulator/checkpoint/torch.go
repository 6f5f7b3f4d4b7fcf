// SPDX-License-Identifier: BSD-3-Clause

package checkpoint

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// OpenTorch reads a file that torch.save wrote (PyTorch 1.6 and later): a zip
// archive of a pickle and of one raw record per storage. The file holds either
// a state_dict itself, or a dictionary with one under model_state_dict or
// state_dict, as training scripts save it; then the numbers and strings beside
// it, such as epoch, become the metadata. A prefix "module." that every name has
// (it comes from DistributedDataParallel) is removed.
//
// Nothing in the file is executed: a pickle that asks for more than tensors is
// refused by the name of what it asks for. Tensors that are contiguous in the
// file are views of it.
func OpenTorch(path string) (*File, error) {
	data, release, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	f, err := parseTorch(data)
	if err != nil {
		release()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.Path, f.release = path, release
	return f, nil
}

// parseTorch reads a whole file in memory.
func parseTorch(data []byte) (*File, error) {
	records, err := zipRecords(data)
	if err != nil {
		return nil, err
	}
	if order, ok := records["byteorder"]; ok && string(order) != "little" {
		return nil, fmt.Errorf("record byteorder is %.20q: want \"little\"", order)
	}
	pickle, ok := records["data.pkl"]
	if !ok {
		return nil, errors.New("the archive has no record data.pkl: want a file of torch.save")
	}
	root, err := unpickle(pickle, func(id pyTuple) (any, error) { return loadStorage(records, id) })
	if err != nil {
		return nil, fmt.Errorf("data.pkl: %w", err)
	}
	dict, ok := root.(*pyDict)
	if !ok {
		return nil, fmt.Errorf("the file holds a %T: want a state_dict", root)
	}
	f := &File{Metadata: map[string]string{}}
	for _, key := range []string{"model_state_dict", "state_dict"} {
		if inner, ok := dict.byName[key].(*pyDict); ok {
			f.Metadata = scalars(dict)
			dict = inner
			break
		}
	}
	if f.Tensors, err = flatten(dict); err != nil {
		return nil, err
	}
	return f, nil
}

// zipRecords returns the records of the archive by name, without the leading
// folder, as views of data.
func zipRecords(data []byte) (map[string][]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		const legacyMagic = "\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." // the first pickle of the old layout
		if bytes.HasPrefix(data, []byte(legacyMagic)) {
			return nil, errors.New("written by torch.save in the layout before PyTorch 1.6: load it in Python and save it again")
		}
		return nil, fmt.Errorf("no file of torch.save, or a truncated one: %w", err)
	}
	records := make(map[string][]byte, len(z.File))
	for _, zf := range z.File {
		_, name, ok := strings.Cut(zf.Name, "/")
		if !ok {
			return nil, fmt.Errorf("record %.80q: want a name in a folder", zf.Name)
		}
		if _, twice := records[name]; twice {
			return nil, fmt.Errorf("record %.80q appears twice", name)
		}
		if zf.Method != zip.Store {
			return nil, fmt.Errorf("record %s is compressed: torch.save never does that", name)
		}
		// Reading through the archive verifies the record's CRC-32.
		r, err := zf.Open()
		if err != nil {
			return nil, fmt.Errorf("record %s: %w", name, err)
		}
		n, err := io.Copy(io.Discard, r)
		if err != nil {
			return nil, fmt.Errorf("record %s: %w (corrupt, or saved with set_crc32_options(False))", name, err)
		}
		at, err := zf.DataOffset()
		if err != nil || at < 0 || n > int64(len(data))-at {
			return nil, fmt.Errorf("record %s: %d bytes at %d: outside the file (%v)", name, n, at, err)
		}
		records[name] = data[at : at+n : at+n]
	}
	return records, nil
}

// loadStorage resolves ("storage", type, key, device, number of elements).
func loadStorage(records map[string][]byte, id pyTuple) (any, error) {
	if len(id) != 5 || id[0] != "storage" {
		return nil, fmt.Errorf("persistent id of %d parts: want (storage, type, key, device, size)", len(id))
	}
	g, _ := id[1].(pyGlobal)
	dtype, okT := storageTypes()[g]
	key, okK := id[2].(string)
	n, okN := id[4].(int64)
	if !okT || !okK || !okN {
		return nil, fmt.Errorf("storage of type %v, key %v and size %v: want a known type, a name and an integer", id[1], id[2], id[4])
	}
	data, ok := records[path.Join("data", key)]
	if !ok {
		return nil, fmt.Errorf("storage %.80q has no record in the archive", key)
	}
	if size := int64(storageSize(dtype)); n < 0 || n > int64(len(data))/size || n*size != int64(len(data)) {
		return nil, fmt.Errorf("storage %s has %d bytes: want %d elements of %s", key, len(data), n, dtype)
	}
	return storage{dtype, data}, nil
}

// flatten turns a state_dict into tensors.
func flatten(d *pyDict) ([]Tensor, error) {
	const prefix = "module."
	strip := len(d.names) > 0
	for _, name := range d.names {
		strip = strip && strings.HasPrefix(name, prefix)
	}
	if len(d.names) == 0 {
		return nil, errors.New("the state_dict is empty")
	}
	tensors := make([]Tensor, 0, len(d.names))
	for _, name := range d.names {
		t, ok := d.byName[name].(*torchTensor)
		if !ok {
			return nil, fmt.Errorf("%s is a %T: want a tensor (no model_state_dict or state_dict in the file)", name, d.byName[name])
		}
		if strip {
			name = strings.TrimPrefix(name, prefix)
		}
		dense, err := t.dense(name)
		if err != nil {
			return nil, err
		}
		tensors = append(tensors, dense)
	}
	return tensors, nil
}

// dense returns the tensor in C order: a view where it is so in the file.
func (t *torchTensor) dense(name string) (Tensor, error) {
	out := Tensor{Name: name, Dtype: t.storage.dtype, Shape: make([]int, len(t.shape))}
	size := int64(out.Dtype.Size())
	if size == 0 {
		return out, fmt.Errorf("tensor %s: element type %s: want one of F64, F32, BF16, I64", name, out.Dtype)
	}
	held := int64(len(t.storage.data)) / size
	last, contiguous := t.offset, int64(1) // the last element that is reached
	bad := fmt.Errorf("tensor %s: offset %d, shape %v, strides %v reach outside its storage of %d elements", name, t.offset, t.shape, t.strides, held)
	if t.offset < 0 || t.offset > held {
		return out, bad
	}
	isDense := true
	for a := len(t.shape) - 1; a >= 0; a-- {
		n, s := t.shape[a], t.strides[a]
		if n < 0 || s < 0 || n > bytesMax || s > bytesMax || n > 1 && s > 0 && (n-1) > bytesMax/s {
			return out, bad
		}
		out.Shape[a] = int(n)
		isDense = isDense && (n == 1 || s == contiguous)
		if contiguous > bytesMax/max(n, 1) {
			return out, bad
		}
		contiguous *= max(n, 1)
		if n > 1 {
			last += (n - 1) * s
		}
		if last > bytesMax {
			return out, bad
		}
	}
	n, err := elements(out.Shape)
	if err != nil {
		return out, fmt.Errorf("tensor %s: %w", name, err)
	}
	if n == 0 {
		return out, nil
	}
	if last >= held {
		return out, bad
	}
	if isDense {
		out.Data = t.storage.data[t.offset*size : (t.offset+int64(n))*size]
		return out, nil
	}
	if int64(n) > held { // strides of zero would let a small file ask for any amount of memory
		return out, fmt.Errorf("tensor %s: %d elements from a storage of %d: an expanded tensor; save it contiguous", name, n, held)
	}
	out.Data = t.gather(n, size)
	return out, nil
}

// gather copies n strided elements.
func (t *torchTensor) gather(n int, size int64) []byte {
	data := make([]byte, 0, int64(n)*size)
	index := make([]int64, len(t.shape))
	for range n {
		at := t.offset
		for a, i := range index {
			at += i * t.strides[a]
		}
		data = append(data, t.storage.data[at*size:(at+1)*size]...)
		for a := len(index) - 1; a >= 0; a-- {
			if index[a]++; index[a] < t.shape[a] {
				break
			}
			index[a] = 0
		}
	}
	return data
}

// scalars returns the numbers and strings of a dictionary as text.
func scalars(d *pyDict) map[string]string {
	out := map[string]string{}
	for _, name := range d.names {
		switch v := d.byName[name].(type) {
		case string:
			out[name] = v
		case int64:
			out[name] = strconv.FormatInt(v, 10)
		case float64:
			out[name] = strconv.FormatFloat(v, 'g', -1, 64)
		}
	}
	return out
}
