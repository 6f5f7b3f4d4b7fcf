// SPDX-License-Identifier: BSD-3-Clause

package emulate

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/product"
	"github.com/columen/columen/jobs/internal/run"
)

// outputOf are the products of a model of the list, whose file is in their names.
func outputOf(c *configs.Emulate, path string) configs.Products {
	out := c.Output
	out.Name += "." + configs.Stem(path)
	return out
}

// item is a view of a model, ready for the network, or why there is none.
type item struct {
	*subject
	view  int
	input []float32
	err   error
}

// many images the models of the list: one goroutine reads ahead, and this one runs
// the network on full batches and writes what is complete.
func (t *task) many(ctx context.Context) error {
	w, err := t.openWork()
	if err != nil {
		return err
	}
	var pending []string
	for _, path := range t.cfg.Many.Files {
		if !w.done(path) {
			pending = append(pending, path)
		}
	}
	if done := len(t.cfg.Many.Files) - len(pending); done > 0 {
		t.env.Manifest.Continued = true
		t.env.Log.Info("continuing", "done", done, "of", len(t.cfg.Many.Files))
	}
	if len(pending) > 0 {
		err := t.stream(ctx, w, pending)
		if cause := context.Cause(ctx); err != nil && cause != nil {
			return &run.RequeueError{Reason: cause.Error() + "; the images that are done are kept"}
		}
		if err != nil {
			return err
		}
	}
	return w.publish()
}

// stream images the files that are not done.
func (t *task) stream(ctx context.Context, w *work, pending []string) error {
	batch := t.cfg.Many.Batch
	quit := make(chan struct{})
	items := make(chan item, t.cfg.Many.Ahead*max(batch, 8))
	go func() {
		defer close(items)
		t.readAhead(pending, items, quit)
	}()
	defer func() { // the reader holds an HDF5 file: wait for its end
		close(quit)
		for range items {
		}
	}()
	bar := t.env.Progress("emulate", int64(len(pending)*len(t.views))).Rates("images", float64(4*t.net.Card.Data.Shape().InputLen()))
	var full []item
	for more := true; more; {
		if err := t.env.Check(ctx); err != nil {
			return err
		}
		var next item
		if next, more = <-items; more {
			if next.err != nil { // what came before it is whole
				return errors.Join(t.flush(ctx, w, full), next.err)
			}
			full = append(full, next)
		}
		if batch == 0 && len(full) > 0 {
			var err error
			if batch, err = t.best(full[0].input, len(pending)*len(t.views)); err != nil {
				return err
			}
		}
		if len(full) > 0 && (len(full) >= batch || !more) {
			if err := t.flush(ctx, w, full); err != nil {
				return err
			}
			bar.Add(int64(len(full)))
			full = full[:0]
		}
	}
	t.env.Manifest.AddPhase("emulate", bar.Done())
	return nil
}

// readAhead reads models and turns them towards the observers until quit closes.
func (t *task) readAhead(paths []string, items chan<- item, quit <-chan struct{}) {
	send := func(x item) bool {
		select {
		case items <- x:
			return x.err == nil
		case <-quit:
			return false
		}
	}
	for _, path := range paths {
		s, err := t.loadFile(path)
		if err != nil {
			send(item{err: err})
			return
		}
		cube := s.cube
		for i, v := range t.views {
			s.cube = cube
			input, err := t.see(s, v)
			// Only the network's input waits in the queue.
			if !send(item{subject: &subject{name: s.name, path: s.path, mesh: s.mesh}, view: i, input: input, err: err}) {
				return
			}
		}
	}
}

// flush makes the images of a batch and writes them. The images of a model come
// one after the other, so it is done with its last view.
func (t *task) flush(ctx context.Context, w *work, batch []item) error {
	if len(batch) == 0 {
		return nil
	}
	shape := t.net.Card.Data.Shape()
	input := make([]float32, 0, len(batch)*shape.InputLen())
	for _, x := range batch {
		input = append(input, x.input...)
	}
	output, err := t.predict(input)
	if err != nil {
		return err
	}
	n := shape.OutputLen()
	for i, x := range batch {
		name := t.cfg.Views[x.view].Name
		img, err := t.image(x.subject, name, t.views[x.view], output[i*n:(i+1)*n])
		if err == nil {
			err = product.Write(ctx, t.env, outputOf(t.cfg, x.path), name, img, 32)
		}
		if err == nil {
			err = w.keep(x.path, t.cfg.Views[x.view:x.view+1])
		}
		if err == nil && x.view == len(t.views)-1 {
			err = w.finish(x.path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// best returns the batch of the highest throughput among powers of two up to
// bench.batch_max, by one prediction each after one to warm up.
func (t *task) best(one []float32, images int) (int, error) {
	best, rate := 1, 0.0
	for batch := 1; batch <= min(t.cfg.Bench.BatchMax, images); batch *= 2 {
		input := slices.Repeat(one, batch)
		for warm := range 2 {
			start := time.Now()
			if _, err := t.predict(input); err != nil {
				return 0, err
			}
			if now := float64(batch) / time.Since(start).Seconds(); warm == 1 && now > rate {
				best, rate = batch, now
			}
		}
	}
	t.env.Log.Info("best batch", "images", best, "images_per_s", int(rate))
	return best, nil
}

// productsOf lists the final paths of the images of a model.
func productsOf(c *configs.Emulate, path string, views []configs.View) []string {
	return product.Files(outputOf(c, path), views)
}

// inFolder is the place of a finished file in the work folder.
func (w *work) inFolder(final string) string { return filepath.Join(w.dir, filepath.Base(final)) }
