// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/cost"
	"github.com/columen/columen/emulator/parallel"
	"github.com/columen/columen/emulator/weights"
	"github.com/columen/columen/jobs/internal/calibrate"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/mpiutil"
)

// fastRates are those of a core that makes little of a sample.
func fastRates(n cost.Network) cost.Rates { return cost.ByArithmetic(n, 1e-3, 1e11) }

// TestRanksChooseOneMesh: ranks of which each has measured something else choose
// what rank 0 does, and a mesh of fixed mode stays within its limits.
func TestRanksChooseOneMesh(t *testing.T) {
	shape := weights.Network{Variant: "net3d", Grid: 64, Frequencies: 7, Latent: 4096}
	for _, mode := range []string{"fast", "fixed"} {
		chosen := make([]parallel.Mesh, 4)
		err := mpiutil.InProcess(4, func(c *mpiutil.Comm) error {
			cfg := &configs.Train{Data: configs.TrainingSet{Batch: 16}, Parallel: configs.Mesh{Choice: "auto", Tensor: 1, Space: [3]int{1, 1, 1}, Mode: mode}}
			env := &run.Env{Comm: run.World{Comm: c}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
			wires := cost.Messages{LatencySeconds: 1e-6, BytesPerSecond: 1e9}
			if c.Rank() > 0 { // where whole layers would be best
				wires.BytesPerSecond = 1e15
			}
			task := &task{env: env, ranks: c, cfg: cfg, shape: shape, machine: &calibrate.Machine{Rates: fastRates(cost.Network(shape)), Messages: wires, Sharing: cost.Alone()}}
			var err error
			chosen[c.Rank()], err = task.choose(c.Size())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range chosen {
			if m != chosen[0] || m.Ranks() != 4 || m.Tensor != 4 {
				t.Errorf("%s mode: %v", mode, chosen)
			}
		}
	}
	err := mpiutil.InProcess(3, func(c *mpiutil.Comm) error {
		task := &task{ranks: c, env: &run.Env{Comm: run.World{Comm: c}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}, shape: shape,
			cfg: &configs.Train{Data: configs.TrainingSet{Batch: 16}, Parallel: configs.Mesh{Mode: "fixed"}}, machine: &calibrate.Machine{Rates: fastRates(cost.Network(shape)), Sharing: cost.Alone()}}
		if _, err := task.choose(3); err == nil || !strings.Contains(err.Error(), "1, 2, 4 or 8") {
			return errors.New("three ranks in fixed mode are accepted")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestReasons: the log says why a mesh is first.
func TestReasons(t *testing.T) {
	candidate := func(fits bool, s float64) cost.Candidate {
		return cost.Candidate{Fits: fits, Step: cost.Step{Forward: s}}
	}
	for want, list := range map[string][]cost.Candidate{
		"the only one": {candidate(true, 1)}, "least memory": {candidate(false, 2), candidate(false, 1)},
		"others need more memory": {candidate(true, 2), candidate(false, 1)}, "simpler": {candidate(true, 1.005), candidate(true, 1)},
		"least predicted time": {candidate(true, 1), candidate(true, 2)},
	} {
		if got := reason(list); !strings.Contains(got, want) {
			t.Errorf("%v: %q, want %q", list, got, want)
		}
	}
}
