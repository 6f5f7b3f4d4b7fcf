// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/mpiutil"
)

// TestMistakesAreFound puts mistakes into sums over ranks, each of which must
// show in the comparison with one rank.
func TestMistakesAreFound(t *testing.T) {
	want, err := reference(openCPU, Options{Fixed: true}, 16, 1)
	if err != nil {
		t.Fatal(err)
	}
	m := Mesh{Data: 2, Tensor: 1, Space: [3]int{1, 1, 1}}
	for name, f := range map[string]fault[float32]{
		"no mistake": {},
		"a wrong count of a normalisation": {moments: func(counts []int, _ [][]float64) {
			counts[0]++
		}},
		"a slot off by one sample": {slots: func(bounds []int) []int {
			bounds[1]++
			return bounds
		}},
		"a slot of the dense layers off by one sample": {group: func(bounds []int) []int {
			bounds[1]++
			return bounds
		}},
	} {
		err := mpiutil.InProcess(2, func(c *mpiutil.Comm) error {
			got, err := run(openCPU(), c, Options{Mesh: m, Fixed: true}, 16, 1, func(l *learner[float32]) {
				if c.Rank() == 1 {
					l.team.fault = f
				}
			})
			if err != nil {
				return err
			}
			return errors.Join(compare("gradient", got.gradients, want.gradients, 0), compare("value", got.values, want.values, 0))
		})
		t.Logf("%s: %v", name, err)
		if (err == nil) != (name == "no mistake") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Ranks 1 and 2 of 4 have each other's slots: no sum is wrong, but the tree is.
	err = mpiutil.InProcess(4, func(c *mpiutil.Comm) error {
		got, err := run(openCPU(), c, Options{Fixed: true}, 16, 1, func(l *learner[float32]) {
			l.place = []int{0, 2, 1, 3}[c.Rank()]
		})
		if err != nil {
			return err
		}
		if err := compare("gradient", got.gradients, want.gradients, 1e-5); err != nil {
			t.Errorf("swapped slots: %v", err)
		}
		return compare("gradient", got.gradients, want.gradients, 0)
	})
	t.Logf("swapped slots: %v", err)
	if err == nil {
		t.Error("swapped slots have the same bits")
	}
	// In fast mode a wrong count is no rounding.
	loose, err := reference(openCPU, Options{}, 8, 1)
	if err != nil {
		t.Fatal(err)
	}
	err = mpiutil.InProcess(2, func(c *mpiutil.Comm) error {
		got, err := run(openCPU(), c, Options{Mesh: m}, 8, 1, func(l *learner[float32]) {
			l.team.fault.moments = func(counts []int, _ [][]float64) { counts[0]++ }
		})
		return errors.Join(err, compare("gradient", got.gradients, loose.gradients, 1e-4))
	})
	if err == nil {
		t.Error("a wrong count of a normalisation is within 1e-4 in fast mode")
	}
}

// steps makes whole steps as a trainer does, and returns the values of a rank.
func steps(c *mpiutil.Comm, o Options, clip float64, batch, n int) (values map[string][]float32, norms []float64, l *learner[float32], err error) {
	l, err = newLearner(openCPU(), c, o, clip)
	for s := 0; s < n && err == nil; s++ {
		var norm float64
		if err = l.pass(s, batch); err == nil {
			norm, err = l.opt.Step(1e-3)
		}
		norms = append(norms, norm)
	}
	if err == nil {
		err = l.opt.Flush()
	}
	if err != nil {
		return nil, nil, nil, err
	}
	return l.tensors(func(e *nn.Entry[float32]) device.Buffer[float32] { return e.Value }), norms, l, nil
}

// TestLateUpdate compares the late update of the dense layers with the eager one,
// bit by bit, in both modes.
func TestLateUpdate(t *testing.T) {
	for _, o := range []Options{
		{Mesh: Mesh{Data: 2, Tensor: 1, Space: [3]int{1, 1, 1}}}, {Mesh: Mesh{Data: 2, Tensor: 1, Space: [3]int{1, 1, 1}}, Fixed: true},
		{Mesh: Mesh{Data: 2, Tensor: 2, Space: [3]int{1, 1, 1}}},
	} {
		inProcess(t, o.Mesh.Ranks(), func(c *mpiutil.Comm) error {
			late, _, l, err := steps(c, o, 0, 8, 3)
			if err != nil {
				return err
			}
			eager := o
			eager.Eager = true
			want, _, k, err := steps(c, eager, 0, 8, 3)
			if err != nil {
				return err
			}
			if !l.opt.Lazy() || k.opt.Lazy() {
				return fmt.Errorf("late update: %v, eager: %v", l.opt.Lazy(), k.opt.Lazy())
			}
			return compare("value", late, want, 0)
		})
	}
}

// TestClipping compares the norm and the values after clipped steps.
func TestClipping(t *testing.T) {
	var want map[string][]float32
	var norms []float64
	inProcess(t, 1, func(c *mpiutil.Comm) (err error) {
		want, norms, _, err = steps(c, Options{Fixed: true}, 0.5, 8, 3)
		return err
	})
	if len(norms) != 3 || norms[0] < 0.5 {
		t.Fatalf("norms %v: nothing to clip", norms)
	}
	m := Mesh{Data: 2, Tensor: 2, Space: [3]int{1, 1, 1}}
	inProcess(t, m.Ranks(), func(c *mpiutil.Comm) error {
		got, found, l, err := steps(c, Options{Mesh: m, Fixed: true}, 0.5, 8, 3)
		if err != nil {
			return err
		}
		if l.opt.Lazy() {
			return errors.New("the late update is on although gradients are clipped")
		}
		for i := range norms {
			if found[i] != norms[i] {
				return fmt.Errorf("norm %d is %.17g, on one rank %.17g", i, found[i], norms[i])
			}
		}
		return compare("value", got, want, 0)
	})
}

// TestLocalNormalisation: with statistics of a rank's own samples, ranks go apart
// from one rank, and their parameters stay together.
func TestLocalNormalisation(t *testing.T) {
	want, err := reference(openCPU, Options{}, 8, 1)
	if err != nil {
		t.Fatal(err)
	}
	m := Mesh{Data: 2, Tensor: 1, Space: [3]int{1, 1, 1}}
	inProcess(t, 2, func(c *mpiutil.Comm) error {
		got, err := run(openCPU(), c, Options{Mesh: m, LocalNorm: true}, 8, 1, nil)
		if err != nil {
			return err
		}
		if compare("gradient", got.gradients, want.gradients, 1e-4) == nil {
			return errors.New("local statistics do what synchronised ones do")
		}
		weight := got.values["encoder1.layers.0.layers.0.weight"]
		both := make([]float32, 2*len(weight))
		if err := mpiutil.Allgather(c, weight, both); err != nil {
			return err
		}
		for i := range weight {
			if both[i] != both[len(weight)+i] {
				return errors.New("parameters of the ranks differ")
			}
		}
		return nil
	})
}

// TestTraffic compares the bytes that the reducers count with the formulas.
func TestTraffic(t *testing.T) {
	for _, m := range some(2, meshes()) {
		m.Space = [3]int{1, 1, 1}
		inProcess(t, m.Ranks(), func(c *mpiutil.Comm) error {
			l, err := newLearner(openCPU(), c, Options{Mesh: m, Eager: true}, 0)
			if err != nil {
				return err
			}
			l.team.Traffic()
			if err := l.pass(0, 2*m.Ranks()); err != nil {
				return err
			}
			if _, err := l.opt.Step(1e-3); err != nil {
				return err
			}
			got := l.team.Traffic()
			inputs, outputs := 3*32*(grid/16)*(grid/16)*(grid/16), 64*(grid/8)*(grid/8)
			dense := inputs*latent + latent + latent*outputs + outputs
			all, without := whole().ParameterCount()
			want := m.Expect(2, inputs, latent, outputs, all-without-dense, 4)
			// The bias of to_lat lies in shard 0 alone, and buckets round down.
			slack := int64(4*latent + 64)
			if got.Exchange != want.Exchange || got.Latent != want.Latent || math.Abs(float64(got.Gradients-want.Gradients)) > float64(slack) {
				return fmt.Errorf("%v: sent %+v, by the formulas %+v", m, got, want)
			}
			return nil
		})
	}
	// The published network on 4 ranks at 512 samples each: data 860 MB, tensor 308 MB, of
	// which two thirds are latent values in float64.
	const k, h, o, conv = 6144, 4096, 28672, 143_294_737 - 25_169_920 - 117_469_184
	if b := (Mesh{Data: 4, Tensor: 1, Space: [3]int{1, 1, 1}}).Expect(512, k, h, o, conv, 4).Total(); math.Abs(float64(b)/859.8e6-1) > 0.005 {
		t.Errorf("data 4 sends %d bytes", b)
	}
	tensor := (Mesh{Data: 1, Tensor: 4, Space: [3]int{1, 1, 1}}).Expect(512, k, h, o, conv, 4)
	if b := tensor.Exchange + tensor.Latent; math.Abs(float64(b)/308.3e6-1) > 0.005 {
		t.Errorf("tensor 4 sends %d bytes", b)
	}
}

func TestMeshes(t *testing.T) {
	for _, c := range []struct {
		mesh  Mesh
		ranks int
		want  string // of the mesh, or of the error
	}{
		{Mesh{}, 6, "data 6 × tensor 1"}, {Mesh{Tensor: 2}, 6, "data 3 × tensor 2"}, {Mesh{Data: 3, Tensor: 2}, 6, "data 3 × tensor 2"},
		{Mesh{Tensor: 4}, 6, "6 ranks were started, no multiple of tensor × space = 4"}, {Mesh{Data: 2, Tensor: 2}, 6, "needs 4 ranks, but 6 were started"},
		{Mesh{Data: -1}, 1, "at least 1"}, {Mesh{Space: [3]int{2, 1, 1}}, 2, "data 1 × tensor 1 × space [2 1 1]"}, {Mesh{Tensor: 3}, 2, "no multiple"},
	} {
		m, err := c.mesh.Fill(c.ranks)
		if text := fmt.Sprint(m, err); !strings.Contains(text, c.want) {
			t.Errorf("%+v on %d ranks: %s", c.mesh, c.ranks, text)
		}
	}
	for _, o := range []Options{{Fixed: true, Mesh: Mesh{Data: 3}}, {Fixed: true, LocalNorm: true, Mesh: Mesh{Data: 2}}} {
		err := mpiutil.InProcess(o.Mesh.Data, func(c *mpiutil.Comm) error {
			_, err := New(openCPU(), c, o)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "fixed mode") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
