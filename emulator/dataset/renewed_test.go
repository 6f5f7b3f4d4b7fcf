// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// dated is a source whose samples hold their number and epoch. Samples take
// times that differ, so that workers overtake each other.
type dated struct {
	*Memory
	bad int64 // epoch in which samples 3 and 1 are broken
}

func (d dated) ReadIn(epoch int64, i int, input, output []float32) error {
	time.Sleep(time.Duration((i*7)%5) * 100 * time.Microsecond)
	if epoch == d.bad && (i == 3 || i == 1) {
		return fmt.Errorf("no sample %d", i)
	}
	if err := d.Read(i, input, output); err != nil {
		return err
	}
	output[0] = float32(epoch)
	return nil
}

// TestRenewedSamples checks that sources that are renewed every epoch are asked
// for the epoch of the batch, in one order for any number of workers, and that
// the first broken sample of a batch is the one that is reported.
func TestRenewedSamples(t *testing.T) {
	src := dated{numbered(testShape, 10), 99}
	o := LoaderOptions{Shape: testShape, BatchSize: 4, Seed: 1}
	var want []string
	for _, workers := range []int{1, 2, 5} {
		o.Workers = workers
		l := newLoader(t, src, o)
		var got []string
		samples := 0
		for range 9 {
			b, err := l.Next()
			must(t, err)
			for k, sample := range b.Samples {
				if b.Output[k*testShape.OutputLen()] != float32(b.Epoch) || int(b.Input[k*testShape.InputLen()]) != sample {
					t.Fatalf("sample %d in epoch %d is %g in epoch %g", sample, b.Epoch, b.Input[k*testShape.InputLen()], b.Output[k*testShape.OutputLen()])
				}
			}
			samples += len(b.Samples)
			got = append(got, record(b))
		}
		if e := l.Effort(); e.Samples < int64(samples) || e.Samples > int64(samples)+3*4 || !(e.Busy > 0) {
			t.Errorf("%d samples used of %+v: want no more than three batches ahead", samples, e)
		}
		l.Close()
		if l.Effort(); want != nil && !slices.Equal(got, want) {
			t.Errorf("%d workers give another order", workers)
		}
		want = got
	}
	o.InOrder, o.Epoch, o.BatchSize = true, 99, 10
	_, err := newLoader(t, src, o).Next()
	mentions(t, "broken samples", err, "sample 1 in epoch 99", "no sample 1")
}
