// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// numbered returns n samples; every value of sample i is i + a fraction.
func numbered(shape Shape, n int) *Memory {
	m := &Memory{Shape: shape, Inputs: make([]float32, n*shape.InputLen()), Outputs: make([]float32, n*shape.OutputLen())}
	for i := range m.Inputs {
		m.Inputs[i] = float32(i/shape.InputLen()) + float32(i%shape.InputLen())/1024
	}
	for i := range m.Outputs {
		m.Outputs[i] = -float32(i/shape.OutputLen()) - float32(i%shape.OutputLen())/1024
	}
	return m
}

func newLoader(t *testing.T, src Source, o LoaderOptions) *Loader {
	t.Helper()
	l, err := NewLoader(src, o)
	must(t, err)
	t.Cleanup(l.Close)
	return l
}

// record is a deep copy of a batch as text.
func record(b *Batch) string {
	return fmt.Sprint(b.Epoch, b.Position, b.Total, b.Samples, b.Input, b.Output, b.NextEpoch, b.NextPosition)
}

func take(t *testing.T, l *Loader, n int) []string {
	t.Helper()
	var out []string
	for range n {
		b, err := l.Next()
		must(t, err)
		out = append(out, record(b))
	}
	return out
}

var testShape = Shape{Grid: 2, Channels: 3}

func TestLoaderVisitsEverySampleOncePerEpoch(t *testing.T) {
	const batch = 5
	for _, c := range [][2]int{{23, 1}, {23, 2}, {23, 3}, {23, 7}, {21, 2}, {20, 3}, {3, 2}, {1, 1}} {
		n, ranks := c[0], c[1]
		seen := make([]int, n)
		firstEpoch := map[int64][]int{}
		for rank := range ranks {
			l := newLoader(t, numbered(testShape, n), LoaderOptions{Shape: testShape, BatchSize: batch, Rank: rank, Ranks: ranks, Seed: 9})
			for step := 0; ; step++ {
				b, err := l.Next()
				must(t, err)
				if b.Epoch == 2 {
					break
				}
				if want := min(batch, n-int(b.Position)); b.Total != want || b.EndOfEpoch() != (int(b.Position)+want == n) {
					t.Fatalf("batch at %d: %d samples, end %v", b.Position, b.Total, b.EndOfEpoch())
				}
				for k, s := range b.Samples {
					seen[s]++
					if b.Epoch == 0 {
						firstEpoch[b.Position] = append(firstEpoch[b.Position], s)
					}
					if in := b.Input[k*testShape.InputLen()]; int(in) != s || b.Output[k*testShape.OutputLen()] != -float32(s) {
						t.Fatalf("sample %d holds the data of %g", s, in)
					}
				}
			}
		}
		for s, times := range seen {
			if times != 2 {
				t.Errorf("%d samples, %d ranks: sample %d was given out %d times in two epochs", n, ranks, s, times)
			}
		}
		// The ranks together have the batches of one rank, in its order.
		order := NewPermutation(n, 9, 0)
		for position, samples := range firstEpoch {
			for k, s := range samples {
				if want := order.At(int(position) + k); s != want {
					t.Errorf("%d ranks: place %d has sample %d: want %d", ranks, int(position)+k, s, want)
				}
			}
		}
	}
}

func TestLoaderDoesNotDependOnTiming(t *testing.T) {
	nm, err := Published(Rotation)
	must(t, err)
	o := LoaderOptions{Shape: testShape, BatchSize: 4, Seed: 1, Augment: true, Normalization: nm}
	want := take(t, newLoader(t, numbered(testShape, 10), o), 9)
	o.Prefetch, o.Workers = 5, 3
	if got := take(t, newLoader(t, numbered(testShape, 10), o), 9); !slices.Equal(got, want) {
		t.Error("batches depend on the number of workers or batches ahead")
	}
}

// A run resumed from any cursor equals an uninterrupted one.
func TestLoaderResumes(t *testing.T) {
	nm, err := Published(Rotation)
	must(t, err)
	o := LoaderOptions{Shape: testShape, BatchSize: 4, Seed: 1, Augment: true, Normalization: nm}
	src := numbered(testShape, 10)
	want := take(t, newLoader(t, src, o), 9)
	first := newLoader(t, src, o)
	for step := range 7 {
		b, err := first.Next()
		must(t, err)
		o.Epoch, o.Position = b.NextEpoch, b.NextPosition
		if got := take(t, newLoader(t, src, o), 2); !slices.Equal(got, want[step+1:step+3]) {
			t.Errorf("after step %d the resumed run differs", step)
		}
	}
}

func TestLoaderAugments(t *testing.T) {
	nm := Normalization{Kind: Rotation, VelocityMeanMS: 0.25, VelocityStdMS: 1, TemperatureLogMedian: 1, DensityLogMedian: 1, IntensityLogMedian: 1}
	src := numbered(testShape, 6)
	l := newLoader(t, src, LoaderOptions{Shape: testShape, BatchSize: 6, Seed: 3, InOrder: true, Augment: true, Normalization: nm})
	used := map[Symmetry]bool{}
	for range 4 {
		b, err := l.Next()
		must(t, err)
		for k, sample := range b.Samples {
			s := RandomSymmetry(NewRandom(3, PurposeAugment, uint64(b.Epoch), uint64(sample)))
			used[s] = true
			in, out := make([]float32, testShape.InputLen()), make([]float32, testShape.OutputLen())
			must(t, src.Read(sample, in, out))
			x, y := apply(s, nm, testShape.Grid, testShape.Channels, in, out)
			if !slices.Equal(x, b.Input[k*len(x):(k+1)*len(x)]) || !slices.Equal(y, b.Output[k*len(y):(k+1)*len(y)]) {
				t.Errorf("sample %d in epoch %d is not transformed by symmetry %d", sample, b.Epoch, s)
			}
		}
	}
	if len(used) < 8 {
		t.Errorf("only %d symmetries in 24 draws", len(used))
	}
}

// failing is a Source that breaks at one sample.
type failing struct{ *Memory }

func (f failing) Read(i int, input, output []float32) error {
	if i == 3 {
		return errors.New("disk gone")
	}
	return f.Memory.Read(i, input, output)
}

func TestLoaderReportsErrors(t *testing.T) {
	src := numbered(testShape, 5)
	l := newLoader(t, failing{src}, LoaderOptions{Shape: testShape, BatchSize: 1, InOrder: true, Prefetch: 1})
	take(t, l, 3)
	_, err := l.Next()
	mentions(t, "broken source", err, "sample 3", "epoch 0", "disk gone")
	_, again := l.Next()
	if !errors.Is(again, err) {
		t.Errorf("the error changed to %v", again)
	}
	l.Close()
	l.Close()
	for _, c := range []struct {
		o    LoaderOptions
		want string
	}{
		{LoaderOptions{Shape: testShape}, "batch of 0"},
		{LoaderOptions{BatchSize: 1}, "grid 0"},
		{LoaderOptions{Shape: testShape, BatchSize: 1, Rank: 2, Ranks: 2}, "rank 2 of 2"},
		{LoaderOptions{Shape: testShape, BatchSize: 1, Position: 5}, "position 5"},
		{LoaderOptions{Shape: testShape, BatchSize: 1, Augment: true}, "kind"},
	} {
		_, err := NewLoader(src, c.o)
		mentions(t, c.want, err, "data loader", c.want)
	}
}
