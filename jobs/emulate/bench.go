// SPDX-License-Identifier: BSD-3-Clause

package emulate

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/columen/columen/solver/grid"
)

// timing is the speed at one batch size, over the repeats.
type timing struct {
	Batch         int     `json:"batch"`
	Repeats       int     `json:"repeats"`
	MedianS       float64 `json:"seconds_median"` // of a batch
	QuartileLowS  float64 `json:"seconds_quartile_low"`
	QuartileHighS float64 `json:"seconds_quartile_high"`
	ImagesPerS    float64 `json:"images_per_s"` // at the median
}

// report is the file of a measurement, with all its context.
type report struct {
	Device        string   `json:"device"`
	Threads       int      `json:"threads"`
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
func (t *task) bench(ctx context.Context, cube *grid.Cube[float64]) error {
	n := t.net.Card.Network
	r := report{Device: t.net.Model.Device().Name(), Threads: t.env.Threads, Variant: n.Variant, Grid: n.Grid, Channels: n.Frequencies, FLOPs: t.net.Model.FLOPs()}
	start := time.Now()
	one, err := t.input(cube, t.views[0])
	if err != nil {
		return fmt.Errorf("%s: %w", t.source.Path, err)
	}
	r.NormaliseS = time.Since(start).Seconds()
	if r.FirstS, err = t.measure(one); err != nil {
		return err
	}
	for batch := 1; batch <= t.cfg.Bench.BatchMax; batch *= 2 {
		input := slices.Repeat(one, batch)
		if _, err := t.measure(input); err != nil {
			return err
		}
		seconds := make([]float64, t.cfg.Bench.Repeats)
		for i := range seconds {
			if err := t.env.Check(ctx); err != nil {
				return err
			}
			if seconds[i], err = t.measure(input); err != nil {
				return err
			}
		}
		slices.Sort(seconds)
		now := timing{Batch: batch, Repeats: len(seconds), MedianS: quantile(seconds, 0.5), QuartileLowS: quantile(seconds, 0.25), QuartileHighS: quantile(seconds, 0.75)}
		now.ImagesPerS = float64(batch) / now.MedianS
		r.Timings = append(r.Timings, now)
		if now.ImagesPerS > r.BestImagesPer {
			r.BestBatch, r.BestImagesPer = batch, now.ImagesPerS
		}
	}
	r.print(t)
	return t.writeReport(r)
}

// measure returns the seconds of one prediction.
func (t *task) measure(input []float32) (float64, error) {
	start := time.Now()
	_, err := t.net.Predict(input)
	return time.Since(start).Seconds(), err
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
	fmt.Fprintf(w, "%s, grid %d, %d channels, device %s, %d threads, %.1f MFLOP per image; first image %.1f ms, normalisation %.1f ms\n",
		r.Variant, r.Grid, r.Channels, r.Device, r.Threads, float64(r.FLOPs)/1e6, 1e3*r.FirstS, 1e3*r.NormaliseS)
	fmt.Fprintf(w, "%6s %12s %25s %12s\n", "batch", "median [ms]", "quartiles [ms]", "images/s")
	for _, x := range r.Timings {
		fmt.Fprintf(w, "%6d %12.3f %12.3f %12.3f %12.2f\n", x.Batch, 1e3*x.MedianS, 1e3*x.QuartileLowS, 1e3*x.QuartileHighS, x.ImagesPerS)
	}
	fmt.Fprintf(w, "latency at batch 1: %.3f ms; best throughput: %.2f images/s at batch %d\n", 1e3*r.Timings[0].MedianS, r.BestImagesPer, r.BestBatch)
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
