// SPDX-License-Identifier: BSD-3-Clause

// Package evaluate is the job that compares a trained network with the solver's
// images of models that it has not seen.
//
//	$ columen evaluate evaluate.toml
package evaluate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/evaluate"
	"github.com/columen/columen/emulator/metric"
	"github.com/columen/columen/jobs/internal/model"
	"github.com/columen/columen/jobs/internal/network"
	"github.com/columen/columen/jobs/internal/run"
)

// Job returns the row of the job in the table.
func Job() run.Job {
	return run.Job{
		Name:  "evaluate",
		Short: "Compare the emulator with the solver on held-out samples",
		Long: `Evaluate predicts the held-out images of a data set and says how far they are
from the solver's: MaxRel (median and histogram), ZNCC and SSIM per channel. Two
guesses without a network stand beside it: the mean training image, and the image
of the training sample whose input is most alike.

It prints a table and writes DIR/NAME.evaluation.json with the MaxRel of every
sample, and DIR/NAME.worst.png with the worst of them and their residuals.

With [compare] the solver images the same cubes, from file to file: a plain one
(scalar, one thread), the fast one, and cheaper settings of it (single precision,
grids of a half and a quarter with the image scaled up). A table has time, error
and the number of images after which generation, training and emulation together
cost less processor time than the cheapest setting that is no worse than the
network. It is infinite where the network costs more for each image.`,
		Example: "  columen evaluate evaluate.toml\n  columen evaluate evaluate.toml --set data.part=validation",
		Config:  func() configs.Job { return new(configs.Evaluate) },
		Outputs: func(cfg configs.Job) []string {
			c := cfg.(*configs.Evaluate)
			stem := filepath.Join(c.Output.Dir, c.Output.Name)
			files := []string{stem + ".evaluation.json"}
			if c.Report.Worst > 0 {
				files = append(files, stem+".worst.png")
			}
			return files
		},
		Plan: plan,
		Run:  execute,
	}
}

// task is an evaluate job, built.
type task struct {
	env      *run.Env
	cfg      *configs.Evaluate
	net      *network.Trained
	manifest *dataset.Manifest
	shape    dataset.Shape
	train    *dataset.Shards
	held     *dataset.Shards
	border   metric.Border
	predict  dataset.Predictor // the network, symmetrised if so asked
}

// build opens network and data and checks that they fit.
func build(env *run.Env) (*task, error) {
	t := &task{env: env, cfg: env.Config.(*configs.Evaluate), border: metric.BorderKept}
	if t.cfg.Report.Border == "cropped" {
		t.border = metric.BorderCropped
	}
	path := t.cfg.Data.Manifest
	if err := model.NeedHDF5(env.Args[0], "data.manifest", strconv.Quote(path), "no data set"); err != nil {
		return t, err
	}
	var err error
	if t.net, err = network.Open(t.cfg.Network.Weights, env.Threads); err != nil {
		return t, err
	}
	if err := t.net.Precision(t.cfg.Network.Dense); err != nil {
		return t, err
	}
	if t.manifest, err = dataset.ReadManifest(path); err != nil {
		return t, err
	}
	t.shape = t.manifest.Shape()
	t.predict = t.net.Predict
	if t.cfg.Network.Symmetrise == "yes" {
		t.predict = dataset.Symmetrise(t.net.Predict, t.net.Card.Data.Normalization, t.shape)
	}
	if err := network.CheckStatistics(t.cfg.Network.Weights, t.net.Card.Data, *t.manifest); err != nil {
		return t, err
	}
	if t.manifest.CellSizeM != 0 {
		if err := t.net.Card.Data.Admit(t.manifest.CellSizeM, t.manifest.VTurbMS); err != nil {
			return t, t.problem("data.manifest", strconv.Quote(path), err.Error(), fmt.Sprintf("a data set of cells of %g m and v_turb %g m/s, as the training's", t.net.Card.Data.CellSizeM, t.net.Card.Data.VTurbMS))
		}
	}
	if t.train, err = t.manifest.Open(filepath.Dir(path), dataset.Train); err != nil {
		return t, err
	}
	t.held, err = t.manifest.Open(filepath.Dir(path), dataset.Part(t.cfg.Data.Part))
	return t, err
}

// verify compares the shards with their checksums.
func (t *task) verify(ctx context.Context) error {
	if t.cfg.Data.Verify == "no" {
		return nil
	}
	bar := t.env.Progress("verify", int64(len(t.manifest.Shards)))
	for _, s := range t.manifest.Shards {
		if err := t.env.Check(ctx); err != nil {
			return err
		}
		if s.Part == dataset.Train || s.Part == dataset.Part(t.cfg.Data.Part) {
			if err := s.Verify(filepath.Dir(t.cfg.Data.Manifest)); err != nil {
				return err
			}
		}
		bar.Add(1)
	}
	t.env.Manifest.AddPhase("verify", bar.Done())
	return nil
}

func (t *task) close() {
	for _, s := range []*dataset.Shards{t.train, t.held} {
		if s != nil {
			s.Close()
		}
	}
	if t.net != nil {
		t.net.Close()
	}
}

func plan(_ context.Context, env *run.Env) error {
	t, err := build(env)
	defer t.close()
	if err != nil {
		return err
	}
	env.Log.Info("would evaluate", "part", t.cfg.Data.Part, "samples", t.held.Len(), "training_samples", t.train.Len(), "ssim", string(t.border))
	return nil
}

func execute(ctx context.Context, env *run.Env) error {
	// 1. Network, data and baselines.
	t, err := build(env)
	defer t.close()
	if err != nil {
		return err
	}
	if err := t.verify(ctx); err != nil {
		return err
	}
	mean, err := evaluate.MeanImage(t.train, t.shape)
	if err != nil {
		return err
	}
	neighbours, err := evaluate.NewNeighbours(t.train, t.shape)
	if err != nil {
		return err
	}

	// 2. Every held-out sample, three times.
	guesses := []guess{
		{name: "emulator", predict: t.predict},
		{name: "mean training image", predict: func(input []float32) ([]float32, error) { return t.repeat(mean, input), nil }},
		{name: "nearest training sample", predict: func(input []float32) ([]float32, error) { return t.nearest(neighbours, input) }},
	}
	if err := t.compare(ctx, guesses); err != nil {
		return err
	}

	// 3. The report.
	r, err := t.report(guesses)
	if err != nil {
		return err
	}
	if t.cfg.Compare != nil {
		if r.Comparison, err = t.race(ctx); err != nil {
			return err
		}
	}
	r.print(env.Stdout)
	env.Manifest.Cite("Su et al. 2025, RASTI, arXiv:2507.11398 (COEmuNet)")
	env.Manifest.Cite("Wang et al. 2004, IEEE Trans. Image Process. 13, 600 (SSIM)")
	return t.write(r)
}

// guess is a way to predict images [B, F, g, g] from inputs, and its scores.
type guess struct {
	name    string
	predict func(input []float32) ([]float32, error)
	scores  *evaluate.Scores
}

// compare predicts all held-out samples, batch by batch in order.
func (t *task) compare(ctx context.Context, guesses []guess) error {
	for i := range guesses {
		guesses[i].scores = evaluate.NewScores(t.shape, t.manifest.Normalization, t.border)
	}
	loader, err := dataset.NewLoader(t.held, dataset.LoaderOptions{Shape: t.shape, BatchSize: t.cfg.Data.Batch, InOrder: true})
	if err != nil {
		return err
	}
	defer loader.Close()
	bar := t.env.Progress("evaluate", int64(t.held.Len()))
	for last := false; !last; {
		if err := t.env.Check(ctx); err != nil {
			return err
		}
		b, err := loader.Next()
		if err != nil {
			return err
		}
		for _, g := range guesses {
			pred, err := g.predict(b.Input)
			if err == nil {
				err = g.scores.Add(b.Output, pred)
			}
			if err != nil {
				return fmt.Errorf("%s, samples from %d: %w", g.name, b.Position, err)
			}
		}
		bar.Add(int64(b.Total))
		last = b.EndOfEpoch()
	}
	t.env.Manifest.AddPhase("evaluate", bar.Done())
	return nil
}

// repeat predicts one image for every input.
func (t *task) repeat(image, input []float32) []float32 {
	var out []float32
	for range len(input) / t.shape.InputLen() {
		out = append(out, image...)
	}
	return out
}

// nearest predicts the image of the nearest training sample.
func (t *task) nearest(n *evaluate.Neighbours, input []float32) ([]float32, error) {
	in, out := t.shape.InputLen(), t.shape.OutputLen()
	images := make([]float32, len(input)/in*out)
	for i := range len(input) / in {
		if _, err := n.Predict(input[i*in:(i+1)*in], images[i*out:(i+1)*out]); err != nil {
			return nil, err
		}
	}
	return images, nil
}

// write writes the report and the pictures.
func (t *task) write(r *report) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	finals := t.env.Outputs.Paths()
	if err := os.WriteFile(t.env.Outputs.Partial(finals[0]), append(data, '\n'), 0o666); err != nil {
		return t.env.Outputs.NotWritten(finals[0], err)
	}
	if len(finals) == 1 {
		return nil
	}
	picture, err := t.draw(r.Worst)
	if err != nil {
		return errors.Join(errors.New("worst samples"), err)
	}
	if err := os.WriteFile(t.env.Outputs.Partial(finals[1]), picture, 0o666); err != nil {
		return t.env.Outputs.NotWritten(finals[1], err)
	}
	return nil
}
