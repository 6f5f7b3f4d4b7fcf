// SPDX-License-Identifier: BSD-3-Clause

package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
)

// headerBytesMax is the limit of the reference implementation.
const headerBytesMax = 100_000_000

// dataAlign is what the data of written files are aligned to, by spaces after
// the header: a cache line. The format asks for 8 and permits spaces.
const dataAlign = 64

// metadataKey is the one key of the header that is no tensor.
const metadataKey = "__metadata__"

// entry is the JSON of one tensor in the header.
type entry struct {
	Dtype   Dtype     `json:"dtype"`
	Shape   []int     `json:"shape"`
	Offsets *[2]int64 `json:"data_offsets"`
}

// Open maps a safetensors file:
//
//	8 bytes   N, little-endian
//	N bytes   JSON {"name": {"dtype", "shape", "data_offsets": [begin, end]}, …, "__metadata__": {…}}
//	rest      the data; offsets count from here
//
// The tensors must cover the data without holes or overlaps, as the format
// asks. Tensors are in the order of their data. Only the header is read and
// checked: the data are read where they are used, so a file opens in no time
// whatever its size. Files of a Store have checksums, which are verified.
func Open(path string) (*File, error) {
	data, release, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	f, err := parseSafetensors(data)
	if err != nil {
		release()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.mappedFrom(path, release)
	return f, nil
}

// mappedFrom makes a file that lies in a mapping the owner of it.
func (f *File) mappedFrom(path string, release func() error) {
	f.Path, f.release = path, release
	for i := range f.Tensors {
		f.Tensors[i].mapped = true
	}
}

// parseSafetensors reads a whole file in memory; the tensors share it.
func parseSafetensors(data []byte) (*File, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("byte 0: header length: file of %d bytes: want at least 8", len(data))
	}
	n := binary.LittleEndian.Uint64(data)
	if n > headerBytesMax || n > uint64(len(data)-8) {
		return nil, fmt.Errorf("byte 0: header length %d: want at most %d (the file has %d bytes); a truncated file, or no safetensors",
			n, headerBytesMax, len(data))
	}
	header, body := data[8:8+n], data[8+n:]
	f, spans, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	sort.Sort(byOffset{f.Tensors, spans})
	end := int64(0)
	for i := range f.Tensors {
		t, s := &f.Tensors[i], spans[i]
		if s[0] != end || s[1] < s[0] || s[1] > int64(len(body)) {
			return nil, fmt.Errorf("header: tensor %s: data_offsets %v: want a begin of %d and an end within %d bytes of data (a truncated file?)",
				t.Name, s, end, len(body))
		}
		end = s[1]
		t.Data = body[s[0]:s[1]:s[1]]
		if err := t.check(); err != nil {
			return nil, fmt.Errorf("header: %w", err)
		}
	}
	if end != int64(len(body)) {
		return nil, fmt.Errorf("byte %d: %d bytes after the last tensor: want none", 8+int64(n)+end, int64(len(body))-end)
	}
	return f, nil
}

// parseHeader decodes the JSON token by token, since a duplicate name must be
// an error and encoding/json would keep the last.
func parseHeader(header []byte) (*File, [][2]int64, error) {
	dec := json.NewDecoder(bytes.NewReader(header))
	bad := func(err error) (*File, [][2]int64, error) {
		return nil, nil, fmt.Errorf("header near byte %d: %w", 8+dec.InputOffset(), err)
	}
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return bad(fmt.Errorf("found %.20q: want a JSON object", header[:min(len(header), 20)]))
	}
	f := &File{}
	var spans [][2]int64
	seen := map[string]bool{}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return bad(err)
		}
		name, _ := tok.(string) // a JSON object has string keys only
		if seen[name] {
			return bad(fmt.Errorf("tensor %s appears twice", name))
		}
		seen[name] = true
		if name == metadataKey {
			if err := dec.Decode(&f.Metadata); err != nil {
				return bad(fmt.Errorf("%s: %w", metadataKey, err))
			}
			continue
		}
		var e entry
		if err := dec.Decode(&e); err != nil {
			return bad(fmt.Errorf("tensor %s: %w", name, err))
		}
		if e.Offsets == nil {
			return bad(fmt.Errorf("tensor %s: no data_offsets", name))
		}
		f.Tensors = append(f.Tensors, Tensor{Name: name, Dtype: e.Dtype, Shape: e.Shape})
		spans = append(spans, *e.Offsets)
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return bad(err)
	}
	if rest := bytes.TrimRight(header[dec.InputOffset():], " "); len(rest) > 0 {
		return bad(fmt.Errorf("found %.20q after the JSON object: want spaces only", rest))
	}
	return f, spans, nil
}

// byOffset sorts tensors by the place of their data; empty ones keep in front.
type byOffset struct {
	tensors []Tensor
	spans   [][2]int64
}

func (b byOffset) Len() int { return len(b.tensors) }
func (b byOffset) Less(i, j int) bool {
	if b.spans[i] != b.spans[j] {
		return b.spans[i][0] < b.spans[j][0] || b.spans[i][0] == b.spans[j][0] && b.spans[i][1] < b.spans[j][1]
	}
	return b.tensors[i].Name < b.tensors[j].Name
}
func (b byOffset) Swap(i, j int) {
	b.tensors[i], b.tensors[j] = b.tensors[j], b.tensors[i]
	b.spans[i], b.spans[j] = b.spans[j], b.spans[i]
}

// Write writes a safetensors file atomically; an existing file is replaced.
// The order of the tensors and of the metadata does not matter to the bytes.
func Write(path string, tensors []Tensor, metadata map[string]string) error {
	err := writeAtomic(path, func(f *os.File) error { return encodeSafetensors(f, tensors, metadata) })
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// order returns the tensors sorted by element type, then by name, as the
// reference implementation does: large elements come first, so that every
// tensor is aligned.
func order(tensors []Tensor) []Tensor {
	sorted := append([]Tensor(nil), tensors...)
	types := []Dtype{I64, F64, F32, BF16}
	sort.SliceStable(sorted, func(i, j int) bool {
		a, b := sorted[i], sorted[j]
		if a.Dtype != b.Dtype {
			return slices.Index(types, a.Dtype) < slices.Index(types, b.Dtype)
		}
		return a.Name < b.Name
	})
	return sorted
}

// headerOf returns the header, its length included, of a file of tensors that are
// in order. The data of the tensors is not looked at.
func headerOf(sorted []Tensor, metadata map[string]string) ([]byte, error) {
	header := bytes.NewBufferString("{")
	key := func(name string, value any) error {
		if header.Len() > 1 {
			header.WriteByte(',')
		}
		k, errK := json.Marshal(name)
		v, errV := json.Marshal(value) // sorts the keys of maps
		if errK != nil || errV != nil {
			return fmt.Errorf("encode the header of %s: %w, %w", name, errK, errV)
		}
		header.Write(k)
		header.WriteByte(':')
		header.Write(v)
		return nil
	}
	if len(metadata) > 0 {
		if err := key(metadataKey, metadata); err != nil {
			return nil, err
		}
	}
	offset, seen := int64(0), map[string]bool{metadataKey: true}
	for _, t := range sorted {
		if err := t.describe(); err != nil {
			return nil, err
		}
		if seen[t.Name] {
			return nil, fmt.Errorf("tensor %s: name is reserved or used twice", t.Name)
		}
		seen[t.Name] = true
		shape := t.Shape
		if shape == nil {
			shape = []int{}
		}
		end := offset + int64(t.NumElements()*t.Dtype.Size())
		if err := key(t.Name, entry{t.Dtype, shape, &[2]int64{offset, end}}); err != nil {
			return nil, err
		}
		offset = end
	}
	header.WriteByte('}')
	for (8+header.Len())%dataAlign != 0 {
		header.WriteByte(' ')
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(header.Len())), header.Bytes()...), nil
}

// encodeSafetensors writes the file to w.
func encodeSafetensors(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	sorted := order(tensors)
	for _, t := range sorted {
		if err := t.check(); err != nil {
			return err
		}
	}
	header, err := headerOf(sorted, metadata)
	if err != nil {
		return err
	}
	if err := writeAll(w, header); err != nil {
		return err
	}
	for _, t := range sorted {
		all := t.NumElements()
		for at, n := 0, 0; at < all; at += n { // of a mapped file no more than a part is in memory
			n = min(blockBytes/t.Dtype.Size(), all-at)
			part := t.Range(at, n)
			if err := writeAll(w, part.Data); err != nil {
				return fmt.Errorf("tensor %s: %w", t.Name, err)
			}
			part.Drop()
		}
	}
	return nil
}

func writeAll(w io.Writer, parts ...[]byte) error {
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}
