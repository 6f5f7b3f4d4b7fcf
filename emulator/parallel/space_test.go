// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/optim"
	"github.com/columen/columen/emulator/train"
	"github.com/columen/columen/mpiutil"
)

// TestMistakesBetweenBlocks puts mistakes into the exchange of halos and into the
// counts of normalisation, each of which must show.
func TestMistakesBetweenBlocks(t *testing.T) {
	const batch = 2
	want, err := reference(openCPU, Options{}, batch, 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]fault[float32]{
		"no mistake": {},
		"a dropped corner": {halo: func(from int, values []float32) {
			if from == 0 && len(values) == batch { // one cell of each sample: that of the first convolution
				clear(values)
			}
		}},
		"a wrong count": {moments: func(counts []int, _ [][]float64) { counts[0]++ }},
	} {
		err := mpiutil.InProcess(8, func(c *mpiutil.Comm) error {
			got, err := run(openCPU(), c, Options{Mesh: Mesh{Data: 1, Tensor: 1, Space: [3]int{2, 2, 2}}}, batch, 1, func(l *learner[float32]) {
				if c.Rank() == 7 {
					l.team.fault = f
				}
			})
			return errors.Join(err, compare("gradient", got.gradients, want.gradients, 1e-6))
		})
		t.Logf("%s: %v", name, err)
		if (err == nil) != (name == "no mistake") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSpaceOptions refuses what blocks of samples do not have.
func TestSpaceOptions(t *testing.T) {
	for _, o := range []Options{{Fixed: true}, {LocalNorm: true}} {
		o.Mesh = Mesh{Data: 1, Tensor: 1, Space: [3]int{2, 1, 1}}
		err := mpiutil.InProcess(2, func(c *mpiutil.Comm) error {
			_, err := New(openCPU(), c, o)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "space [2 1 1]") {
			t.Errorf("%+v: error %v", o, err)
		}
	}
}

// TestReadInBlocks makes a step on ranks that share cubes, each of which reads its
// blocks, and compares its end with that of ranks that read whole cubes and send the
// blocks, bit by bit.
func TestReadInBlocks(t *testing.T) {
	for _, m := range some(1, []Mesh{{Data: 1, Tensor: 1, Space: [3]int{1, 2, 2}}, {Data: 2, Tensor: 1, Space: [3]int{1, 1, 2}}}) {
		var ends []map[string][]byte
		for _, block := range []*dataset.Block{nil, {}} {
			dir := t.TempDir()
			inProcess(t, m.Ranks(), func(c *mpiutil.Comm) error {
				tr, ctx, err := newTrainer(c, Options{Mesh: m}, train.Options{Dir: dir, Digest: "test", Epochs: 1, BatchSize: 2, Seed: 7, Alpha: alpha,
					Augment: true, Block: block, Schedule: optim.ScheduleOptions{Kind: "constant", Base: 1e-3}}, 1)
				if err != nil {
					return err
				}
				var stopped *train.Interrupted
				if err := tr.Run(ctx); !errors.As(err, &stopped) {
					return fmt.Errorf("stop after a step: %w", err)
				}
				return nil
			})
			end, err := files(dir)
			if err != nil {
				t.Fatal(err)
			}
			ends = append(ends, end)
		}
		for name, want := range ends[0] {
			if !bytes.Equal(ends[1][name], want) {
				t.Errorf("%v: %s differs", m, name)
			}
		}
	}
}
