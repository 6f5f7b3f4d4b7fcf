// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package h5

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fill writes one file with everything the package can write.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := Create(path)
	must(t, err)
	must(t, f.CreateGroup("g"))
	must(t, Write(f, "g/a", []int{2, 3}, []float32{1, 2, 3, 4, 5, float32(math.Inf(1))}))
	must(t, Write(f, "b", []int{3}, []float64{math.Pi, math.NaN(), 0}))
	ds, err := f.CreateDataset("z", []int{8, 8}, Float64, Options{Chunk: []int{4, 8}, Deflate: 4, Shuffle: true})
	must(t, err)
	must(t, WriteSlab(ds, []int{2, 0}, []int{1, 8}, []float64{0, 1, 2, 3, 4, 5, 6, 7}))
	must(t, f.SetString("/", "schema", "für 1"))
	must(t, f.SetString("b", "empty", ""))
	must(t, f.SetString("/", "long", strings.Repeat("0123456789", 10000)))
	must(t, f.SetFloats("b", "one", 1.5))
	must(t, f.SetFloats("/", "three", 1, 2, math.MaxFloat64))
	must(t, f.SetInt("/", "n", -1<<63))
	must(t, f.Close())
	must(t, f.Close())
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.h5")
	fill(t, path)
	f, err := Open(path)
	must(t, err)
	defer f.Close()

	members, err := f.Members("/")
	must(t, err)
	if want := []string{"b", "g", "z"}; !reflect.DeepEqual(members, want) {
		t.Errorf("members %v: want %v", members, want)
	}
	attrs, err := f.Attributes("/")
	must(t, err)
	if want := []string{"long", "n", "schema", "three"}; !reflect.DeepEqual(attrs, want) {
		t.Errorf("attributes %v: want %v", attrs, want)
	}
	a, shape, err := Read[float64](f, "g/a") // f4 read as f8
	must(t, err)
	if want := []float64{1, 2, 3, 4, 5, math.Inf(1)}; !reflect.DeepEqual(a, want) || !reflect.DeepEqual(shape, []int{2, 3}) {
		t.Errorf("g/a: %v %v: want %v", shape, a, want)
	}
	b, _, err := Read[float64](f, "b")
	must(t, err)
	if b[0] != math.Pi || !math.IsNaN(b[1]) {
		t.Errorf("b: %v: want π and NaN", b)
	}
	b4, _, err := Read[float32](f, "b") // f8 read as f4
	must(t, err)
	if b4[0] != float32(math.Pi) {
		t.Errorf("b as f4: %v: want π", b4[0])
	}
	ds, err := f.OpenDataset("z")
	must(t, err)
	if ds.Dtype() != Float64 || ds.Name() != "z" {
		t.Errorf("z: %v %v: want f8", ds.Name(), ds.Dtype())
	}
	got := make([]float64, 4)
	must(t, ReadSlab(ds, []int{1, 6}, []int{2, 2}, got))
	if want := []float64{0, 0, 6, 7}; !reflect.DeepEqual(got, want) {
		t.Errorf("slab of z: %v: want %v", got, want)
	}
	for _, c := range []struct {
		obj, name string
		want      any
	}{
		{"/", "schema", "für 1"},
		{"b", "empty", ""},
		{"/", "long", strings.Repeat("0123456789", 10000)},
		{"b", "one", []float64{1.5}},
		{"/", "three", []float64{1, 2, math.MaxFloat64}},
		{"/", "n", int64(-1 << 63)},
	} {
		v, err := f.Attribute(c.obj, c.name)
		if err != nil || !reflect.DeepEqual(v, c.want) {
			t.Errorf("attribute %s: %.40v, %v: want %.40v", c.name, v, err, c.want)
		}
	}
}

func TestSameContentSameBytes(t *testing.T) {
	dir := t.TempDir()
	var content [2][]byte
	for i := range content {
		path := filepath.Join(dir, string('a'+rune(i)))
		fill(t, path)
		var err error
		content[i], err = os.ReadFile(path)
		must(t, err)
	}
	if !bytes.Equal(content[0], content[1]) {
		t.Error("two files of the same content differ")
	}
}

func TestErrorsNameFileAndCause(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.h5")
	fill(t, path)
	garbage := filepath.Join(dir, "garbage.h5")
	must(t, os.WriteFile(garbage, bytes.Repeat([]byte("no HDF5 "), 100), 0o666))
	whole, err := os.ReadFile(path)
	must(t, err)
	cut := filepath.Join(dir, "cut.h5")
	must(t, os.WriteFile(cut, whole[:len(whole)/2], 0o666))
	f, err := Open(path)
	must(t, err)
	ds, err := f.OpenDataset("b")
	must(t, err)

	second := func(_ any, err error) error { return err }
	for _, c := range []struct {
		name string
		err  error
		want []string
	}{
		{"missing file", second(Open(filepath.Join(dir, "none.h5"))), []string{"none.h5", "no such file"}},
		{"garbage", second(Open(garbage)), []string{garbage, "file signature not found"}},
		{"truncated", second(Open(cut)), []string{cut, "truncated file"}},
		{"no folder", second(Create(filepath.Join(dir, "none", "a.h5"))), []string{"none/a.h5", "No such file or directory"}},
		{"no dataset", second(f.OpenDataset("q")), []string{path, "dataset q", "doesn't exist"}},
		{"group as dataset", second(f.OpenDataset("g")), []string{path, "dataset g"}},
		{"no attribute", second(f.Attribute("/", "q")), []string{path, "attribute q of /", "no such"}},
		{"no object", second(f.Attribute("q", "q")), []string{path, "attribute q of q"}},
		{"string as number", second(f.Floats("/", "schema", 1)), []string{path, "schema", "want 1 numbers"}},
		{"count", second(f.Floats("/", "three", 2)), []string{"three", "has 3 numbers: want 2"}},
		{"number as string", second(f.String("/", "n")), []string{"n of /", "want a string"}},
		{"string as integer", second(f.Int("/", "schema")), []string{"schema", "want an integer"}},
		{"slab", ReadSlab(ds, []int{2}, []int{2}, make([]float64, 2)), []string{path, "read dataset b", "outside the shape [3]"}},
		{"write to read-only", WriteSlab(ds, []int{0}, []int{1}, []float64{1}), []string{path, "write dataset b", "no write intent"}},
	} {
		if c.err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(c.err.Error(), w) {
				t.Errorf("%s: error %q: want %q in it", c.name, c.err, w)
			}
		}
		if strings.Contains(c.err.Error(), "\n") {
			t.Errorf("%s: error %q has more than one line", c.name, c.err)
		}
	}
	if !errors.Is(second(Open(filepath.Join(dir, "none.h5"))), fs.ErrNotExist) {
		t.Error("a missing file is no fs.ErrNotExist")
	}
	must(t, f.Close())
	if err := ReadSlab(ds, []int{0}, []int{1}, make([]float64, 1)); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("read after close: %v: want an error", err)
	}
}

func TestConcurrentUseOfTwoFiles(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			path := filepath.Join(dir, string('a'+rune(i)))
			data := []float64{float64(i), 1, 2}
			for range 20 {
				f, err := Create(path)
				if err != nil {
					t.Error(err)
					return
				}
				err = errors.Join(Write(f, "d", []int{3}, data), f.Close())
				if err != nil {
					t.Error(err)
				}
				if f, err = Open(path); err != nil {
					t.Error(err)
					return
				}
				got, _, err := Read[float64](f, "d")
				if err != nil || !reflect.DeepEqual(got, data) {
					t.Errorf("file %d: %v %v: want %v", i, got, err, data)
				}
				f.Close()
			}
		}()
	}
	wg.Wait()
}

// TestFullDisk re-runs itself as a process that may write 64 KiB per file and
// expects the failure to be reported and the process to survive it.
func TestFullDisk(t *testing.T) {
	const variable = "COLUMEN_H5_FULL_DISK"
	if path := os.Getenv(variable); path != "" {
		signal.Ignore(syscall.SIGXFSZ)
		must(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 16, Max: 1 << 16}))
		f, err := Create(path)
		must(t, err)
		err = errors.Join(Write(f, "d", []int{1 << 16}, make([]float64, 1<<16)), f.Close())
		if err == nil || !strings.Contains(err.Error(), "File too large") {
			t.Fatalf("error %v: want the system's reason", err)
		}
		other := path + ".small" // the library still works
		f, err = Create(other)
		must(t, err)
		must(t, errors.Join(Write(f, "d", []int{2}, []float64{1, 2}), f.Close()))
		f, err = Open(other)
		must(t, err)
		got, _, err := Read[float64](f, "d")
		if err != nil || !reflect.DeepEqual(got, []float64{1, 2}) {
			t.Fatalf("after the failure: %v, %v: want [1 2]", got, err)
		}
		must(t, f.Close())
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$")
	cmd.Env = append(os.Environ(), variable+"="+filepath.Join(t.TempDir(), "a.h5"))
	if out, err := cmd.CombinedOutput(); err != nil || bytes.Contains(out, []byte("HDF5-DIAG")) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestScalarDataset(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.h5")
	f, err := Create(path)
	must(t, err)
	must(t, Write(f, "s", nil, []float32{2.5}))
	if err := Write(f, "s2", nil, []float32{1, 2}); err == nil || !strings.Contains(err.Error(), "2 elements, want 1") {
		t.Errorf("two numbers into a scalar: error %v", err)
	}
	must(t, f.Close())
	f, err = Open(path)
	must(t, err)
	defer f.Close()
	v, shape, err := Read[float64](f, "s")
	must(t, err)
	if len(shape) != 0 || len(v) != 1 || v[0] != 2.5 {
		t.Errorf("scalar of shape %v is %v: want 2.5", shape, v)
	}
}
