// SPDX-License-Identifier: BSD-3-Clause

package emulate

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/columen/columen/jobs/internal/product"
)

// timing is the speed at one batch size, over the repeats.
type timing struct {
	Batch         int     `json:"batch"`
	Repeats       int     `json:"repeats"`
	MedianS       float64 `json:"seconds_median"` // of a batch
	QuartileLowS  float64 `json:"seconds_quartile_low"`
	QuartileHighS float64 `json:"seconds_quartile_high"`
	ImagesPerS    float64 `json:"images_per_s"`    // at the median
	WeightGBPerS  float64 `json:"weight_gb_per_s"` // weights read, over the median
}

// report is the file of a measurement, with all its context.
type report struct {
	Device        string   `json:"device"`
	Threads       int      `json:"threads"`
	Cores         int      `json:"cores"` // that the process may use
	Dense         string   `json:"dense"` // precision of the dense weights
	Parameters    int      `json:"parameters"`
	WeightBytes   int      `json:"weight_bytes"` // read for every batch
	Variant       string   `json:"variant"`
	Grid          int      `json:"grid"`
	Channels      int      `json:"channels"`
	FLOPs         int      `json:"flop_per_image"`
	FirstS        float64  `json:"first_image_seconds"` // batch 1, weights mapped and not read before
	NormaliseS    float64  `json:"normalise_seconds"`   // turning and normalising one cube, not in the timings
	Timings       []timing `json:"timings"`
	BestBatch     int      `json:"best_batch"`
	BestImagesPer float64  `json:"best_images_per_s"`
}

// bench measures the network from input to output in the host's memory, at
// batch sizes of powers of two: one batch to warm up, then the repeats.
func (t *task) bench(ctx context.Context, s *subject) error {
	n := t.net.Card.Network
	r := report{
		Device: t.net.Model.Device().Name(), Threads: t.env.Threads, Cores: runtime.GOMAXPROCS(0), Dense: t.cfg.Network.Dense,
		Variant: n.Variant, Grid: n.Grid, Channels: n.Frequencies, FLOPs: t.net.Model.FLOPs(),
	}
	r.Parameters, _ = t.net.Model.ParameterCount()
	r.WeightBytes = t.net.WeightBytes()
	start := time.Now()
	one, err := t.input(s.cube, t.views[0])
	if err != nil {
		return fmt.Errorf("%s: %w", t.source.Path, err)
	}
	r.NormaliseS = time.Since(start).Seconds()
	var output []float32 // of the last batch measured
	if r.FirstS, output, err = t.measure(one); err != nil {
		return err
	}
	for batch := t.cfg.Bench.BatchMin; batch <= t.cfg.Bench.BatchMax; batch *= 2 {
		input := slices.Repeat(one, batch)
		if _, _, err := t.measure(input); err != nil {
			return err
		}
		seconds := make([]float64, t.cfg.Bench.Repeats)
		sum := 0.0
		for i := range seconds {
			if err := t.env.Check(ctx); err != nil {
				return err
			}
			if seconds[i], output, err = t.measure(input); err != nil {
				return err
			}
			sum += seconds[i]
		}
		t.env.Manifest.AddPhase(fmt.Sprintf("batch %d", batch), sum)
		slices.Sort(seconds)
		now := timing{Batch: batch, Repeats: len(seconds), MedianS: quantile(seconds, 0.5), QuartileLowS: quantile(seconds, 0.25), QuartileHighS: quantile(seconds, 0.75)}
		now.ImagesPerS, now.WeightGBPerS = float64(batch)/now.MedianS, float64(r.WeightBytes)/now.MedianS/1e9
		r.Timings = append(r.Timings, now)
		if now.ImagesPerS > r.BestImagesPer {
			r.BestBatch, r.BestImagesPer = batch, now.ImagesPerS
		}
	}
	r.print(t)
	if t.cfg.Bench.Image == "yes" {
		view := t.cfg.Views[0].Name
		img, err := t.image(s, view, t.views[0], output[len(output)-t.net.Card.Data.Shape().OutputLen():])
		if err == nil {
			err = product.Write(ctx, t.env, t.cfg.Output, view, img, 32)
		}
		if err != nil {
			return err
		}
	}
	return t.writeReport(r)
}

// measure returns the seconds of one prediction, and what was predicted.
func (t *task) measure(input []float32) (seconds float64, output []float32, err error) {
	start := time.Now()
	output, err = t.predict(input)
	return time.Since(start).Seconds(), output, err
}

// quantile interpolates between sorted values.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// print writes the table for people.
func (r report) print(t *task) {
	w := t.env.Stdout
	fmt.Fprintf(w, "%s, grid %d, %d channels, %d parameters, %.1f MFLOP per image\n", r.Variant, r.Grid, r.Channels, r.Parameters, float64(r.FLOPs)/1e6)
	fmt.Fprintf(w, "device %s, %d threads on %d cores, dense layers in %s, %.1f MB of weights\n", r.Device, r.Threads, r.Cores, r.Dense, float64(r.WeightBytes)/1e6)
	fmt.Fprintf(w, "first image %.1f ms (weights not read before), normalisation %.1f ms, neither in the table\n", 1e3*r.FirstS, 1e3*r.NormaliseS)
	fmt.Fprintf(w, "%6s %12s %25s %12s %14s\n", "batch", "median [ms]", "quartiles [ms]", "images/s", "weights [GB/s]")
	for _, x := range r.Timings {
		fmt.Fprintf(w, "%6d %12.3f %12.3f %12.3f %12.2f %14.1f\n", x.Batch, 1e3*x.MedianS, 1e3*x.QuartileLowS, 1e3*x.QuartileHighS, x.ImagesPerS, x.WeightGBPerS)
	}
	one := r.Timings[0]
	best := r.Timings[slices.IndexFunc(r.Timings, func(x timing) bool { return x.Batch == r.BestBatch })]
	fmt.Fprintf(w, "latency at batch %d: %.3f ms, interquartile range %.3f ms; best throughput: %.2f images/s at batch %d, interquartile range %.2f images/s\n",
		one.Batch, 1e3*one.MedianS, 1e3*(one.QuartileHighS-one.QuartileLowS), r.BestImagesPer, r.BestBatch,
		float64(best.Batch)/best.QuartileLowS-float64(best.Batch)/best.QuartileHighS)
}

func (t *task) writeReport(r report) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	final := t.env.Outputs.Paths()[0]
	if err := os.WriteFile(t.env.Outputs.Partial(final), append(data, '\n'), 0o666); err != nil {
		return t.env.Outputs.NotWritten(final, err)
	}
	return nil
}
