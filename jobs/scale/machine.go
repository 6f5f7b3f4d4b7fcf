// SPDX-License-Identifier: BSD-3-Clause

package scale

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/columen/columen/emulator/device/cpu"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/jobs/internal/series"
)

// availableCores is the number of logical processors that this process may use.
func availableCores() int { return runtime.NumCPU() }

// cpuModel is the name that the system gives to its processors, or "".
func cpuModel(cpuinfo string) string {
	data, err := os.ReadFile(cpuinfo)
	if err != nil {
		return ""
	}
	for _, line := range strings.Split(string(data), "\n") {
		key, value, _ := strings.Cut(line, ":")
		if k := strings.TrimSpace(key); k == "model name" || k == "CPU part" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// cores counts the different processors that the ranks may use, over all nodes,
// and tells whether two ranks may use the same. 0 when any rank does not know.
func cores(places []run.Place) (count int, shared bool) {
	used := map[string]bool{}
	for _, p := range places {
		list, ok := processors(p.CPUs)
		if !ok {
			return 0, false
		}
		for _, c := range list {
			id := p.Host + "/" + strconv.Itoa(c)
			shared = shared || used[id]
			used[id] = true
		}
	}
	return len(used), shared
}

// processors reads a list such as 0-3,8.
func processors(list string) (out []int, ok bool) {
	for _, part := range strings.Split(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		lo, errLo := strconv.Atoi(first)
		hi, errHi := strconv.Atoi(last)
		if errLo != nil || errHi != nil || hi < lo || hi > 1<<20 {
			return nil, false
		}
		for c := lo; c <= hi; c++ {
			out = append(out, c)
		}
	}
	return out, true
}

// Sizes of the measurements of a machine.
const (
	triadElements = 1 << 22 // of each of three arrays and each thread: 32 MiB, beyond most caches
	gemmEdge      = 512
	attempts      = 5
	patience      = 400 * time.Millisecond // attempts go on for so long: other programs come and go
)

// best returns the seconds of the fastest of many attempts.
func best(do func() error) (float64, error) {
	least, begin := time.Hour, time.Now()
	for i := 0; i < attempts || time.Since(begin) < patience; i++ {
		start := time.Now()
		if err := do(); err != nil {
			return 0, err
		}
		least = min(least, time.Since(start))
	}
	return least.Seconds(), nil
}

// triad measures memory bandwidth as STREAM does, a = b + s·c over long arrays,
// 24 bytes an element: the best of a few attempts.
func triad(threads int) series.Ceiling {
	type arrays struct{ a, b, c []float64 }
	all := make([]arrays, threads)
	each := func(do func(x *arrays)) {
		var wg sync.WaitGroup
		for i := range all {
			wg.Go(func() { do(&all[i]) })
		}
		wg.Wait()
	}
	each(func(x *arrays) {
		*x = arrays{make([]float64, triadElements), make([]float64, triadElements), make([]float64, triadElements)}
		for i := range x.b {
			x.a[i], x.b[i], x.c[i] = 0, 1, 2
		}
	})
	seconds, _ := best(func() error { // which cannot fail
		each(func(x *arrays) {
			a, b, c := x.a, x.b[:len(x.a)], x.c[:len(x.a)]
			for i := range a {
				a[i] = b[i] + 3*c[i]
			}
		})
		return nil
	})
	return series.Ceiling{Name: "memory bandwidth", PerSecond: 24 * triadElements * float64(threads) / seconds, Threads: threads,
		How: fmt.Sprintf("triad a = b + s·c in Go on %d threads, three arrays of %d MiB each, 24 bytes counted per element, the best within %v, on the machine that starts the runs", threads, triadElements*8>>20, patience)}
}

// peaks measures arithmetic: the program's own matrix product in single
// precision; double precision has half as many lanes.
func peaks(threads int) []series.Ceiling {
	pool := cpu.NewPool(threads)
	n := gemmEdge
	a, b, c := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		a[i], b[i] = 1, 2
	}
	seconds, _ := best(func() error { // which cannot fail
		cpu.Gemm(pool, cpu.Product{M: n, N: n, K: n}, a, b, c)
		return nil
	})
	rate := 2 * float64(n) * float64(n) * float64(n) / seconds
	how := fmt.Sprintf("this program's matrix product of %d² in single precision, kernels %s, %d threads, the best within %v", n, pool.Variant(), threads, patience)
	return []series.Ceiling{
		{Name: "single precision", PerSecond: rate, Threads: threads, How: how},
		{Name: "double precision", PerSecond: rate / 2, Threads: threads, How: "half of: " + how},
	}
}

// messages measures the time of messages between two ranks, or returns nil where
// two cannot be started or no point has two.
func (s *study) messages(ctx context.Context) *series.Messages {
	wanted := false
	for _, x := range s.series {
		for _, p := range x.points {
			wanted = wanted || p.Ranks > 1
		}
	}
	program, err := os.Executable()
	if !wanted || err != nil {
		return nil
	}
	var out bytes.Buffer
	if err := s.launcher.start(ctx, time.Minute, s.launcher.command(2, 1, []string{program, "messages", "--quiet"}), &out); err != nil {
		s.env.Log.Warn("the time of messages is not known", "reason", err)
		return nil
	}
	m := &series.Messages{}
	if err := json.Unmarshal(out.Bytes(), m); err != nil || !(m.BytesPerSecond > 0) {
		s.env.Log.Warn("the time of messages is not known", "answer", out.String())
		return nil
	}
	return m
}
