// SPDX-License-Identifier: BSD-3-Clause

package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func score(v float64) *float64 { return &v }

// save writes a small checkpoint whose tensors tell the step.
func save(t *testing.T, s Store, step int64, score *float64) string {
	t.Helper()
	path, err := s.Save(State{Step: step, Epoch: 2, Position: 31, ConfigDigest: "d", Score: score, Schedule: json.RawMessage(`{"rate": "<1>"}`)},
		Group{"parameters", []Tensor{FromFloat32("w", []int{2}, []float32{float32(step), 1})}},
		Group{"moments", []Tensor{FromFloat64("w.m", []int{1}, []float64{float64(step)}), FromInt64("rng", nil, []int64{step})}})
	must(t, err)
	return path
}

func latest(t *testing.T, s Store) *Loaded {
	t.Helper()
	l, err := s.Latest()
	must(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

func TestStoreRoundTrip(t *testing.T) {
	s := Store{Dir: filepath.Join(t.TempDir(), "new")}
	if _, err := s.Latest(); !errors.Is(err, ErrNone) {
		t.Errorf("error %v in an empty store: want ErrNone", err)
	}
	save(t, s, 5, score(0.5))
	save(t, s, 12, nil)
	l := latest(t, s)
	want := State{Step: 12, Epoch: 2, Position: 31, ConfigDigest: "d", Schedule: l.State.Schedule}
	if !reflect.DeepEqual(l.State, want) || !bytes.Contains(l.State.Schedule, []byte("rate")) {
		t.Errorf("state %+v: want %+v", l.State, want)
	}
	moments, err := l.Group("moments")
	must(t, err)
	m, err := moments.Tensor("w.m")
	must(t, err)
	if v, err := m.Float64(); err != nil || v[0] != 12 {
		t.Errorf("w.m = %v, %v: want 12", v, err)
	}
	_, err = l.Group("q")
	mentions(t, "no group", err, `"q"`)
	b, err := s.Best()
	must(t, err)
	defer b.Close()
	if b.State.Step != 5 || *b.State.Score != 0.5 {
		t.Errorf("best is step %d: want 5", b.State.Step)
	}
}

func TestStoreKeepsLastAndBest(t *testing.T) {
	s := Store{Dir: t.TempDir(), Keep: 2}
	for i, v := range []float64{9, 3, 7, 3, 8, 5} {
		save(t, s, int64(10*i), score(v))
	}
	steps, err := s.Steps()
	must(t, err)
	if want := []int64{10, 40, 50}; !slices.Equal(steps, want) {
		t.Errorf("steps %v: want the first best and the last two, %v", steps, want)
	}
}

func TestSavingAStepAgainReplacesIt(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	save(t, s, 3, score(2))
	save(t, s, 3, score(1))
	if l := latest(t, s); *l.State.Score != 1 {
		t.Errorf("score %g: want the one saved last", *l.State.Score)
	}
	names, err := os.ReadDir(s.Dir)
	must(t, err)
	if len(names) != 1 {
		t.Errorf("%d entries are left: want 1", len(names))
	}
}

// A checkpoint that is damaged in any way is refused by name and the one before
// it is used.
func TestTornCheckpointsArePassedOver(t *testing.T) {
	file := func(dir, name string) string { return filepath.Join(dir, name) }
	edit := func(path string, change func([]byte) []byte) error {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, change(b), 0o666)
	}
	for _, c := range []struct {
		name   string
		damage func(dir string) error
		want   string
	}{
		{"no manifest", func(d string) error { return os.Remove(file(d, manifestName)) }, "not whole"},
		{"cut manifest", func(d string) error {
			return edit(file(d, manifestName), func(b []byte) []byte { return b[:len(b)/2] })
		}, "not whole"},
		{"edited manifest", func(d string) error {
			return edit(file(d, manifestName), func(b []byte) []byte { return bytes.Replace(b, []byte(`"epoch": 2`), []byte(`"epoch": 3`), 1) })
		}, "CRC-32C"},
		{"no file", func(d string) error { return os.Remove(file(d, "moments.safetensors")) }, "no such file"},
		{"cut file", func(d string) error { return os.Truncate(file(d, "moments.safetensors"), 100) }, "has 100 bytes"},
		{"empty file", func(d string) error { return os.Truncate(file(d, "moments.safetensors"), 0) }, "has 0 bytes"},
		{"flipped bit", func(d string) error {
			return edit(file(d, "parameters.safetensors"), func(b []byte) []byte { b[len(b)-1] ^= 1; return b })
		}, "corrupt between bytes 0 and"},
	} {
		s := Store{Dir: t.TempDir()}
		save(t, s, 1, score(2))
		dir := save(t, s, 2, score(1))
		must(t, c.damage(dir))
		l := latest(t, s)
		if l.State.Step != 1 || len(l.Skipped) != 1 {
			t.Errorf("%s: step %d after skipping %v: want step 1", c.name, l.State.Step, l.Skipped)
			continue
		}
		mentions(t, c.name, l.Skipped[0], dir, c.want)
		if b, err := s.Best(); err != nil || b.State.Step != 1 {
			t.Errorf("%s: best %v, %v: want step 1", c.name, b, err)
		}
		must(t, os.RemoveAll(filepath.Join(s.Dir, "step-000000000001")))
		_, err := s.Latest()
		if !errors.Is(err, ErrNone) {
			t.Errorf("%s: error %v: want ErrNone", c.name, err)
		}
		mentions(t, c.name, err, c.want)
	}
}

// A process killed while it saves leaves a hidden folder; one killed between
// the two renames of a replacement leaves the old checkpoint under another name.
func TestLeftoversOfAKilledProcess(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	dir := save(t, s, 4, nil)
	must(t, os.Mkdir(filepath.Join(s.Dir, writingPrefix+"step-000000000005"), 0o777))
	if l := latest(t, s); l.State.Step != 4 {
		t.Errorf("step %d: want 4", l.State.Step)
	}
	must(t, os.Rename(dir, filepath.Join(s.Dir, writingPrefix+"old-"+filepath.Base(dir))))
	save(t, s, 5, nil)
	steps, err := s.Steps()
	must(t, err)
	names, err := os.ReadDir(s.Dir)
	must(t, err)
	if !slices.Equal(steps, []int64{4, 5}) || len(names) != 2 {
		t.Errorf("steps %v in %d entries: want 4 and 5 and nothing else", steps, len(names))
	}
}

func TestStoreRefuses(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	_, err := s.Save(State{Step: -1})
	mentions(t, "negative step", err, "step -1")
	nan := 0.0
	nan /= nan
	_, err = s.Save(State{Score: &nan})
	mentions(t, "NaN score", err, "NaN")
	_, err = s.Save(State{}, Group{Name: "../a"})
	mentions(t, "group name", err, `"../a"`)
	_, err = s.Save(State{}, Group{Name: "a"}, Group{Name: "a"})
	mentions(t, "group twice", err, `"a"`)
	_, err = Store{Dir: "/dev/null/x"}.Save(State{})
	mentions(t, "no folder", err, "/dev/null/x")
	if names, _ := os.ReadDir(s.Dir); len(names) != 0 {
		t.Errorf("failed saves left %d entries", len(names))
	}
}

func TestChecksumsPerBlock(t *testing.T) {
	data := bytes.Repeat([]byte{1, 2, 3, 5, 7}, (2*blockBytes+10)/5)
	s := &summer{w: &bytes.Buffer{}, table: castagnoli()}
	for i := 0; i < len(data); i += 1000003 { // pieces that straddle the blocks
		_, err := s.Write(data[i:min(i+1000003, len(data))])
		must(t, err)
	}
	s.endBlock()
	if len(s.out.CRC32C) != 3 {
		t.Fatalf("%d blocks: want 3", len(s.out.CRC32C))
	}
	path := filepath.Join(t.TempDir(), "data")
	must(t, os.WriteFile(path, data, 0o600))
	must(t, s.out.verify(path))
	data[blockBytes] ^= 4
	must(t, os.WriteFile(path, data, 0o600))
	mentions(t, "second block", s.out.verify(path), "between bytes 4194304 and 8388608")
	// The check value of CRC-32C [RFC 3720, appendix B.4].
	check := &summer{w: &strings.Builder{}, table: castagnoli()}
	_, err := check.Write(make([]byte, 32))
	must(t, err)
	check.endBlock()
	if check.out.CRC32C[0] != "8a9136aa" {
		t.Errorf("CRC-32C of 32 zero bytes is %s: want 8a9136aa", check.out.CRC32C[0])
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"manifest": {}, "crc32c": "00000000"}`))
	m := manifest{Schema: manifestSchema, State: State{Step: 1}}
	path := filepath.Join(f.TempDir(), "m")
	must(f, m.write(path))
	text, err := os.ReadFile(path)
	must(f, err)
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		if m, err := parseManifest(text); err == nil && m.Schema != manifestSchema {
			t.Error("a foreign schema was accepted")
		}
	})
}
