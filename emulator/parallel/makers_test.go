// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/optim"
	"github.com/columen/columen/emulator/train"
	"github.com/columen/columen/mpiutil"
)

// drawn is a set whose samples are functions of epoch and number; it counts them,
// and one of them cannot be made.
type drawn struct {
	shape dataset.Shape
	n     int
	bad   int
	count *atomic.Int64
}

// badSample is an error with an exit code.
type badSample struct{}

func (badSample) Error() string { return "no such wind" }
func (badSample) ExitCode() int { return 2 }

func (d drawn) Len() int                         { return d.n }
func (d drawn) Read(i int, x, y []float32) error { return d.ReadIn(0, i, x, y) }
func (d drawn) value(epoch int64, i, at int) float32 {
	return float32(epoch*1000+int64(i)) + float32(at)/4096
}
func (d drawn) ReadIn(epoch int64, i int, x, y []float32) error {
	d.count.Add(1)
	if i == d.bad {
		return badSample{}
	}
	time.Sleep(time.Duration((i*7)%5) * 20 * time.Microsecond) // out of order
	for k := range x {
		x[k] = d.value(epoch, i, k)
	}
	for k := range y {
		y[k] = -d.value(epoch, i, k)
	}
	return nil
}

func newDrawn(n int) drawn {
	return drawn{shape: dataset.Shape{Grid: 8, Channels: 3}, n: n, bad: -1, count: new(atomic.Int64)}
}

func feedOptions(t testing.TB, d drawn) dataset.LoaderOptions {
	nm, err := dataset.Published(dataset.MultiFrequency)
	if err != nil {
		t.Fatal(err)
	}
	return dataset.LoaderOptions{Shape: d.shape, BatchSize: 5, Seed: 3, Augment: true, Normalization: nm}
}

// withMakers runs train on the trainers of a world, and makes samples on others.
func withMakers(c *mpiutil.Comm, makers int, d drawn, o dataset.LoaderOptions, train func(f *Feed, trainers *mpiutil.Comm) error) error {
	m, err := NewMakers(c, makers)
	if err != nil {
		return err
	}
	if m.Trainers() == nil {
		return m.Conclude(m.Serve(context.Background(), d, o, 2))
	}
	f := m.Feed(d.n, nil)
	return m.Conclude(errors.Join(train(f, m.Trainers()), f.Leave()))
}

// text is a deep copy of a batch.
func text(b *dataset.Batch) string {
	return fmt.Sprint(b.Epoch, b.Position, b.Total, b.Samples, b.Input, b.Output, b.NextEpoch, b.NextPosition)
}

// TestFeedEqualsLoader compares batches that other ranks make with those of a
// loader, bit by bit, over the end of an epoch, and from the middle of another to
// which the trainers go without waiting for what is in flight; also with more
// trainers than samples in the last batch.
func TestFeedEqualsLoader(t *testing.T) {
	for _, c := range some(2, [][2]int{{2, 1}, {1, 1}, {1, 3}, {3, 2}, {4, 4}}) {
		trainers, makers := c[0], c[1]
		d := newDrawn(12)
		options := feedOptions(t, d)
		inProcess(t, trainers+makers, func(c *mpiutil.Comm) error {
			return withMakers(c, makers, d, options, func(f *Feed, team *mpiutil.Comm) error {
				for _, cursor := range [][2]int64{{0, 0}, {2, 5}, {1, 0}} {
					o := options
					o.Rank, o.Ranks, o.Epoch, o.Position = team.Rank(), team.Size(), cursor[0], cursor[1]
					if err := equalsLoader(f, d, o, 7-2*int(cursor[0])); err != nil {
						return fmt.Errorf("from %v: %w", cursor, err)
					}
				}
				return nil
			})
		})
	}
}

func equalsLoader(f *Feed, d drawn, o dataset.LoaderOptions, steps int) error {
	l, err := dataset.NewLoader(d, o)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := f.Begin(o); err != nil {
		return err
	}
	defer f.Close()
	samples, busy := 0, 0.0
	for step := range steps {
		want, err1 := l.Next()
		got, err2 := f.Next()
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if text(got) != text(want) {
			return fmt.Errorf("step %d: %.200s, want %.200s", step, text(got), text(want))
		}
		e := f.Effort()
		if e.Samples != int64(len(got.Samples)) {
			return fmt.Errorf("step %d: effort %+v for %d samples", step, e, len(got.Samples))
		}
		samples += len(got.Samples)
		busy += e.Busy
	}
	if samples > 0 && busy <= 0 {
		return errors.New("makers spent no time")
	}
	return nil
}

// TestMakersEnd ends trainers before they begin, at once, and while samples are in
// flight: all ranks return what the trainers do, and no message is left.
func TestMakersEnd(t *testing.T) {
	for steps := -1; steps < 3; steps++ {
		for _, failure := range []error{nil, badSample{}} {
			d := newDrawn(12)
			options := feedOptions(t, d)
			inProcess(t, 4, func(c *mpiutil.Comm) error {
				err := withMakers(c, 2, d, options, func(f *Feed, team *mpiutil.Comm) error {
					o := options
					o.Rank, o.Ranks = team.Rank(), team.Size()
					if steps >= 0 {
						if err := f.Begin(o); err != nil {
							return err
						}
					}
					for range steps {
						if _, err := f.Next(); err != nil {
							return err
						}
					}
					return failure
				})
				if (err == nil) != (failure == nil) || err != nil && (mpiutil.ExitCode(err) != 2 || err.Error() != failure.Error()) {
					return fmt.Errorf("%d steps: %v, want %v", steps, err, failure)
				}
				return c.Finalize() // refuses with messages in flight
			})
		}
	}
}

// TestMakerFails has a sample that cannot be made: the trainer that wants it gets
// the error with its exit code, not before, and all ranks end with it.
func TestMakerFails(t *testing.T) {
	d := newDrawn(12)
	d.bad = 4
	options := feedOptions(t, d)
	inProcess(t, 3, func(c *mpiutil.Comm) error {
		err := withMakers(c, 1, d, options, func(f *Feed, team *mpiutil.Comm) error {
			o := options
			o.Rank, o.Ranks = team.Rank(), team.Size()
			l, err := dataset.NewLoader(d, o)
			if err != nil {
				return err
			}
			defer l.Close()
			if err := f.Begin(o); err != nil {
				return err
			}
			for {
				_, want := l.Next()
				_, got := f.Next()
				if (want == nil) != (got == nil) {
					return fmt.Errorf("error %v, of a loader %v", got, want)
				}
				if err := mpiutil.Agree(team, got); err != nil {
					return err
				}
			}
		})
		if err == nil || mpiutil.ExitCode(err) != 2 || !strings.Contains(err.Error(), "rank 2, which makes samples: data loader: sample 4 in epoch 0: no such wind") {
			return fmt.Errorf("error %v, exit code %d", err, mpiutil.ExitCode(err))
		}
		return c.Finalize()
	})
}

// TestMakersAhead checks that a trainer which takes no samples gets no more than
// the bounds say, that the watchdog lets an idle maker be, and that a maker that was
// told to stop tells the trainers.
func TestMakersAhead(t *testing.T) {
	d := newDrawn(1000)
	options := feedOptions(t, d)
	inProcess(t, 2, func(c *mpiutil.Comm) error {
		m, err := NewMakers(c, 1)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if m.Trainers() == nil {
			cancel() // told at once
			stop := c.StartWatchdog(200*time.Millisecond, nil)
			err := m.Serve(ctx, d, options, 2)
			stop()
			return m.Conclude(err)
		}
		f := m.Feed(d.n, cancel)
		o := options
		o.Rank, o.Ranks = 0, 1
		if err := f.Begin(o); err != nil {
			return err
		}
		var made int64
		for last := int64(-1); made == 0 || made != last; made = d.count.Load() { // until nothing more is made
			last = made
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(400 * time.Millisecond) // longer than the watchdog of the maker waits
		if most := int64(3*5 + 2*5 + 2); made > most {
			err = fmt.Errorf("%d samples made ahead, want at most %d", made, most)
		}
		if _, failed := f.Next(); failed != nil || ctx.Err() == nil {
			err = errors.Join(err, failed, fmt.Errorf("told to stop: %v", ctx.Err()))
		}
		return m.Conclude(errors.Join(err, f.Leave()))
	})
}

// TestBadMakers asks for numbers of makers that there are not.
func TestBadMakers(t *testing.T) {
	for _, n := range []int{0, -1, 2} {
		inProcess(t, 2, func(c *mpiutil.Comm) error {
			if _, err := NewMakers(c, n); err == nil || !strings.Contains(err.Error(), "of 2 ranks make samples") {
				return fmt.Errorf("%d makers: %v", n, err)
			}
			return nil
		})
	}
}

// TestTrainOnMakers stops and continues a run whose samples other ranks make, and
// compares the end with a run of one rank that reads them, bit by bit.
func TestTrainOnMakers(t *testing.T) {
	options := func(dir string) train.Options {
		return train.Options{Dir: dir, Digest: "test", Epochs: 1, BatchSize: 4, Seed: 7, Alpha: alpha, Augment: true,
			Schedule: optim.ScheduleOptions{Kind: "constant", Base: 1e-3}}
	}
	whole, parts := t.TempDir(), t.TempDir()
	for _, leg := range []struct {
		dir           string
		ranks, makers int
		stop          int64
	}{{whole, 1, 0, -1}, {parts, 3, 1, 1}, {parts, 3, 2, -1}} {
		inProcess(t, leg.ranks, func(c *mpiutil.Comm) error {
			opts := options(leg.dir)
			run := func(c *mpiutil.Comm) error {
				tr, ctx, err := newTrainer(c, Options{Fixed: true}, opts, leg.stop)
				if err != nil {
					return err
				}
				err = tr.Run(ctx)
				var stopped *train.Interrupted
				if errors.As(err, &stopped) && stopped.Step == leg.stop {
					return nil
				}
				if err == nil && (tr.Step() != 2 || leg.makers > 0 && tr.History()[0].Supply.Goroutines != 7) {
					return fmt.Errorf("%d steps, %+v", tr.Step(), tr.History()[0].Supply)
				}
				return err
			}
			if leg.makers == 0 {
				return run(c)
			}
			m, err := NewMakers(c, leg.makers)
			if err != nil {
				return err
			}
			set := memory(5)
			if m.Trainers() == nil {
				nm, err := dataset.Published(dataset.Rotation)
				if err != nil {
					return err
				}
				return m.Conclude(m.Serve(context.Background(), set, dataset.LoaderOptions{Shape: set.Shape, BatchSize: 4, Seed: 7, Augment: true, Normalization: nm}, 1))
			}
			f := m.Feed(set.Len(), nil)
			opts.Makers, opts.Batches = 7, func(o dataset.LoaderOptions) (train.Batches, error) { return f, f.Begin(o) }
			return m.Conclude(errors.Join(run(m.Trainers()), f.Leave()))
		})
	}
	want, err1 := files(whole)
	got, err2 := files(parts)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for name, data := range want {
		if !bytes.Equal(got[name], data) {
			t.Errorf("%s differs", name)
		}
	}
}

// TestGoBackOnMakers has a sample that makes the loss no number: the run goes back
// to its beginning and passes the batch over, with the same bits on samples of
// another rank as on those of a loader.
func TestGoBackOnMakers(t *testing.T) {
	set := memory(5)
	set.Outputs[2*set.Shape.OutputLen()] = float32(math.NaN())
	var ends []map[string][]byte
	for _, makers := range []int{0, 1} {
		opts := train.Options{Dir: t.TempDir(), Digest: "test", Epochs: 1, BatchSize: 2, Seed: 7, Alpha: alpha, Guard: train.Guard{NaN: train.RollBack, Most: 1},
			Schedule: optim.ScheduleOptions{Kind: "constant", Base: 1e-3}}
		inProcess(t, 1+makers, func(c *mpiutil.Comm) error {
			opts := opts
			run := func(c *mpiutil.Comm) error {
				tr, ctx, err := newTrainer(c, Options{Fixed: true}, opts, -1)
				if err != nil {
					return err
				}
				if err = tr.Run(ctx); err == nil && tr.Step() != 2 {
					err = fmt.Errorf("%d steps", tr.Step())
				}
				return err
			}
			if makers == 0 {
				opts.Batches = func(o dataset.LoaderOptions) (train.Batches, error) { return dataset.NewLoader(set, o) }
				return run(c)
			}
			m, err := NewMakers(c, makers)
			if err != nil {
				return err
			}
			if m.Trainers() == nil {
				return m.Conclude(m.Serve(context.Background(), set, dataset.LoaderOptions{Shape: set.Shape, BatchSize: 2, Seed: 7}, 1))
			}
			f := m.Feed(set.Len(), nil)
			opts.Batches = func(o dataset.LoaderOptions) (train.Batches, error) { return f, f.Begin(o) }
			return m.Conclude(errors.Join(run(m.Trainers()), f.Leave()))
		})
		end, err := files(opts.Dir)
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, end)
	}
	for name, want := range ends[0] {
		if !bytes.Equal(ends[1][name], want) {
			t.Errorf("%s differs", name)
		}
	}
}
