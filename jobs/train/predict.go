// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"github.com/columen/columen/emulator/cost"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/parallel"
	"github.com/columen/columen/jobs/internal/calibrate"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/mpiutil"
)

// shown is how many meshes the log compares.
const shown = 5

// calibrated measures this machine, once.
func (t *task) calibrated() (*calibrate.Machine, error) {
	if t.machine != nil {
		return t.machine, nil
	}
	comm := t.ranks
	start := time.Now()
	batch := t.cfg.Data.Batch
	plan := calibrate.Short(cost.Network(t.shape), (batch+comm.Size()-1)/comm.Size(), batch, t.threads)
	memory := run.MemoryOfRank()
	if math.IsInf(memory, 1) {
		memory = 0
	}
	m, err := calibrate.Training(comm, t.dev, plan, memory)
	if err != nil {
		return nil, err
	}
	t.env.Log.Info("measured for predictions", "network", "one rank alone", "batches", fmt.Sprint(m.Rates.Batches), "threads", m.Rates.Threads,
		"messages_between_ranks", len(m.Messages.Sums) > 0, "memory_factor", fmt.Sprintf("%.2f", m.Sharing.Stream), "arithmetic_factor", fmt.Sprintf("%.2f", m.Sharing.Arithmetic),
		"seconds", fmt.Sprintf("%.1f", time.Since(start).Seconds()))
	t.machine = &m
	return t.machine, nil
}

// demand is what a step of this configuration depends on besides its mesh.
func (t *task) demand() cost.Options {
	return cost.Options{Batch: t.cfg.Data.Batch, Eager: t.cfg.Optimizer.ClipNorm > 0, LocalNorm: t.cfg.Parallel.BatchNorm == "local"}
}

// choose returns the mesh that the cost model finds best for so many ranks, the
// same on all of them, and logs why.
func (t *task) choose(ranks int) (parallel.Mesh, error) {
	m, err := t.calibrated()
	if err != nil {
		return parallel.Mesh{}, err
	}
	limits := cost.Limits{Ranks: ranks, MemoryBytes: run.MemoryOfRank(), Prefetch: t.cfg.Data.Prefetch,
		NoSpace: t.cfg.Parallel.BatchNorm == "local", Fixed: t.cfg.Parallel.Mode == "fixed"}
	if math.IsInf(limits.MemoryBytes, 1) {
		limits.MemoryBytes = 0
	}
	var best cost.Mesh
	var list []cost.Candidate
	if t.env.Comm.Rank() == 0 { // whose memory may differ from that of others
		if list, err = cost.Choose(cost.Network(t.shape), t.demand(), limits, m.Rates, m.Messages, m.Sharing); err == nil {
			best = list[0].Mesh
		}
	}
	if best, err = t.shared(best, err); err != nil {
		return parallel.Mesh{}, err
	}
	for i, c := range list[:min(shown, len(list))] {
		t.env.Log.Info("mesh", "place", i+1, "mesh", c.Mesh.String(), "predicted_ms_per_step", milliseconds(c.Step.Total()), "predicted_reduce_ms", milliseconds(c.Step.Reduce),
			"predicted_optimiser_ms", milliseconds(c.Step.Optimiser), "predicted_GB_per_rank", gigabytes(c.Memory.Total()), "fits", c.Fits)
	}
	if len(list) > 0 {
		t.env.Log.Info("mesh chosen", "mesh", best.String(), "of", len(list), "why", reason(list))
	}
	if len(list) > 0 && !list[0].Fits {
		t.env.Log.Warn("no mesh of these ranks is predicted to fit into the memory; this one needs least")
	}
	return parallel.Mesh(best), nil
}

// reason says in words why the first candidate is.
func reason(list []cost.Candidate) string {
	switch {
	case len(list) == 1:
		return "the only one"
	case !list[0].Fits:
		return "least memory"
	case !list[1].Fits:
		return "the others need more memory than there is"
	case list[0].Step.Total() > list[1].Step.Total():
		return "within 1 % of the fastest, and simpler"
	}
	return "least predicted time of a step"
}

// shared returns rank 0's mesh, or its error, on all ranks.
func (t *task) shared(m cost.Mesh, err error) (cost.Mesh, error) {
	if err := mpiutil.Agree(t.ranks, err); err != nil {
		return m, err
	}
	data := binary.LittleEndian.AppendUint32(nil, uint32(m.Data))
	for _, n := range []int{m.Tensor, m.Space[0], m.Space[1], m.Space[2]} {
		data = binary.LittleEndian.AppendUint32(data, uint32(n))
	}
	if err := mpiutil.Bcast(t.ranks, data, 0); err != nil {
		return m, err
	}
	at := func(i int) int { return int(binary.LittleEndian.Uint32(data[4*i:])) }
	return cost.Mesh{Data: at(0), Tensor: at(1), Space: [3]int{at(2), at(3), at(4)}}, nil
}

// predict logs what the cost model says of a step, an epoch and the memory of a
// rank.
func (t *task) predict(samples int) error {
	m, err := t.calibrated()
	if err != nil {
		return err
	}
	rates := m.Rates
	rates.SourcePerSample, err = t.sourceSeconds()
	if err := mpiutil.Agree(t.ranks, err); err != nil {
		return err
	}
	rates.Workers = t.workers()
	n, mesh, batch := cost.Network(t.shape), cost.Mesh(t.mesh()), t.cfg.Data.Batch
	s := cost.Predict(n, mesh, t.demand(), rates, m.Messages, m.Sharing)
	mem := cost.MemoryOf(n, mesh, batch, t.cfg.Data.Prefetch)
	t.env.Log.Info("predicted memory of a rank [GB]", "total", gigabytes(mem.Total()), "parameters", gigabytes(mem.Parameters), "gradients", gigabytes(mem.Gradients), "moments", gigabytes(mem.Moments),
		"activations", gigabytes(mem.Activations), "scratch", gigabytes(mem.Scratch), "buffers", gigabytes(mem.Buffers), "available", available(),
		"checkpoint_copy", gigabytes(float64(t.copyBytes())))
	if mem.Total()+float64(t.copyBytes()) > run.MemoryOfRank() {
		t.env.Log.Warn("predicted to need more memory than a rank has here")
	}
	rate := float64(batch) / s.Total()
	t.env.Log.Info("predicted time of a step [ms]", "total", milliseconds(s.Total()), "data", milliseconds(s.Data), "forward", milliseconds(s.Forward), "backward", milliseconds(s.Backward),
		"reduce", milliseconds(s.Reduce), "reduce_hidden", milliseconds(s.Hidden), "optimiser", milliseconds(s.Optimiser), "idle", milliseconds(s.Idle),
		"samples_per_s", fmt.Sprintf("%.4g", rate), "epoch_s", fmt.Sprintf("%.4g", float64(samples)/rate), "sent_bytes", fmt.Sprintf("%.0f", cost.SentBy(n, mesh, batch).Total()))
	shape := t.manifest.Shape()
	fields := []any{"samples_per_s", fmt.Sprintf("%.4g", rate), "from_disk_MB_per_s", fmt.Sprintf("%.4g", rate*4e-6*float64(shape.InputLen()+shape.OutputLen()))}
	if t.cfg.Data.Makes() {
		fields = append(fields, "made_by_cores", fmt.Sprintf("%.3g", rate*rates.SourcePerSample))
	}
	t.env.Log.Info("predicted demand on the source of samples", append(fields, "ms_per_sample", milliseconds(rates.SourcePerSample))...)
	return nil
}

// sourceSeconds takes the time of rank 0 to read or make a sample; the least of a
// few, since the first opens what the others use. It is 0 where other ranks make
// them.
func (t *task) sourceSeconds() (float64, error) {
	if t.env.Comm.Rank() != 0 || t.cfg.Data.Makes() && !t.solves() {
		return 0, nil
	}
	src, done, err := t.look()
	if err != nil {
		return 0, err
	}
	defer done()
	shape := t.manifest.Shape()
	in, out := make([]float32, shape.InputLen()), make([]float32, shape.OutputLen())
	best := math.Inf(1)
	for i := range min(3, src.Len()) {
		start := time.Now()
		if err := src.Read(i, in, out); err != nil {
			return 0, err
		}
		best = min(best, time.Since(start).Seconds())
	}
	if math.IsInf(best, 1) {
		return 0, nil
	}
	return best, nil
}

// look opens the samples to learn from without checking them.
func (t *task) look() (src dataset.Source, done func(), err error) {
	done = func() {}
	if t.cfg.Data.Source != "online" {
		s, err := t.manifest.Open(filepath.Dir(t.cfg.Data.Manifest), dataset.Train)
		if err != nil {
			return nil, done, err
		}
		src, done = s, func() { s.Close() }
	}
	if src, err = t.source(src); err != nil {
		done()
	}
	return src, done, err
}

func milliseconds(s float64) string { return fmt.Sprintf("%.4g", 1e3*s) }

func gigabytes(b float64) string { return fmt.Sprintf("%.3g", 1e-9*b) }

func available() string {
	if m := run.MemoryOfRank(); !math.IsInf(m, 1) {
		return gigabytes(m)
	}
	return "unknown"
}
