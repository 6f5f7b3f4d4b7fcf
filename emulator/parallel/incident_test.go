// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/columen/columen/emulator/optim"
	"github.com/columen/columen/emulator/train"
	"github.com/columen/columen/mpiutil"
)

// TestPassedOverOnRanks trains with a batch whose loss is not a number, which one
// rank alone meets first. Going back for it gives the same bits as skipping it, and
// in fixed mode those of one rank: its gradients reach no layer, those that are
// updated late neither.
func TestPassedOverOnRanks(t *testing.T) {
	set := memory(6)
	set.Outputs[4*set.Shape.OutputLen()] = float32(math.NaN())
	learn := func(mesh Mesh, fixed bool, clip float64, policy train.Policy) map[string][]byte {
		dir := t.TempDir()
		inProcess(t, mesh.Data*mesh.Tensor, func(c *mpiutil.Comm) error {
			tr, ctx, err := newTrainerOn(c, Options{Mesh: mesh, Fixed: fixed}, train.Options{Dir: dir, Digest: "test", Epochs: 2, BatchSize: 2, Seed: 7, Alpha: alpha,
				ClipNorm: clip, Optimizer: optim.Options{}, Schedule: optim.ScheduleOptions{Kind: "constant", Base: 1e-3},
				Guard: train.Guard{NaN: policy, Most: 2}}, -1, set)
			if err == nil {
				err = tr.Run(ctx)
			}
			if err == nil && tr.Step() != 4 {
				err = fmt.Errorf("%d steps", tr.Step())
			}
			return err
		})
		all, err := files(dir)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	compare := func(what string, got, want map[string][]byte) {
		for name, data := range want {
			if !bytes.Equal(got[name], data) {
				t.Errorf("%s: %s differs", what, name)
				return
			}
		}
	}
	for _, clip := range some(1, []float64{0, 0.5}) {
		one := learn(Mesh{Data: 1, Tensor: 1}, true, clip, train.Skip)
		mesh := Mesh{Data: 2, Tensor: 2}
		if clip > 0 {
			mesh.Tensor = 1
		}
		compare(fmt.Sprintf("%v, clipping to %g, against one rank", mesh, clip), learn(mesh, true, clip, train.Skip), one)
	}
	fast := Mesh{Data: 2, Tensor: 1}
	compare("fast mode", learn(fast, false, 0, train.RollBack), learn(fast, false, 0, train.Skip))
}
