// SPDX-License-Identifier: BSD-3-Clause

package scale

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/columen/columen/jobs/internal/series"
)

// Where systems show energy counters: those of Cray for a whole node, and those of
// Linux for processor packages (RAPL).
const (
	pmCounters = "/sys/cray/pm_counters"
	powercap   = "/sys/class/powercap"
)

// meter reads the energy of a run from one source, that of the widest scope which
// the system has. Sources overlap, so they are never added up.
type meter struct {
	cray, rapl string // folders of the counters
	host       string
	job        string                                // Slurm job whose steps the runs are, or ""
	account    func(context.Context) ([]byte, error) // what sacct says of the steps of the job
	last       int                                   // step that was read last, −1 before the first
}

// newMeter looks at what the system has. Steps are accounted where srun starts the
// runs.
func newMeter(host string, l launcher, env func(string) string) *meter {
	m := &meter{cray: pmCounters, rapl: powercap, host: host, last: -1}
	if len(l.words) > 0 && l.words[0] == "srun" {
		m.job = env("SLURM_JOB_ID")
		m.account = func(ctx context.Context) ([]byte, error) {
			return exec.CommandContext(ctx, "sacct", "--noheader", "--parsable2", "--jobs="+m.job, "--format=JobID,ConsumedEnergyRaw").Output()
		}
	}
	return m
}

// source says in words where the energy comes from, or why there is none.
func (m *meter) source() string {
	var have []string
	if m.job != "" {
		have = append(have, "Slurm's accounting of each step, where the cluster measures it")
	}
	now := m.read()
	if now.cray > 0 {
		have = append(have, "Cray's counter of the node that starts the runs ("+m.cray+")")
	}
	if len(now.rapl) > 0 {
		have = append(have, fmt.Sprintf("RAPL counters of %d processor packages of the node that starts the runs (%s)", len(now.rapl), m.rapl))
	}
	if have == nil {
		return fmt.Sprintf("none: no counters in %s and %s that may be read, and no steps of Slurm", m.cray, m.rapl)
	}
	return "the first that gives a number of: " + strings.Join(have, "; ")
}

// reading is the state of the counters of this node.
type reading struct {
	cray float64               // [J], 0 where there is none
	rapl map[string][2]float64 // by name [µJ], with the value at which each wraps
}

// read reads the counters, where the system lets us.
func (m *meter) read() reading {
	r := reading{rapl: map[string][2]float64{}}
	// "1234567 J 1700000000000000 us"
	if data, err := os.ReadFile(filepath.Join(m.cray, "energy")); err == nil {
		if f := strings.Fields(string(data)); len(f) >= 2 && f[1] == "J" {
			if x, err := strconv.ParseFloat(f[0], 64); err == nil {
				r.cray = x
			}
		}
	}
	zones, _ := filepath.Glob(filepath.Join(m.rapl, "intel-rapl:*")) // the pattern is good
	for _, z := range zones {
		if strings.Count(filepath.Base(z), ":") != 1 {
			continue // a part of another
		}
		now, errNow := number(filepath.Join(z, "energy_uj"))
		top, errTop := number(filepath.Join(z, "max_energy_range_uj"))
		if errNow == nil && errTop == nil {
			r.rapl[filepath.Base(z)] = [2]float64{now, top}
		}
	}
	return r
}

func number(path string) (float64, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(string(data)), 64)
}

// spent is the energy of a run since a reading, or nil where no source gives it.
// Counters of this node say nothing of a run that was not on it, and their source
// names them as a part where the run was on others, too.
func (m *meter) spent(ctx context.Context, before reading, nodes []string) *series.Energy {
	if e := m.ofStep(ctx); e != nil {
		return e
	}
	if !slices.Contains(nodes, m.host) {
		return nil
	}
	scope := "the node that starts the runs"
	if len(nodes) > 1 {
		scope = fmt.Sprintf("one node of %d, the one that starts the runs", len(nodes))
	}
	scope += ", from start to end of the program, with everything else that runs there"
	after := m.read()
	if d := after.cray - before.cray; before.cray > 0 && d > 0 {
		return &series.Energy{Joules: d, Source: "Cray pm_counters, " + scope}
	}
	if j, ok := raplSpent(before.rapl, after.rapl); ok {
		return &series.Energy{Joules: j, Source: fmt.Sprintf("RAPL counters of %d processor packages (powercap), %s", len(before.rapl), scope)}
	}
	return nil
}

// raplSpent adds up packages [J]; each may have wrapped once.
func raplSpent(before, after map[string][2]float64) (joules float64, ok bool) {
	if len(before) == 0 || len(before) != len(after) {
		return 0, false
	}
	for name, b := range before {
		now, there := after[name]
		if !there {
			return 0, false
		}
		d := now[0] - b[0]
		if d < 0 { // the counter wrapped
			d += b[1]
		}
		joules += d * 1e-6
	}
	return joules, true
}

// ofStep asks Slurm for the energy of the newest step of the job [J], all of its
// nodes together. Clusters without a plug-in for energy say 0 or nothing.
func (m *meter) ofStep(ctx context.Context) *series.Energy {
	if m.job == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	data, err := m.account(ctx)
	if err != nil { // no accounting: do not ask again
		m.job = ""
		return nil
	}
	step, joules := m.last, 0.0
	for _, line := range strings.Split(string(data), "\n") {
		id, energy, _ := strings.Cut(strings.TrimSpace(line), "|")
		name, isStep := strings.CutPrefix(id, m.job+".")
		n, err := strconv.Atoi(name)
		if !isStep || err != nil || n <= step { // the job itself, its batch script, or an older step
			continue
		}
		step = n
		joules, _ = strconv.ParseFloat(energy, 64) // empty is 0
	}
	if step == m.last {
		return nil
	}
	m.last = step
	if !(joules > 0) {
		return nil
	}
	return &series.Energy{Joules: joules, Source: fmt.Sprintf("Slurm's ConsumedEnergy of step %s.%d, whole nodes, from start to end of the program", m.job, step)}
}
