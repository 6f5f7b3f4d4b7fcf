// SPDX-License-Identifier: BSD-3-Clause

package weights

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/columen/columen/emulator"
	"github.com/columen/columen/emulator/checkpoint"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/device/cpu"
	"github.com/columen/columen/emulator/nn"
)

func model(t *testing.T, frequencies int, seed uint64) *emulator.Model[float32] {
	t.Helper()
	m, err := emulator.New(device.NewScalar[float32](1), emulator.Config{Variant: emulator.Net3D, Grid: 32, Frequencies: frequencies, Latent: 4})
	if err == nil && seed > 0 {
		err = m.Init(seed)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func card(t *testing.T) *Card {
	t.Helper()
	nm, err := dataset.Published(dataset.MultiFrequency)
	if err != nil {
		t.Fatal(err)
	}
	return &Card{Network: Network{"net3d", 32, 2, 4}, Step: 7, Data: dataset.Manifest{
		Schema: dataset.ManifestSchema, Kind: nm.Kind, Grid: 32, Channels: 2, Species: "CO", Transition: "2-1", FrequenciesHz: []float64{2e11, 3e11},
		CellSizeM: 1e12, SplitBy: "model", Normalization: nm,
	}}
}

// same compares two networks entry by entry.
func same(t *testing.T, a, b *emulator.Model[float32]) bool {
	t.Helper()
	x, err1 := Tensors(a.Device(), a.Entries())
	y, err2 := Tensors(b.Device(), b.Entries())
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for i := range x {
		if x[i].Name != y[i].Name || string(x[i].Data) != string(y[i].Data) {
			return false
		}
	}
	return len(x) == len(y)
}

// Weights come back from a file by copy and by mapping, with counters and card.
func TestRoundTrip(t *testing.T) {
	m := model(t, 2, 1)
	for _, e := range m.Entries() {
		if e.Kind == nn.Counter && !e.Unused {
			e.Count = 5
		}
	}
	tensors, err := Tensors(m.Device(), m.Entries())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := Write(path, tensors, card(t)); err != nil {
		t.Fatal(err)
	}
	f, c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if c == nil || c.Step != 7 || c.Network != card(t).Network || c.Data.CellSizeM != 1e12 {
		t.Errorf("card %+v", c)
	}
	copied, mapped := model(t, 2, 2), model(t, 2, 0)
	if same(t, copied, m) {
		t.Fatal("seeds do not matter")
	}
	if err := Restore(copied.Device(), copied.Entries(), f); err != nil || !same(t, copied, m) {
		t.Errorf("copied: %v", err)
	}
	if err := Adopt(mapped, f); err != nil || !same(t, mapped, m) {
		t.Errorf("mapped: %v", err)
	}
	// A network of another shape is refused, and left as it was.
	other, before := model(t, 3, 3), model(t, 3, 3)
	var mismatch *checkpoint.MismatchError
	if err := Restore(other.Device(), other.Entries(), f); !errors.As(err, &mismatch) || !same(t, other, before) {
		t.Errorf("another shape: %v", err)
	}
	if _, err := Tensors(mapped.Device(), model(t, 2, 0).Entries()); err == nil {
		t.Error("tensors of a network without values")
	}
}

// TestAdoptBF16 gives a network dense weights in bfloat16: a device that can
// reads them where they lie, another one gets them in float32, and both compute
// with these values.
func TestAdoptBF16(t *testing.T) {
	m := model(t, 2, 1)
	tensors, err := Tensors(m.Device(), m.Entries())
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range m.Entries() {
		if e.IsDense() {
			values, err := tensors[i].Float32()
			if err != nil {
				t.Fatal(err)
			}
			half := make([]uint16, len(values))
			cpu.BF16(cpu.NewPool(1), values, half)
			tensors[i] = checkpoint.FromBF16(e.Name, e.Shape, half)
			for k, h := range half {
				values[k] = math.Float32frombits(uint32(h) << 16)
			}
			if err := m.Set(e.Name, values); err != nil {
				t.Fatal(err)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := Write(path, tensors, card(t)); err != nil {
		t.Fatal(err)
	}
	f, _, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	x := device.NewTensor[float32](1, 3, 32, 32, 32)
	for i := range x.Data {
		x.Data[i] = float32(i%101)/101 - 0.5
	}
	want, err := m.Predict(x)
	if err != nil {
		t.Fatal(err)
	}
	for _, dev := range []device.Device[float32]{cpu.Open(2), device.NewScalar[float32](1)} {
		mapped, err := emulator.New(dev, m.Config())
		if err == nil {
			err = Adopt(mapped, f)
		}
		if err != nil {
			t.Fatalf("%s: %v", dev.Name(), err)
		}
		_, can := dev.(device.HalfPacker[float32])
		for _, e := range mapped.Entries() {
			if !e.IsDense() {
				continue
			}
			if (e.Half != nil) != can {
				t.Errorf("%s: %s in bfloat16: %v, want %v", dev.Name(), e.Name, e.Half != nil, can)
			}
			got, err := mapped.Get(e.Name)
			want, err2 := m.Get(e.Name)
			if err != nil || err2 != nil || !slices.Equal(got.Data, want.Data) {
				t.Errorf("%s: %s has other values (%v, %v)", dev.Name(), e.Name, err, err2)
			}
		}
		got, err := mapped.Predict(x)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got.Data {
			if d := math.Abs(float64(v - want.Data[i])); d > 1e-5 {
				t.Fatalf("%s: output %d off by %g", dev.Name(), i, d)
			}
		}
	}
}

func TestBadCards(t *testing.T) {
	c := card(t)
	c.Network.Grid = 64
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := Write(path, nil, c); err == nil || !strings.Contains(err.Error(), "grid of 64") && !strings.Contains(err.Error(), "grid 64") {
		t.Errorf("a card that does not fit: %v", err)
	}
	for text, want := range map[string]string{
		`{"network": 3}`: cardKey,
		`{"extra": 3}`:   "extra",
		`{}`:             "schema",
	} {
		if err := checkpoint.Write(path, nil, map[string]string{cardKey: text}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("card %s: %v", text, err)
		}
	}
	if err := os.WriteFile(path, []byte("PK"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("two bytes: %v", err)
	}
	// What the original's torch.save wrote opens too, without a card.
	f, none, err := Open("../checkpoint/testdata/bare.pth")
	if err != nil || none != nil || len(f.Tensors) == 0 {
		t.Fatalf("bare.pth: %v, card %v", err, none)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
