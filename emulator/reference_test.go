// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
)

// hash is u(t,i) of testdata/README.md.
func hash(tensor, i int) float64 {
	h := uint32(i)*0x9E3779B1 + (uint32(tensor)*0x85EBCA77 + 0x165667B1)
	h ^= h >> 16
	h *= 0x85EBCA6B
	h ^= h >> 13
	h *= 0xC2B2AE35
	h ^= h >> 16
	return float64(h>>8)*0x1p-23 - 1
}

func TestHashAgainstItsCheckValues(t *testing.T) {
	for _, c := range []struct {
		tensor, i int
		want      float64
	}{{0, 0, 0.47622967}, {0, 1, -0.53694057}, {0, 2, -0.3231132}, {0, 3, -0.64913046}, {5, 0, -0.61903942}, {5, 2, -0.04715157}} {
		if got := hash(c.tensor, c.i); math.Abs(got-c.want) > 1e-8 {
			t.Errorf("u(%d,%d) = %.9g, want %.9g", c.tensor, c.i, got, c.want)
		}
	}
}

// hashed returns n values offset + scale·u(tensor,i), rounded to float32.
func hashed[T device.Float](tensor, n int, offset, scale float64) []T {
	v := make([]T, n)
	hashInto(v, tensor, offset, scale)
	return v
}

// hashInto writes what hashed returns.
func hashInto[T device.Float](v []T, tensor int, offset, scale float64) {
	n := len(v)
	var wg sync.WaitGroup
	for k := range 2 {
		wg.Go(func() {
			for i := n * k / 2; i < n*(k+1)/2; i++ {
				v[i] = T(float32(offset + scale*hash(tensor, i)))
			}
		})
	}
	wg.Wait()
}

// fill gives the network the values of testdata/README.md, in place: copies of
// 33 million values would take longer than the network.
func fill[T device.Float](dev *device.Scalar[T], m *Model[T]) {
	m.Allocate()
	for i, e := range m.Entries() {
		var offset, scale float64
		switch e.Kind {
		case nn.Weight:
			scale = math.Sqrt(4 / float64(e.Len()/e.Shape[0]))
		case nn.Bias, nn.NormBias, nn.RunningMean:
			scale = 0.1
		case nn.NormWeight:
			offset, scale = 1, 0.25
		case nn.RunningVar:
			offset, scale = 1, 0.5
		case nn.Counter:
			continue
		}
		hashInto(dev.Resolve(e.Value), i, offset, scale)
	}
}

// archive is an open file of reference arrays.
type archive struct {
	t    *testing.T
	file *npz.Reader
}

func openArchive(t *testing.T, path string) archive {
	t.Helper()
	f, err := npz.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return archive{t, f}
}

// get returns an array of any type of number.
func (a archive) get(name string) []float64 {
	a.t.Helper()
	var v []float64
	err := a.file.Read(name+".npy", &v)
	if err == nil {
		return v
	}
	var (
		single []float32
		long   []int64
		short  []int32
	)
	switch {
	case a.file.Read(name+".npy", &single) == nil:
		return converted(single)
	case a.file.Read(name+".npy", &long) == nil:
		return converted(long)
	case a.file.Read(name+".npy", &short) == nil:
		return converted(short)
	}
	a.t.Fatalf("%s: %v", name, err)
	return nil
}

// converted returns numbers as float64.
func converted[N float32 | int32 | int64](v []N) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

// has says whether there is an array of this name.
func (a archive) has(name string) bool { return slices.Contains(a.file.Keys(), name+".npy") }

func widen[T device.Float](v []T) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

// lines returns the words of a text file, one per line.
func lines(t *testing.T, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var words []string
	for s := bufio.NewScanner(f); s.Scan(); {
		words = append(words, strings.TrimSpace(s.Text()))
	}
	return words
}

// summary is the 74 numbers of testdata/README.md.
func summary[T device.Float](v []T) []float64 {
	s := make([]float64, 74)
	for _, x := range v {
		s[0] += float64(x)
		s[1] += float64(x) * float64(x)
	}
	s[1] = math.Sqrt(s[1])
	for k := 0; k < 8 && k < len(v); k++ {
		s[2+k] = float64(v[k])
	}
	for k, i := 0, 0; k < 64 && i < len(v); k, i = k+1, i+max(1, len(v)/64) {
		s[10+k] = float64(v[i])
	}
	return s
}

// farthest returns the largest |got − want|, NaN counting as infinite.
func farthest(t *testing.T, got, want []float64) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	var d float64
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= d) {
			d = math.Abs(got[i] - want[i])
			if math.IsNaN(d) {
				return math.Inf(1)
			}
		}
	}
	return d
}

// relative returns |got − want|₂/|want|₂.
func relative(t *testing.T, got, want []float64) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	var diff, norm float64
	for i := range got {
		diff += (got[i] - want[i]) * (got[i] - want[i])
		norm += want[i] * want[i]
	}
	if diff == 0 {
		return 0
	}
	return math.Sqrt(diff / norm)
}

// near requires a deviation within a tolerance; NaN fails.
func near(t *testing.T, what string, deviation, tolerance float64) {
	t.Helper()
	if !(deviation <= tolerance) {
		t.Errorf("%s deviates by %.3g, allowed is %.3g", what, deviation, tolerance)
	}
}

// statedictEntry is a line of testdata/*_statedict.json.
type statedictEntry struct {
	T     int
	Name  string
	Shape []int
	Kind  string
}

func readStatedict(t *testing.T, path string) []statedictEntry {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []statedictEntry
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	return list
}
