// SPDX-License-Identifier: BSD-3-Clause

package weights

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/columen/columen/emulator/checkpoint"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
)

// resident returns a size [bytes] that Linux reports of this process.
func resident(t *testing.T, key string) int {
	t.Helper()
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), key+":"); ok {
			var kib int
			if _, err := fmt.Sscan(rest, &kib); err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatalf("no %s", key)
	return 0
}

// Whoever reads a checkpoint, whole or a slice of columns, or writes it to another
// file, has little of it in memory besides what it asked for.
func TestPagesOfCheckpointAreDropped(t *testing.T) {
	const rows, columns, most = 2048, 4096, 20 << 20 // a file of 32 MiB
	values := make([]float32, rows*columns)
	for i := range values {
		values[i] = float32(i)
	}
	dir := t.TempDir()
	store := checkpoint.Store{Dir: dir}
	if _, err := store.Save(checkpoint.State{}, checkpoint.Group{Name: "a", Tensors: []checkpoint.Tensor{checkpoint.FromFloat32("w", []int{rows, columns}, values)}}); err != nil {
		t.Fatal(err)
	}
	before := resident(t, "RssFile")
	check := func(what string) {
		t.Helper()
		if more := resident(t, "RssFile") - before; more > most {
			t.Errorf("%s: %d MiB of files are in memory: at most %d are expected", what, more>>20, most>>20)
		}
	}
	l, err := store.Latest()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	check("verified")
	f, err := l.Group("a")
	if err != nil {
		t.Fatal(err)
	}
	dev, w := device.NewScalar[float32](1), f.Tensors[0]
	whole := &nn.Entry[float32]{Name: "w", Shape: []int{rows, columns}}
	clear(values)
	if err := Fill(dev, whole, w, dev.Adopt(values)); err != nil {
		t.Fatal(err)
	}
	check("all read")
	part := &nn.Entry[float32]{Name: "w", Shape: []int{rows, 1500}, Slice: &nn.Slice{Whole: whole.Shape, Axis: 1, Lo: 1000, Hi: 2500}}
	slice := make([]float32, part.Len())
	if err := Fill(dev, part, w, dev.Adopt(slice)); err != nil {
		t.Fatal(err)
	}
	check("columns read")
	for i, v := range values {
		if v != float32(i) {
			t.Fatalf("value %d is %g", i, v)
		}
	}
	for i, v := range slice {
		if want := float32(i/1500*columns + 1000 + i%1500); v != want {
			t.Fatalf("value %d of the slice is %g: want %g", i, v, want)
		}
	}
	copied := filepath.Join(dir, "copy")
	if err := checkpoint.Write(copied, f.Tensors, nil); err != nil {
		t.Fatal(err)
	}
	check("copied")
	again, err := checkpoint.Open(copied)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if data, err := again.Tensors[0].Float32(); err != nil || data[len(data)-1] != float32(len(values)-1) {
		t.Errorf("the copy ends otherwise (%v)", err)
	}
}
