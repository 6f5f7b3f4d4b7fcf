// SPDX-License-Identifier: BSD-3-Clause

package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mentions requires an error that contains every word.
func mentions(t *testing.T, what string, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: error %q: want %q in it", what, err, w)
		}
	}
}

// sample is a set of tensors of all types, with a scalar and an empty one.
func sample() []Tensor {
	return []Tensor{
		FromFloat32("w.weight", []int{2, 3}, []float32{1, -2, float32(math.Inf(1)), 4, 5, math.SmallestNonzeroFloat32}),
		FromInt64("w.num_batches_tracked", nil, []int64{-7}),
		FromBF16("half", []int{3}, []uint16{0x3f80, 0xc000, 0x0001}),
		FromFloat64("m", []int{1, 2}, []float64{math.Pi, math.Copysign(0, -1)}),
		FromFloat32("none", []int{0, 4}, nil),
	}
}

func TestSafetensorsRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	tensors, metadata := sample(), map[string]string{"format": "pt", "a": "<ν>"}
	must(t, Write(path, tensors, metadata))
	f, err := Open(path)
	must(t, err)
	defer f.Close()
	if !reflect.DeepEqual(f.Metadata, metadata) {
		t.Errorf("metadata %v: want %v", f.Metadata, metadata)
	}
	for _, want := range tensors {
		got, err := f.Tensor(want.Name)
		must(t, err)
		if got.Dtype != want.Dtype || !slices.Equal(got.Shape, want.Shape) || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%s: %v %v: want %v %v", want.Name, got.Dtype, got.Shape, want.Dtype, want.Shape)
		}
	}
	w, _ := f.Tensor("w.weight")
	v, err := w.Float32()
	must(t, err)
	if &w.Data[0] != (*byte)(ptr(v)) {
		t.Error("Float32 of a written file is a copy: want a view")
	}
	half, _ := f.Tensor("half")
	wide := make([]float32, 3)
	must(t, half.CopyFloat32(wide))
	if want := []float32{1, -2, math.Float32frombits(0x10000)}; !slices.Equal(wide, want) {
		t.Errorf("bf16 as float32: %v: want %v", wide, want)
	}
	_, err = f.Tensor("q")
	mentions(t, "unknown name", err, path, "no tensor q")
	_, err = half.Float32()
	mentions(t, "wrong type", err, "half", "BF16", "F32")
}

func TestSafetensorsBytesAreDeterministic(t *testing.T) {
	encode := func(tensors []Tensor) []byte {
		var b bytes.Buffer
		must(t, encodeSafetensors(&b, tensors, map[string]string{"z": "1", "a": "2"}))
		return b.Bytes()
	}
	a, reversed := sample(), sample()
	slices.Reverse(reversed)
	if !bytes.Equal(encode(a), encode(reversed)) {
		t.Error("the order of the tensors changes the bytes")
	}
	if n := binary.LittleEndian.Uint64(encode(a)); (8+n)%64 != 0 {
		t.Errorf("header of %d bytes: want data that begin at a multiple of 64", n)
	}
}

// The reference implementation wrote this file; ours has the same bytes after
// the header and the same tensors.
func TestSafetensorsOfTheReferenceImplementation(t *testing.T) {
	f, err := Open("testdata/sample.safetensors")
	must(t, err)
	defer f.Close()
	if f.Metadata["note"] != "ν" || len(f.Tensors) != 5 {
		t.Fatalf("metadata %v and %d tensors: want note = ν and 5", f.Metadata, len(f.Tensors))
	}
	b, err := f.Tensor("b")
	must(t, err)
	v, err := b.Float32()
	must(t, err)
	if !slices.Equal(b.Shape, []int{2, 3}) || !slices.Equal(v, []float32{0, 1, 2, 6, 7, 8}) {
		t.Errorf("b: %v %v", b.Shape, v)
	}
	scalar, err := f.Tensor("scalar")
	must(t, err)
	if n, err := scalar.Int64(); err != nil || len(scalar.Shape) != 0 || n[0] != 3 {
		t.Errorf("scalar: %v %v %v", scalar.Shape, n, err)
	}
	var ours bytes.Buffer
	must(t, encodeSafetensors(&ours, f.Tensors, f.Metadata))
	theirs, err := os.ReadFile(f.Path)
	must(t, err)
	body := func(b []byte) []byte { return b[8+binary.LittleEndian.Uint64(b):] }
	if !bytes.Equal(body(ours.Bytes()), body(theirs)) {
		t.Error("the data are laid out differently")
	}
}

// raw makes a file of a header and n bytes of data.
func raw(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

func TestSafetensorsRefuses(t *testing.T) {
	one := `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
	if _, err := parseSafetensors(raw(one+"  ", 8)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "at least 8"},
		{"long header", binary.LittleEndian.AppendUint64(nil, 1<<60), "header length"},
		{"cut header", raw(one, 0)[:30], "truncated"},
		{"cut data", raw(one, 7), "truncated"},
		{"rest", raw(one, 9), "after the last tensor"},
		{"no object", raw(`[1]`, 0), "want a JSON object"},
		{"two objects", raw(one+`{}`, 8), "after the JSON object"},
		{"twice", raw(one[:len(one)-1]+","+one[1:], 8), "appears twice"},
		{"overlap", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "tensor b"},
		{"hole", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), "begin of 0"},
		{"backwards", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,-4]}}`, 8), "data_offsets"},
		{"shape", raw(`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8), "want 12"},
		{"negative", raw(`{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}`, 8), "negative"},
		{"overflow", raw(`{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}`, 0), "elements"},
		{"type", raw(`{"a":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}}`, 8), `"Q4"`},
		{"offsets", raw(`{"a":{"dtype":"F32","shape":[2]}}`, 8), "no data_offsets"},
		{"fraction", raw(`{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}`, 8), "tensor a"},
	} {
		_, err := parseSafetensors(c.data)
		mentions(t, c.name, err, c.want)
	}
	_, err := Open(filepath.Join(t.TempDir(), "none"))
	mentions(t, "missing file", err, "none")
	_, err = Open(t.TempDir())
	mentions(t, "folder", err, "not a regular file")
}

func TestWriteRefusesAndKeepsWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.safetensors")
	must(t, Write(path, sample(), nil))
	before, _ := os.ReadFile(path)
	twice := append(sample(), FromInt64("m", nil, []int64{1}))
	mentions(t, "name twice", Write(path, twice, nil), path, "tensor m")
	mentions(t, "bad data", Write(path, []Tensor{{Name: "a", Dtype: F32, Shape: []int{2}, Data: make([]byte, 7)}}, nil), "7 bytes")
	mentions(t, "no name", Write(path, []Tensor{{Dtype: F32}}, nil), "without a name")
	after, _ := os.ReadFile(path)
	files, _ := os.ReadDir(dir)
	if !bytes.Equal(before, after) || len(files) != 1 {
		t.Errorf("a failed Write changed the file or left one of %d behind", len(files))
	}
}

// /dev/full stands for a disk that fills up in the middle.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Log("no /dev/full on this system; a pipe that is closed stands in for it")
		r, w, _ := os.Pipe()
		r.Close()
		full = w
	}
	defer full.Close()
	err = encodeSafetensors(full, sample(), nil)
	if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EPIPE) {
		t.Errorf("error %v: want no space left", err)
	}
}

func TestMatch(t *testing.T) {
	f := &File{Path: "a.pth", Tensors: sample()}
	want := []Want{
		{Name: "m", Shape: []int{1, 2}}, {Name: "w.weight", Shape: []int{2, 3}}, {Name: "half", Shape: []int{3}},
		{Name: "w.num_batches_tracked", Shape: []int{}, Dtypes: []Dtype{I64}}, {Name: "none", Shape: []int{0, 4}},
	}
	got, err := f.Match(want)
	must(t, err)
	for i := range want {
		if got[i].Name != want[i].Name {
			t.Errorf("tensor %d is %s: want %s", i, got[i].Name, want[i].Name)
		}
	}
	want[0].Name, want[1].Shape, want[3].Dtypes = "missing.bias", []int{3, 2}, nil
	_, err = f.Match(want)
	mentions(t, "mismatch", err, "a.pth", "1 tensors missing: missing.bias", "not known to the model: m", "w.weight: found shape [2 3], want [3 2]", "found I64, want [F64 F32 BF16]")
	var e *MismatchError
	if !errors.As(err, &e) || len(e.Misshapen) != 2 {
		t.Errorf("error %v: want a MismatchError with two misshapen tensors", err)
	}
	_, err = f.Match(slices.Repeat([]Want{{Name: "x"}}, 9))
	mentions(t, "many", err, "and 4 more")
}

func FuzzSafetensors(f *testing.F) {
	var b bytes.Buffer
	must(f, encodeSafetensors(&b, sample(), map[string]string{"a": "b"}))
	f.Add(b.Bytes())
	f.Add(raw(`{"a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}}`, 2))
	f.Add(raw(`{"a":{"dtype":"F32","shape":null,"data_offsets":[0,4]},"__metadata__":null}`, 4))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parseSafetensors(data)
		if err != nil {
			return
		}
		// What was accepted can be written and read back to the same tensors.
		var again bytes.Buffer
		must(t, encodeSafetensors(&again, file.Tensors, file.Metadata))
		second, err := parseSafetensors(again.Bytes())
		must(t, err)
		if len(second.Tensors) != len(file.Tensors) {
			t.Fatalf("%d tensors after writing: want %d", len(second.Tensors), len(file.Tensors))
		}
	})
}
