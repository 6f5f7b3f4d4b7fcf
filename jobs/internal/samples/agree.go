// SPDX-License-Identifier: BSD-3-Clause

package samples

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
)

// frequencySlack is how far two frequencies may differ, relatively, and still be
// one: rounding of their sum.
const frequencySlack = 1e-12

// Agree returns an *configs.Error that names the keys of the configuration, read
// from file, whose samples could not be in a data set.
func (f *Factory) Agree(file string, m *dataset.Manifest) error {
	var problems []configs.Problem
	differ := func(field string, found, want any) {
		problems = append(problems, configs.Problem{File: file, Field: field, Value: fmt.Sprint(found), Reason: "the data set of training has another", Allowed: fmt.Sprint(want)})
	}
	d := f.Config.Data
	if f.Kind() != m.Kind {
		differ("data.kind", strconv.Quote(d.Kind), strconv.Quote(string(m.Kind)))
	}
	if d.Grid != m.Grid {
		differ("data.grid", d.Grid, m.Grid)
	}
	if d.Channels != m.Channels {
		differ("data.channels", d.Channels, m.Channels)
	}
	if f.Line.Species != m.Species {
		differ("line.molecule", strconv.Quote(f.Config.Line.Molecule), "the line data of "+m.Species)
	}
	if f.Line.Label != m.Transition {
		differ("line.transition", strconv.Quote(f.Line.Label), strconv.Quote(m.Transition))
	}
	if !slices.Equal(f.Quirks.Names(), m.Quirks) {
		differ("compat", f.Quirks.Names(), m.Quirks)
	}
	if len(problems) == 0 && !slices.EqualFunc(f.FrequenciesHz, m.FrequenciesHz, same) {
		differ("data.spacing_ms", d.SpacingMS, fmt.Sprintf("channels from %.9g to %.9g Hz", m.FrequenciesHz[0], m.FrequenciesHz[m.Channels-1]))
	}
	if len(problems) == 0 { // of the same cells and line
		if err := m.Admit(f.CellSizeM(), m.VTurbMS); err != nil {
			differ("data.box_au", d.BoxAU, fmt.Sprintf("%d cells of %g m", m.Grid, m.CellSizeM))
		}
		if err := m.Admit(m.CellSizeM, f.LineWidthMS()); err != nil {
			differ("data.v_turb_ms", d.VTurbMS, m.VTurbMS)
		}
	}
	if problems == nil {
		problems = f.heldOut(file, m)
	}
	if problems == nil {
		return nil
	}
	return &configs.Error{Problems: problems}
}

func same(a, b float64) bool { return math.Abs(a-b) <= frequencySlack*math.Abs(b) }

// heldOut finds snapshots for training that the data set holds out for
// validation or test. Winds are drawn anew and are none of them.
func (f *Factory) heldOut(file string, m *dataset.Manifest) []configs.Problem {
	parts := map[string]dataset.Part{}
	for _, s := range m.Shards {
		for _, model := range s.Models {
			if s.Part != dataset.Train {
				parts[model] = s.Part
			}
		}
	}
	for _, sample := range f.Train {
		of := sample / f.Config.Data.Rotations
		part, out := parts[f.ModelName(of)]
		if i, is := f.Snapshot(of); is && out && m.SplitBy == "model" {
			return []configs.Problem{{File: file, Field: fmt.Sprintf("model.%d.snapshot", i), Value: strconv.Quote(f.Config.Models[i].Snapshot),
				Reason: "the data set of training holds it out for " + string(part), Allowed: "the snapshots, seed and split of the data set, or other snapshots"}}
		}
	}
	return nil
}

// Stored returns an error unless the samples of the set for training are those
// of a data set, one for one.
func (f *Factory) Stored(file string, m *dataset.Manifest) error {
	problem := func(field, value, reason, allowed string) error {
		return &configs.Error{Problems: []configs.Problem{{File: file, Field: field, Value: value, Reason: reason, Allowed: allowed}}}
	}
	const other = "or draw = \"fresh\" in the configuration of training"
	if uint64(f.Config.Data.Seed) != m.Seed {
		return problem("data.seed", strconv.Itoa(f.Config.Data.Seed), "the data set of training has another, and its samples are to be made again", fmt.Sprintf("%d, %s", m.Seed, other))
	}
	if digest := configs.Digest(f.Config); digest != m.ConfigDigest {
		return problem("", "", fmt.Sprintf("digest %.12s is not that of the configuration that made the data set of training (%.12s), whose samples are to be made again", digest, m.ConfigDigest),
			"the configuration of the data set, "+other)
	}
	samples := 0
	for _, s := range m.Shards {
		if s.Part == dataset.Train {
			samples += s.Samples
		}
	}
	if samples != len(f.stored) {
		return problem("data.rotations", strconv.Itoa(f.Config.Data.Rotations), fmt.Sprintf("%d of %d samples for training were dropped as outliers, and cannot be told before they are made", len(f.stored)-samples, len(f.stored)),
			"a data set without outliers, "+other)
	}
	return nil
}

// Drawn returns in words how the winds of the configuration are drawn otherwise
// than those of a data set, or "".
func (f *Factory) Drawn(m *dataset.Manifest) string {
	if f.Config.Data.Models == 0 || maps.Equal(Parameters(f.Config), m.Parameters) {
		return ""
	}
	for _, key := range slices.Sorted(maps.Keys(m.Parameters)) {
		if a, b := Parameters(f.Config)[key], m.Parameters[key]; a != b {
			return fmt.Sprintf("%s from %g to %g (%s), in the data set from %g to %g (%s)", key, a.Min, a.Max, a.Law, b.Min, b.Max, b.Law)
		}
	}
	return "the data set has no winds"
}
