// SPDX-License-Identifier: BSD-3-Clause

package evaluate

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/evaluate"
	"github.com/columen/columen/emulator/metric"
)

// report is the file of an evaluation.
type report struct {
	Weights         string             `json:"weights"`
	TrainingDigest  string             `json:"training_digest"`
	Manifest        string             `json:"manifest"`
	Part            string             `json:"part"`
	SplitBy         string             `json:"split_by"` // "model", or "sample", where the training saw the same models
	Batch           int                `json:"batch"`    // on which SSIM depends
	FrequenciesHz   []float64          `json:"frequencies_hz"`
	Guesses         []row              `json:"guesses"`                 // the emulator first, then the baselines
	RatioToBaseline float64            `json:"ratio_to_baseline"`       // of the emulator's median MaxRel to the better baseline's
	ByOrigin        map[string]float64 `json:"maxrel_median_of_origin"` // of the emulator [%]
	Symmetrised     bool               `json:"symmetrised"`
	Comparison      *comparison        `json:"comparison,omitempty"` // with the solver
	Worst           []sample           `json:"worst"`
	Samples         []sample           `json:"samples"` // the emulator's MaxRel of each
}

// row is a guess and its metrics.
type row struct {
	Name string `json:"name"`
	evaluate.Summary
}

// sample is where a sample lies and how well the emulator did.
type sample struct {
	Number int     `json:"number"` // in the part
	Shard  string  `json:"shard"`
	Index  int     `json:"index"` // in the shard
	MaxRel float64 `json:"maxrel_percent"`
}

// report collects what the guesses scored.
func (t *task) report(guesses []guess) (*report, error) {
	r := &report{
		Weights: filepath.Base(t.cfg.Network.Weights), TrainingDigest: t.net.Card.Digest, Manifest: filepath.Base(t.cfg.Data.Manifest), Part: t.cfg.Data.Part,
		SplitBy: t.manifest.SplitBy, Batch: t.cfg.Data.Batch, FrequenciesHz: t.manifest.FrequenciesHz, ByOrigin: map[string]float64{},
		Symmetrised: t.cfg.Network.Symmetrise == "yes",
	}
	for _, g := range guesses {
		s, err := g.scores.Summary()
		if err != nil {
			return nil, err
		}
		r.Guesses = append(r.Guesses, row{g.name, s})
	}
	r.RatioToBaseline = r.Guesses[0].MaxRelMedian / min(r.Guesses[1].MaxRelMedian, r.Guesses[2].MaxRelMedian)
	maxRel, origins := guesses[0].scores.MaxRel(), map[string][]float64{}
	for _, e := range t.manifest.Shards {
		if e.Part != dataset.Part(t.cfg.Data.Part) {
			continue
		}
		for i := range e.Samples {
			k := len(r.Samples)
			r.Samples = append(r.Samples, sample{k, e.Path, i, maxRel[k]})
			origins[string(e.Origin)] = append(origins[string(e.Origin)], maxRel[k])
		}
	}
	for origin, values := range origins {
		median, err := metric.LowerMedian(values)
		if err != nil {
			return nil, err
		}
		r.ByOrigin[origin] = median
	}
	r.Worst = slices.SortedStableFunc(slices.Values(r.Samples), func(a, b sample) int { return cmp.Compare(b.MaxRel, a.MaxRel) })
	r.Worst = r.Worst[:min(t.cfg.Report.Worst, len(r.Worst))]
	return r, nil
}

// print writes the tables for people.
func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "%s on the %s part of %s: %d samples, split by %s; SSIM: %s, batches of %d\n\n",
		r.Weights, r.Part, r.Manifest, r.Guesses[0].Samples, r.SplitBy, r.Guesses[0].SSIMBorder, r.Batch)
	fmt.Fprintf(w, "%-24s %14s %8s %8s\n", "", "MaxRel median", "ZNCC", "SSIM")
	for _, g := range r.Guesses {
		fmt.Fprintf(w, "%-24s %12.3f %% %8.4f %8.4f\n", g.Name, g.MaxRelMedian, evaluate.Mean(g.ZNCC), evaluate.Mean(g.SSIM))
	}
	fmt.Fprintf(w, "\nmedian MaxRel of the emulator / of the better baseline: %.3f\n", r.RatioToBaseline)
	fmt.Fprintf(w, "\n%-24s", "MaxRel [%]")
	for b := range evaluate.Buckets - 1 {
		fmt.Fprintf(w, " %6s", fmt.Sprintf("<%d", 10*(b+1)))
	}
	fmt.Fprintf(w, " %6s\n", "≥100")
	for _, g := range r.Guesses {
		counts := make([]string, len(g.MaxRelBuckets))
		for b, n := range g.MaxRelBuckets {
			counts[b] = fmt.Sprintf("%6d", n)
		}
		fmt.Fprintf(w, "%-24s %s\n", g.Name, strings.Join(counts, " "))
	}
	fmt.Fprintf(w, "\nemulator, per channel\n%16s %8s %8s\n", "frequency [GHz]", "ZNCC", "SSIM")
	for f, nu := range r.FrequenciesHz {
		fmt.Fprintf(w, "%16.6f %8.4f %8.4f\n", nu/1e9, r.Guesses[0].ZNCC[f], r.Guesses[0].SSIM[f])
	}
	if r.Comparison != nil {
		r.Comparison.print(w)
	}
}
