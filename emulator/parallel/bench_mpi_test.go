// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && cgo

package parallel

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/columen/columen/emulator"
	"github.com/columen/columen/emulator/device/cpu"
	"github.com/columen/columen/emulator/loss"
	"github.com/columen/columen/emulator/optim"
	"github.com/columen/columen/mpiutil"
)

// BenchmarkMeshes trains the published network of 143 million parameters with a
// global batch of 16 on two cores, in turns, and prints samples per second of the
// best step together:
//
//	go test -tags mpi -run '^$' -bench Meshes -benchtime 1x ./emulator/parallel
//
// It needs about 8 GB.
func BenchmarkMeshes(b *testing.B) {
	launcher, err := exec.LookPath("mpirun")
	if err != nil {
		b.Fatal(err)
	}
	cases := []struct{ ranks, tensor, threads int }{{1, 1, 1}, {2, 2, 1}, {2, 1, 1}, {1, 1, 2}}
	best, rates := make([]string, len(cases)), make([]float64, len(cases))
	for b.Loop() {
		for i, c := range cases {
			cmd := exec.Command(launcher, "-n", fmt.Sprint(c.ranks), os.Args[0])
			cmd.Env = append(os.Environ(), fmt.Sprintf("COLUMEN_MPI_TEST=bench %d %d", c.tensor, c.threads),
				"OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "OMPI_MCA_hwloc_base_binding_policy=none",
				"OMPI_MCA_rmaps_base_oversubscribe=1", "OMPI_MCA_mpi_yield_when_idle=1", "OMPI_MCA_btl_vader_single_copy_mechanism=none")
			out, err := cmd.CombinedOutput()
			at := strings.Index(string(out), "bench: ")
			if err != nil || at < 0 {
				b.Fatalf("%+v: %v\n%s", c, err, out)
			}
			line, _, _ := strings.Cut(string(out)[at:], "\n")
			rate, _ := strconv.ParseFloat(strings.Fields(line)[1], 64)
			if rate > rates[i] {
				rates[i], best[i] = rate, line
			}
		}
	}
	for i, c := range cases {
		name := fmt.Sprintf("%d-ranks-tensor-%d-threads-%d", c.ranks, c.tensor, c.threads)
		b.ReportMetric(rates[i], name+"-samples/s")
		b.Logf("%s: %.2f × one rank of one thread; %s", name, rates[i]/rates[0], best[i])
	}
}

// benchRole is what a rank of BenchmarkMeshes does: "bench TENSOR THREADS".
func benchRole(c *mpiutil.Comm, role string) error {
	const batch, steps = 16, 4
	var tensor, threads int
	if _, err := fmt.Sscanf(role, "bench %d %d", &tensor, &threads); err != nil {
		return err
	}
	dev := cpu.Open(threads)
	team, err := New(dev, c, Options{Mesh: Mesh{Tensor: tensor}})
	if err != nil {
		return err
	}
	place := emulator.Placement[float32]{Parts: team.Parts()}
	if x := team.Exchange(); x != nil {
		place.Exchange = x
	}
	net, err := emulator.NewPlaced(dev, emulator.Config{Variant: emulator.Net3D}, place)
	if err != nil {
		return err
	}
	if err := net.Init(1); err != nil {
		return err
	}
	opt, err1 := NewOptimizer(team, net, optim.Options{}, 0)
	criterion, err2 := loss.NewFreqMSE(64, 64, alpha, threads)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	team.Begin(batch)
	lo, hi := team.samples(team.Rank())
	n := hi - lo
	x, y := make([]float32, n*3*64*64*64), make([]float32, n*7*64*64)
	state := uint32(lo + 1)
	for i := range x {
		state = state*1664525 + 1013904223
		x[i] = float32(state>>8) / (1 << 24)
	}
	in, dy := dev.Adopt(x), dev.Alloc(len(y))
	pred, grad := make([]float32, len(y)), make([]float32, len(y))
	var took []float64
	var parts [4][]float64
	for range steps + 1 {
		if err := c.Barrier(); err != nil {
			return err
		}
		team.Spent()
		team.Traffic()
		start := time.Now()
		dev.Download(pred, net.Forward(in, n, true))
		if _, err := loss.EvalPart(criterion, pred, y, grad, batch*7*64*64); err != nil {
			return err
		}
		forward := time.Now()
		dev.Upload(dy, grad)
		net.Backward(dy)
		backward := time.Now()
		if _, err := opt.Step(1e-4); err != nil {
			return err
		}
		if err := c.Barrier(); err != nil {
			return err
		}
		took = append(took, time.Since(start).Seconds())
		for i, s := range []float64{forward.Sub(start).Seconds(), backward.Sub(forward).Seconds(), time.Since(backward).Seconds(), team.Spent()} {
			parts[i] = append(parts[i], s)
		}
	}
	fastest := slices.Index(took, slices.Min(took[1:]))
	if c.Rank() == 0 {
		fmt.Printf("bench: %.3f samples/s, forward %.3f s, backward %.3f s, step %.3f s, of these in communication %.3f s, sent %+v\n",
			batch/took[fastest], parts[0][fastest], parts[1][fastest], parts[2][fastest], parts[3][fastest], team.Traffic())
	}
	return opt.Flush()
}
