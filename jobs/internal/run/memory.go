// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/mpiutil"
)

// CheckMemory refuses a job whose ranks on this machine need more memory than
// it has, or than the job may use of it: a process that asks for it all the
// same is ended by the system without a word. bytes is what this rank will hold
// at least; field and value are what the user can change.
func (e *Env) CheckMemory(field, value string, bytes float64) error {
	ranks := ranksOnThisNode()
	limit := MemoryOfRank() * float64(ranks)
	if bytes*float64(ranks) <= limit {
		return nil
	}
	return &configs.Error{Problems: []configs.Problem{{
		File: e.Args[0], Field: field, Value: value,
		Reason:  fmt.Sprintf("needs at least %.1f GB on each of the ranks of this machine, of which there are %d", bytes/1e9, ranks),
		Allowed: fmt.Sprintf("what fits into its %.1f GB: fewer of them, or more machines", limit/1e9),
	}}}
}

// MemoryOfRank returns this rank's share of the memory that the job can have on
// this machine [bytes], infinite where the system does not say.
func MemoryOfRank() float64 {
	return memoryLimit("/proc/meminfo", "/proc/self/cgroup", "/sys/fs/cgroup") / float64(ranksOnThisNode())
}

// memoryLimit returns the bytes of memory that processes like this one can have
// together: those of the machine, or of the narrowest control group (version 2)
// that this process is in. It is infinite where the system does not say.
func memoryLimit(meminfo, cgroup, groups string) float64 {
	limit := math.Inf(1)
	data, _ := os.ReadFile(meminfo) // absent: the machine does not say
	for _, line := range strings.Split(string(data), "\n") {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "MemTotal:" && f[2] == "kB" {
			limit = min(limit, positive(f[1])*1024)
		}
	}
	data, _ = os.ReadFile(cgroup) // absent: no control groups
	for _, line := range strings.Split(string(data), "\n") {
		path, ok := strings.CutPrefix(line, "0::")
		for ; ok; path = filepath.Dir(path) {
			most, _ := os.ReadFile(filepath.Join(groups, path, "memory.max")) // the root has none
			limit = min(limit, positive(strings.TrimSpace(string(most))))
			if path == "/" || path == "." {
				break
			}
		}
	}
	return limit
}

// positive reads a number, and gives infinity for what is none, such as "max".
func positive(s string) float64 {
	if x, err := strconv.ParseFloat(s, 64); err == nil && x > 0 {
		return x
	}
	return math.Inf(1)
}

// PeakMemory returns the most resident memory that this process has had [bytes]
// (getrusage, ru_maxrss in KiB on Linux), or 0 where the system does not say.
func PeakMemory() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Maxrss * 1024
}

// recordMemory adds the most resident memory of each rank to the manifest. It is
// collective.
func (s *session) recordMemory() error {
	all := []int64{PeakMemory()}
	if w, ok := s.comm.(World); ok {
		mine := all
		all = make([]int64, s.comm.Size())
		if err := mpiutil.Allgather(w.Comm, mine, all); err != nil {
			return err
		}
	}
	s.env.Manifest.PeakBytes = all
	return nil
}

// logMemory tells the most resident memory of all ranks together, where the system
// says it; shared libraries count once for each rank.
func (s *session) logMemory() {
	var sum, most int64
	for _, b := range s.env.Manifest.PeakBytes {
		sum, most = sum+b, max(most, b)
	}
	if sum > 0 {
		s.env.Log.Info("resident memory at most", "ranks", len(s.env.Manifest.PeakBytes), "total_gb", fmt.Sprintf("%.2f", float64(sum)/1e9), "largest_rank_gb", fmt.Sprintf("%.2f", float64(most)/1e9))
	}
}
