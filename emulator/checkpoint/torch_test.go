// SPDX-License-Identifier: BSD-3-Clause

package checkpoint

import (
	"archive/zip"
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

func ptr(v []float32) unsafe.Pointer { return unsafe.Pointer(&v[0]) }

// stateDict is what testdata/make.py puts into bare, module and nested.
func stateDict() []Want {
	return []Want{
		{Name: "layers.0.weight", Shape: []int{2, 1, 3, 3, 3}}, {Name: "layers.0.bias", Shape: []int{2}},
		{Name: "layers.1.weight", Shape: []int{2}}, {Name: "layers.1.bias", Shape: []int{2}},
		{Name: "layers.1.running_mean", Shape: []int{2}}, {Name: "layers.1.running_var", Shape: []int{2}},
		{Name: "layers.1.num_batches_tracked", Shape: []int{}, Dtypes: []Dtype{I64}},
		{Name: "to_lat.weight", Shape: []int{3, 4}}, {Name: "to_lat.bias", Shape: []int{3}},
	}
}

func TestTorchStateDicts(t *testing.T) {
	for _, c := range []struct {
		file     string
		metadata map[string]string
	}{
		{"bare.pth", nil}, {"module.pth", nil},
		{"nested.pth", map[string]string{"epoch": "7", "current_maxrel": "12.5"}},
	} {
		f, err := OpenTorch("testdata/" + c.file)
		must(t, err)
		tensors, err := f.Match(stateDict())
		must(t, err)
		for i, got := range tensors {
			if got.Name != f.Tensors[i].Name {
				t.Errorf("%s: tensor %d is %s: want the order of the file", c.file, i, f.Tensors[i].Name)
			}
			if got.Dtype == I64 {
				if v, err := got.Int64(); err != nil || v[0] != int64(1000*i) {
					t.Errorf("%s: %s = %v, %v: want %d", c.file, got.Name, v, err, 1000*i)
				}
				continue
			}
			v, err := got.Float32()
			must(t, err)
			for k, x := range v {
				if x != float32(1000*i+k) {
					t.Fatalf("%s: %s[%d] = %g: want %d", c.file, got.Name, k, x, 1000*i+k)
				}
			}
		}
		for key, want := range c.metadata {
			if f.Metadata[key] != want {
				t.Errorf("%s: metadata %s = %q: want %q", c.file, key, f.Metadata[key], want)
			}
		}
		must(t, f.Close())
		must(t, f.Close())
	}
}

// A prefix that only some names have belongs to them.
func TestModulePrefixIsStrippedFromAllOrNone(t *testing.T) {
	x := &torchTensor{storage: storage{F32, make([]byte, 4)}, shape: []int64{1}, strides: []int64{1}}
	for _, c := range []struct{ names, want []string }{
		{[]string{"module.a", "module.module.b"}, []string{"a", "module.b"}},
		{[]string{"module.a", "b"}, []string{"module.a", "b"}},
	} {
		d := newDict()
		for _, name := range c.names {
			d.set(name, x)
		}
		tensors, err := flatten(d)
		must(t, err)
		for i, got := range tensors {
			if got.Name != c.want[i] {
				t.Errorf("%s became %s: want %s", c.names[i], got.Name, c.want[i])
			}
		}
	}
}

func TestTorchViews(t *testing.T) {
	f, err := OpenTorch("testdata/views.pth")
	must(t, err)
	defer f.Close()
	for _, c := range []struct {
		name  string
		shape []int
		want  []float64
	}{
		{"transposed", []int{6, 4}, []float64{0, 6, 12, 18, 1, 7, 13, 19, 2, 8, 14, 20, 3, 9, 15, 21, 4, 10, 16, 22, 5, 11, 17, 23}},
		{"window", []int{2, 2}, []float64{8, 9, 14, 15}},
		{"row", []int{6}, []float64{12, 13, 14, 15, 16, 17}},
		{"double", []int{2, 2}, []float64{0, 1, 6, 7}},
		{"bf16", []int{6}, []float64{0, 1, 2, 3, 4, 5}},
		{"parameter", []int{2}, []float64{0, 1}},
		{"empty", []int{0, 3}, []float64{}},
	} {
		x, err := f.Tensor(c.name)
		must(t, err)
		got := make([]float64, x.NumElements())
		must(t, x.CopyFloat64(got))
		if !slices.Equal(x.Shape, c.shape) || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v %v: want %v %v", c.name, x.Shape, got, c.shape, c.want)
		}
	}
	long, _ := f.Tensor("long")
	if v, err := long.Int64(); err != nil || !slices.Equal(v, []int64{1, -2, 3}) {
		t.Errorf("long: %v %v", v, err)
	}
}

func TestTorchRefuses(t *testing.T) {
	_, err := OpenTorch("testdata/legacy.pth")
	mentions(t, "legacy", err, "legacy.pth", "before PyTorch 1.6")
	_, err = OpenTorch("testdata/whole_module.pth")
	mentions(t, "whole module", err, "whole_module.pth", "__main__.Net", "refused")
	_, err = OpenTorch("testdata/half.pth")
	mentions(t, "half", err, "weights", "F16")
	_, err = OpenTorch("testdata/sample.safetensors")
	mentions(t, "safetensors", err, "no file of torch.save")

	whole, err := os.ReadFile("testdata/bare.pth")
	must(t, err)
	_, err = parseTorch(whole[:len(whole)/2])
	mentions(t, "truncated", err, "truncated")
	i := bytes.Index(whole, []byte("running_mean"))
	whole[i] ^= 1
	_, err = parseTorch(whole)
	mentions(t, "flipped bit", err, "data.pkl", "checksum")
}

// archive makes a file of torch.save around a pickle, with storage 0 of 8 bytes.
func archive(t testing.TB, pickle string, method uint16) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range map[string]string{"a/data.pkl": pickle, "a/data/0": "\x00\x00\x80?\x00\x00\x00@"} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		must(t, err)
		_, err = w.Write([]byte(content))
		must(t, err)
	}
	must(t, z.Close())
	return b.Bytes()
}

// tensor is the pickle of {"w": a tensor with the given geometry}.
func tensor(geometry string) string {
	return "\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x02tQ" +
		geometry + "\x89)tRs."
}

func TestPickleRefuses(t *testing.T) {
	f, err := parseTorch(archive(t, tensor("K\x00K\x02\x85K\x01\x85"), zip.Store))
	must(t, err)
	if v, err := f.Tensors[0].Float32(); err != nil || !slices.Equal(v, []float32{1, 2}) {
		t.Fatalf("w = %v, %v: want [1 2]", v, err)
	}
	for _, c := range []struct {
		name, pickle string
		want         string
	}{
		{"system", "\x80\x02cposix\nsystem\nX\x02\x00\x00\x00ls\x85R.", "posix.system"},
		{"protocol 4 system", "\x80\x04\x8c\x05posix\x8c\x06system\x93.", "posix.system"},
		{"eval", "\x80\x02c__builtin__\neval\n.", "__builtin__.eval"},
		{"inst", "(S'ls'\nios\nsystem\n.", "opcode 0x53"},
		{"newobj", "\x80\x02ccollections\nOrderedDict\n)\x81.", "opcode 0x81"},
		{"state of a tensor", tensor("K\x00K\x02\x85K\x01\x85")[:len(tensor("K\x00K\x02\x85K\x01\x85"))-2] + "}bs.", "a state for a"},
		{"offset", tensor("K\x01K\x02\x85K\x01\x85"), "outside its storage"},
		{"negative offset", tensor("J\xff\xff\xff\xffK\x02\x85K\x01\x85"), "outside its storage"},
		{"huge offset", tensor("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\x02\x85K\x01\x85"), "outside its storage"},
		{"stride", tensor("K\x00K\x02\x85K\x02\x85"), "outside its storage"},
		{"negative stride", tensor("K\x01K\x02\x85J\xff\xff\xff\xff\x85"), "outside its storage"},
		{"huge shape", tensor("K\x00\x8a\x06\xff\xff\xff\xff\xff\x3f\x8a\x06\xff\xff\xff\xff\xff\x3f\x86K\x00K\x00\x86"), "outside its storage"},
		{"expanded", tensor("K\x00M\xff\xff\x85K\x00\x85"), "expanded"},
		{"ranks", tensor("K\x00K\x02\x85)"), "two tuples of one length"},
		{"size", strings.Replace(tensor("K\x00K\x02\x85K\x01\x85"), "K\x02tQ", "K\x03tQ", 1), "want 3 elements"},
		{"no dict", "\x80\x02K\x01.", "want a state_dict"},
		{"empty dict", "\x80\x02}.", "empty"},
		{"no tensor", "\x80\x02}X\x01\x00\x00\x00wK\x01s.", "w is a int64"},
		{"stack", "\x80\x02K\x01K\x02.", "2 values"},
		{"empty stack", "\x80\x02\x85.", "stack is empty"},
		{"mark", "\x80\x02(\x85.", "mark"},
		{"memo", "\x80\x02h\x05.", "memo 5"},
		{"cut", "\x80\x02}X\xff\xff\xff\xffw", "truncated"},
		{"long integer", "\x80\x02\x8a\x09123456789.", "9 bytes"},
	} {
		_, err := parseTorch(archive(t, c.pickle, zip.Store))
		mentions(t, c.name, err, c.want)
	}
	_, err = parseTorch(archive(t, "\x80\x02}.", zip.Deflate))
	mentions(t, "compressed", err, "compressed")
}

func FuzzTorchPickle(f *testing.F) {
	f.Add([]byte(tensor("K\x00K\x02\x85K\x01\x85")))
	for _, name := range []string{"bare", "nested", "views", "whole_module"} {
		data, err := os.ReadFile("testdata/" + name + ".pth")
		must(f, err)
		records, err := zipRecords(data)
		must(f, err)
		f.Add(records["data.pkl"])
	}
	records := map[string][]byte{"data/0": make([]byte, 8), "data/1": make([]byte, 96)}
	f.Fuzz(func(t *testing.T, pickle []byte) {
		root, err := unpickle(pickle, func(id pyTuple) (any, error) { return loadStorage(records, id) })
		if err != nil {
			return
		}
		if d, ok := root.(*pyDict); ok {
			tensors, err := flatten(d)
			for _, x := range tensors {
				if err == nil {
					must(t, x.check())
				}
			}
		}
	})
}

func FuzzTorchArchive(f *testing.F) {
	for _, name := range []string{"bare", "views", "legacy"} {
		data, err := os.ReadFile("testdata/" + name + ".pth")
		must(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parseTorch(data)
		if err != nil {
			return
		}
		for _, x := range file.Tensors {
			must(t, x.check())
		}
	})
}
