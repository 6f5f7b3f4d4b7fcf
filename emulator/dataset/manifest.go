// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
)

// Part is what a shard is for.
type Part string

// The parts of a data set.
const (
	Train      Part = "train"
	Validation Part = "validation"
	Test       Part = "test"
)

// Origin is where the models of a shard come from. Accuracies are reported for
// each origin apart.
type Origin string

// The origins.
const (
	Hydro      Origin = "hydro"      // hydrodynamic snapshots
	Parametric Origin = "parametric" // winds by formula
)

// Checksums are the SHA-256 of the contents of the datasets of a shard, in
// hexadecimal digits.
type Checksums struct {
	Input  string `json:"input"`
	Output string `json:"output"`
}

// ShardEntry describes one shard.
type ShardEntry struct {
	Path    string    `json:"path"` // relative to the manifest
	Part    Part      `json:"part"`
	Origin  Origin    `json:"origin"`
	Samples int       `json:"samples"`
	Models  []string  `json:"models"` // names of the models in it, sorted
	SHA256  Checksums `json:"sha256"`
}

// Manifest describes a data set. The network sees velocity, temperature and
// density only, but the optical depth also depends on the cell size and the
// line width on v_turb: within a data set both are fixed.
type Manifest struct {
	Schema        string        `json:"schema"`
	Kind          Kind          `json:"kind"`
	Grid          int           `json:"grid"`
	Channels      int           `json:"channels"`
	Flat          bool          `json:"flat"` // see Shape
	Species       string        `json:"species"`
	Transition    string        `json:"transition"` // such as 2-1
	FrequenciesHz []float64     `json:"frequencies_hz"`
	CellSizeM     float64       `json:"cell_size_m"` // 0 if it varies, with compat only
	VTurbMS       float64       `json:"v_turb_ms"`
	Compat        string        `json:"compat,omitempty"` // CompatPublished or CompatSwitched, or empty
	Quirks        []string      `json:"quirks,omitempty"` // of the published generator, with Compat only
	SplitBy       string        `json:"split_by"`         // "model" or, as published, "sample"
	Seed          uint64        `json:"seed"`
	ConfigDigest  string        `json:"config_digest"`
	Normalization Normalization `json:"normalization"`
	Range         InputRange    `json:"range"`
	Shards        []ShardEntry  `json:"shards"`

	// Parameters are what the parameters of parametric models were drawn from, by
	// the key of the configuration, whose name has the unit.
	Parameters map[string]Span `json:"parameters,omitempty"`
}

// Span is what a parameter was drawn from.
type Span struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
	Law string  `json:"law"` // uniform or log-uniform
}

// What a data set with quirks of the published generator is called.
const (
	CompatPublished = "coemunet" // as the published set
	CompatSwitched  = "switched" // with those that were switched on
)

// ManifestSchema is the version of the manifest that this package writes.
const ManifestSchema = "columen-dataset/1"

// manifestBytesMax bounds a manifest: some 200 bytes per shard and 30 per model.
const manifestBytesMax = 256 << 20

// Shape returns the geometry of the samples.
func (m *Manifest) Shape() Shape { return Shape{Grid: m.Grid, Channels: m.Channels, Flat: m.Flat} }

// Validate returns an error that names the first field that is not as it
// should be.
func (m *Manifest) Validate() error {
	if m.Schema != ManifestSchema {
		return fmt.Errorf("schema %q: want %q", m.Schema, ManifestSchema)
	}
	if err := errors.Join(m.Shape().Validate(), m.Normalization.Validate()); err != nil {
		return err
	}
	switch {
	case m.Kind != m.Normalization.Kind:
		return fmt.Errorf("kind %q, but normalization of kind %q", m.Kind, m.Normalization.Kind)
	case len(m.FrequenciesHz) != m.Channels || !slices.IsSorted(m.FrequenciesHz):
		return fmt.Errorf("%d frequencies for %d channels: want one each, rising", len(m.FrequenciesHz), m.Channels)
	case m.Compat != "" && m.Compat != CompatPublished && m.Compat != CompatSwitched:
		return fmt.Errorf("compat %q: want %q, %q or nothing", m.Compat, CompatPublished, CompatSwitched)
	case len(m.Quirks) > 0 && m.Compat == "":
		return fmt.Errorf("quirks %q without compat: want both or none", m.Quirks)
	case !(m.CellSizeM > 0 || m.CellSizeM == 0 && (m.Compat == CompatPublished || slices.Contains(m.Quirks, "sample_box"))) || math.IsInf(m.CellSizeM, 0):
		return fmt.Errorf("cell_size_m = %g: want a positive number", m.CellSizeM)
	case !(m.VTurbMS >= 0) || math.IsInf(m.VTurbMS, 0):
		return fmt.Errorf("v_turb_ms = %g: want a number ≥ 0", m.VTurbMS)
	case m.SplitBy != "model" && m.SplitBy != "sample":
		return fmt.Errorf("split_by = %q: want \"model\" or \"sample\"", m.SplitBy)
	}
	return m.validateShards()
}

func (m *Manifest) validateShards() error {
	paths, parts := map[string]bool{}, map[string]Part{}
	for i, s := range m.Shards {
		bad := func(format string, args ...any) error {
			return fmt.Errorf("shard %d (%s): %s", i, s.Path, fmt.Sprintf(format, args...))
		}
		if !filepath.IsLocal(s.Path) || paths[s.Path] {
			return bad("want a path inside the folder of the manifest, used once")
		}
		paths[s.Path] = true
		if s.Part != Train && s.Part != Validation && s.Part != Test {
			return bad("part %q: want %s, %s or %s", s.Part, Train, Validation, Test)
		}
		if s.Origin != Hydro && s.Origin != Parametric {
			return bad("origin %q: want %s or %s", s.Origin, Hydro, Parametric)
		}
		if s.Samples < 1 || len(s.SHA256.Input) != 64 || len(s.SHA256.Output) != 64 {
			return bad("%d samples, checksums of %d and %d digits: want at least 1, and 64 digits", s.Samples, len(s.SHA256.Input), len(s.SHA256.Output))
		}
		for _, model := range s.Models {
			if part, seen := parts[model]; seen && part != s.Part && m.SplitBy == "model" {
				return bad("model %s is also in a shard for %s: split by model, it may be in one part only", model, part)
			}
			parts[model] = s.Part
		}
	}
	return nil
}

// mixSlack is how far two cell sizes or line widths may differ and still count
// as one: rounding of the units of a configuration.
const mixSlack = 1e-6

// Admit returns an error if a model of another cell size [m] or v_turb [m s⁻¹]
// is to go into the data set, or to be emulated by a network trained on it.
func (m *Manifest) Admit(cellSizeM, vTurbMS float64) error {
	same := func(a, b float64) bool { return math.Abs(a-b) <= mixSlack*math.Abs(b) }
	if m.CellSizeM != 0 && !same(cellSizeM, m.CellSizeM) {
		return fmt.Errorf("cell size %g m in a data set of %g m: the network does not see it, so it must be the same in all models", cellSizeM, m.CellSizeM)
	}
	if !same(vTurbMS, m.VTurbMS) {
		return fmt.Errorf("v_turb %g m/s in a data set of %g m/s: the network does not see it, so it must be the same in all models", vTurbMS, m.VTurbMS)
	}
	return nil
}

// Outside lists in words the inputs that leave the range of the data set.
func (r InputRange) Outside(o InputRange) []string {
	var out []string
	for _, f := range []struct {
		what, unit     string
		found, trained [2]float64
	}{
		{"velocity", "m/s", o.VelocityMS, r.VelocityMS},
		{"temperature", "K", o.TemperatureK, r.TemperatureK},
		{"density", "m⁻³", o.DensityM3, r.DensityM3},
	} {
		if f.found[0] < f.trained[0] || f.found[1] > f.trained[1] {
			out = append(out, fmt.Sprintf("%s from %.4g to %.4g %s, trained from %.4g to %.4g", f.what, f.found[0], f.found[1], f.unit, f.trained[0], f.trained[1]))
		}
	}
	return out
}

// ReadManifest reads and checks a manifest.
func ReadManifest(path string) (*Manifest, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > manifestBytesMax {
		return nil, fmt.Errorf("%s: %d bytes: want at most %d", path, info.Size(), manifestBytesMax)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func parseManifest(text []byte) (*Manifest, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	m := &Manifest{}
	if err := dec.Decode(m); err != nil {
		return nil, fmt.Errorf("near byte %d: %w", dec.InputOffset(), err)
	}
	return m, m.Validate()
}

// Write checks the manifest and writes it atomically.
func (m *Manifest) Write(path string) error {
	if err := m.Validate(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	tmp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	if err := os.WriteFile(tmp, append(text, '\n'), 0o666); err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	return publish(tmp, path)
}

// Open opens the shards of a part as one Source; dir is the folder of the
// manifest. Their shapes must be as the manifest says.
func (m *Manifest) Open(dir string, part Part) (*Shards, error) {
	var paths []string
	samples := 0
	for _, s := range m.Shards {
		if s.Part == part {
			paths = append(paths, filepath.Join(dir, s.Path))
			samples += s.Samples
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: the data set has no shards for %s", dir, part)
	}
	s, err := OpenShards(paths...)
	if err != nil {
		return nil, err
	}
	if s.Shape() != m.Shape() || s.Len() != samples {
		return nil, errors.Join(fmt.Errorf("%s: the shards for %s hold %d samples of %+v: the manifest says %d of %+v",
			dir, part, s.Len(), s.Shape(), samples, m.Shape()), s.Close())
	}
	return s, nil
}

// Verify reads a whole shard and compares its contents with its checksums.
func (e ShardEntry) Verify(dir string) error {
	path := filepath.Join(dir, e.Path)
	s, err := OpenShard(path)
	if err != nil {
		return err
	}
	sums, err := s.Checksums()
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	if s.Len() != e.Samples || sums != e.SHA256 {
		return fmt.Errorf("%s: %d samples with checksums %+v: the manifest says %d with %+v", path, s.Len(), sums, e.Samples, e.SHA256)
	}
	return nil
}
