// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/optim"
	"github.com/columen/columen/emulator/train"
	"github.com/columen/columen/mpiutil"
)

// exact is a device that sums statistics of normalisation and the weights of the
// first layer in double precision. Single precision sums a row in an order that
// depends on its length, and a block has shorter rows: statistics then differ by
// 1e-7, which twenty layers of rectifiers turn into 1e-5 of the gradient, as any
// change of the last bit does, and sums over a large layer by 2e-6, which is what
// those of one rank are from the truth.
type exact struct{ device.Device[float32] }

func host(b device.Buffer[float32]) []float32 { return b.(device.Host[float32]) }

func (d exact) BatchNormStats(n device.BatchNorm, x device.Buffer[float32], s device.NormState[float32]) {
	device.BatchNormStats(1, n, host(x), host(s.Mean), host(s.Variance))
}

func (d exact) BatchNormMoments(n device.BatchNorm, x device.Buffer[float32], moments []float64) {
	device.BatchNormMoments(1, n, host(x), moments)
}

func (d exact) BatchNormSums(n device.BatchNorm, s device.NormState[float32], x, dy, dgamma, dbeta device.Buffer[float32]) {
	device.BatchNormSums(1, n, host(x), host(dy), host(s.Mean), host(s.Variance), host(s.Scale), host(s.Shift), host(dgamma), host(dbeta))
}

func (d exact) BatchNormPartSums(n device.BatchNorm, s device.NormState[float32], x, dy device.Buffer[float32], sums []float64) {
	device.BatchNormPartSums(1, n, host(x), host(dy), host(s.Mean), host(s.Variance), host(s.Scale), host(s.Shift), sums)
}

func (d exact) ConvBackwardWeights(c device.Conv, batch int, x, dy, dw, db device.Buffer[float32]) {
	if c.In > 1 {
		d.Device.ConvBackwardWeights(c, batch, x, dy, dw, db)
		return
	}
	device.ConvBackwardWeights(1, c, batch, host(x), host(dy), host(dw), host(db))
}

func openExact() device.Device[float32] { return exact{openCPU()} }

// spaces are meshes in which ranks share cubes, alone and beside other axes.
func spaces() []Mesh {
	return []Mesh{
		{Data: 1, Tensor: 1, Space: [3]int{2, 1, 1}}, {Data: 1, Tensor: 1, Space: [3]int{2, 2, 2}}, {Data: 1, Tensor: 1, Space: [3]int{1, 1, 3}},
		{Data: 2, Tensor: 1, Space: [3]int{1, 2, 1}}, {Data: 1, Tensor: 2, Space: [3]int{1, 1, 2}},
	}
}

// TestSpaceEqualsOneRank compares ranks that share the cubes of samples with one
// rank: to 1e-11 in float64, and in float32 to 1e-6 beside what one rank is from
// float64, with a batch of fewer samples than ranks.
func TestSpaceEqualsOneRank(t *testing.T) {
	const batch = 2
	single, err := reference(openExact, Options{}, batch, 3)
	if err != nil {
		t.Fatal(err)
	}
	double, err := reference(openScalar, Options{}, batch, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := rounding(single, batch); err != nil {
		t.Fatal(err)
	}
	for _, m := range some(1, spaces()) {
		t.Run(m.String(), func(t *testing.T) {
			inProcess(t, m.Ranks(), func(c *mpiutil.Comm) error { return equal(openExact(), c, Options{Mesh: m}, batch, single, 1e-6) })
			if m.Data == 1 && m.Tensor == 1 {
				inProcess(t, m.Ranks(), func(c *mpiutil.Comm) error { return equal(openScalar(), c, Options{Mesh: m}, batch, double, 1e-11) })
			}
		})
	}
}

// TestSpaceEqualsWholeCubes compares ranks that share cubes with as many that have
// whole ones and the same shards of the dense layers: then the encoders are all
// that differs, and the tolerance in float32 is 1e-6 without any allowance.
func TestSpaceEqualsWholeCubes(t *testing.T) {
	for i, m := range some(2, spaces()) {
		for _, batch := range [][]int{{4}, {1}, {4}, {1}, {4}}[i] {
			t.Run(fmt.Sprintf("%v, batch %d", m, batch), func(t *testing.T) {
				inProcess(t, m.Ranks(), func(c *mpiutil.Comm) error { return compareWithWholeCubes(c, m, batch) })
			})
		}
	}
}

func compareWithWholeCubes(c *mpiutil.Comm, m Mesh, batch int) error {
	want, err := run(openExact(), c, Options{Mesh: Mesh{Data: m.Data, Tensor: m.Group(), Space: [3]int{1, 1, 1}}}, batch, 3, nil)
	if err != nil {
		return err
	}
	want.noise = biasFloor(want.gradients)
	return equal(openExact(), c, Options{Mesh: m}, batch, want, 1e-6)
}

// biasFloor allows an absolute error of 1e-7 in gradients that are 0 but for
// rounding: those of biases in front of a normalisation.
func biasFloor(gradients map[string][]float32) map[string]float64 {
	noise := map[string]float64{}
	for name, g := range gradients {
		if p := partner(name, true); p != name && length(g) < 1e-4*length(gradients[p]) {
			noise[name] = 1e-7
		}
	}
	return noise
}

// TestMistakesBetweenBlocks puts mistakes into the exchange of halos and into the
// counts of normalisation, each of which must show.
func TestMistakesBetweenBlocks(t *testing.T) {
	m := Mesh{Data: 1, Tensor: 1, Space: [3]int{2, 2, 2}}
	for name, f := range map[string]fault[float32]{
		"no mistake": {},
		"a dropped corner": {halo: func(from int, values []float32) {
			if from == 0 && len(values) == 8 { // one cell of 8 samples: that of the first convolution
				clear(values)
			}
		}},
		"a wrong count": {moments: func(counts []int, _ [][]float64) { counts[0]++ }},
	} {
		err := mpiutil.InProcess(8, func(c *mpiutil.Comm) error {
			want, err := run(openExact(), c, Options{Mesh: Mesh{Data: 1, Tensor: 8, Space: [3]int{1, 1, 1}}}, 8, 1, nil)
			if err != nil {
				return err
			}
			got, err := run(openExact(), c, Options{Mesh: m}, 8, 1, func(l *learner[float32]) {
				if c.Rank() == 7 {
					l.team.fault = f
				}
			})
			return errors.Join(err, compare("gradient", got.gradients, want.gradients, 1e-6, biasFloor(want.gradients)))
		})
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
