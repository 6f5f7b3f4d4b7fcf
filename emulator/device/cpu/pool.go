// SPDX-License-Identifier: BSD-3-Clause

package cpu

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Pool is the threads and the working memory with which the functions of this
// package compute. It serves one call at a time; independent callers make one
// each. Memory grows in the first call of a shape and stays: later calls
// allocate nothing. No result depends on the number of threads.
type Pool struct {
	kernels backend
	scratch [][]float32 // per thread
	shared  []float32   // packed weights, whole intermediate tensors
	rows    []float64   // sums of rows
	start   []func()    // start[i] does part i of jobs; made once, so that `go` allocates nothing
	helper  []helper    // helper[i] runs start[i]
	patient bool        // wait awake for a while
	busy    sync.WaitGroup
	left    atomic.Int64 // helpers that have not done their part of the job
	next    atomic.Int64 // first unit that nobody has taken, in a job that is not divided beforehand
	job     job
}

// helper is where the goroutine behind one start[i] is.
type helper struct {
	state atomic.Int32
	_     [60]byte // a cache line each
}

// The states of a helper.
const (
	gone    int32 = iota // no goroutine
	waiting              // awake, for its next part
	working
)

// patience is how long a helper waits awake for its next part, and the caller for
// the helpers: the next layer mostly follows sooner, and to wake a thread takes
// as long.
const patience = 100 * time.Microsecond

// lookAtClock is how many times a waiting thread looks at what it waits for
// between two looks at the clock.
const lookAtClock = 256

// NewPool returns a Pool of so many threads (0: as many as Go uses) with the fastest kernels this machine runs.
func NewPool(threads int) *Pool {
	p, err := NewPoolOf(Variants()[0], threads)
	if err != nil {
		panic("cpu: " + err.Error())
	}
	return p
}

// NewPoolOf is NewPool with kernels by name, one of Variants.
func NewPoolOf(variant string, threads int) (*Pool, error) {
	k, err := backendOf(variant)
	if err != nil {
		return nil, err
	}
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := &Pool{kernels: k, scratch: make([][]float32, threads), helper: make([]helper, threads)}
	p.patient = threads <= runtime.GOMAXPROCS(0) // else one would wait for the processor that another waits on
	for i := range threads {
		p.start = append(p.start, func() { p.help(i) })
	}
	return p, nil
}

// help does parts number i until none has come for a while.
func (p *Pool) help(i int) {
	h := &p.helper[i]
	for {
		p.part(i)
		h.state.Store(waiting)
		p.left.Add(-1)
		p.busy.Done()
		if p.patient {
			start := time.Now()
			for n := 1; h.state.Load() == waiting && (n%lookAtClock != 0 || time.Since(start) < patience); n++ {
			}
		}
		if h.state.CompareAndSwap(waiting, gone) {
			return
		}
	}
}

// Threads is the number of threads.
func (p *Pool) Threads() int { return len(p.start) }

// Variant names the kernels.
func (p *Pool) Variant() string { return p.kernels.name() }

// backend is one build of the kernels. Ranges [first, last) are one thread's
// share; what they count is said in kernel.h.
type backend interface {
	name() string
	lanes() int64
	canPool(g *geometry) bool
	conv(g *geometry, first, last int, x, packed, residual, y, scratch []float32)
	convPool(g *geometry, first, last int, x, packed, y []float32)
	canHalve() bool
	convBack(g *geometry, first, last int, dy, packed, dx, scratch []float32)
	convWeights(g *geometry, batch, first, last int, x, dy, dw []float32, db []float64, scratch []float32)
	matvec(first, last, k int, relu bool, w, x, bias, y []float32)
	matvecBF16(first, last, k int, relu bool, w []uint16, x, bias, y, split []float32)
	roundBF16(first, last int, w []float32, to []uint16)
	dots(first, last, rows, k, batch int, relu bool, w []float32, half []uint16, x, bias, y, scratch []float32)
	weightSlots(first, last, rows, n int, add bool, bounds []int64, x, dy, dw, scratch []float32)
	dotSums(first, last, rows, k, batch int, w, x, bias, y []float32, sums []float64, scratch []float32)
	gemm(g gemmShape, a, b, c, scratch []float32)
	gemmSums(g gemmShape, a, b []float32, c []float64, scratch []float32)
	normStats(first, last, n int, x []float32, moments []float64)
	normApply(first, last int, t *tensor, relu bool, x, scale, shift, residual, y []float32)
	normSums(first, last int, t *tensor, relu bool, x, dy, scale, shift, mean []float32, sums []float64)
	normBackward(first, last int, t *tensor, relu bool, x, dy, scale, shift, mean, off, slope, dx []float32)
	maxPool(first, last int, t *tensor, x, y []float32)
	maxPoolBack(first, last int, t *tensor, x, dy, dx []float32)
	upsample(first, last int, t *tensor, x, y []float32)
	upsampleBack(first, last int, t *tensor, dy, dx []float32)
	tanh(first, last int, x, y []float32)
	tanhBack(first, last int, y, dy, dx []float32)
	add(first, last int, a, b, y []float32)
	reluBack(first, last int, y, dy, dx []float32)
	relu(first, last int, x, y []float32)
	axpy(first, last int, a float32, x, y []float32)
	squares(first, last, n int, x []float32, sum []float64)
	adam(a *adamStep, first, last int, g, w, m, v []float32)
}

// tensor is the shape of what the smaller kernels see: rows of n, which are channels by turns, or planes of d × h × w.
type tensor struct{ channels, n, d, h, w int }

// gemmShape is cpu_gemm in kernel.h, adamStep is cpu_adam.
type gemmShape struct{ m, n, k, aRow, aCol, bRow, bCol, cRow, add, skinny, shallow int64 }

type adamStep struct{ rate, beta1, beta2, eps, decay, decoupled, correct1, correct2 float64 }

// job is the operation under way. It lives in the Pool so that no call allocates.
type job struct {
	do          func(p *Pool, j *job, first, last int, scratch []float32)
	scratch     int  // floats that a thread gets, whatever it has from earlier jobs: sums must not depend on those
	total, unit int  // split into pieces that are multiples of unit
	shared      bool // a thread takes unit after unit as it comes along, not one piece
	geo         geometry
	gemm        gemmShape
	adam        adamStep
	t           tensor
	relu        bool
	factor      float32
	batch, k, n int
	a, b, c, d  []float32 // operands; what is written is last
	e, f, g     []float32
	y           []float32
	rows        []float64
	half        []uint16
}

// run does p.job with the threads that have something to do and at least `scratch` floats for each.
func (p *Pool) run(scratch int) {
	j := &p.job
	j.scratch = scratch
	units := (j.total + j.unit - 1) / j.unit
	parts := max(1, min(len(p.start), units))
	for i := range parts {
		if len(p.scratch[i]) < scratch {
			p.scratch[i] = make([]float32, scratch)
		}
	}
	p.busy.Add(parts - 1)
	p.left.Store(int64(parts - 1))
	p.next.Store(0)
	for i := 1; i < parts; i++ {
		if !p.helper[i].state.CompareAndSwap(waiting, working) {
			p.helper[i].state.Store(working)
			go p.start[i]()
		}
	}
	p.part(0)
	if p.patient && p.left.Load() > 0 {
		start := time.Now()
		for n := 1; p.left.Load() > 0 && (n%lookAtClock != 0 || time.Since(start) < patience); n++ {
		}
	}
	if p.left.Load() > 0 {
		p.busy.Wait()
	}
	*j = job{} // let go of the caller's slices
}

func (p *Pool) part(i int) {
	j := &p.job
	units := (j.total + j.unit - 1) / j.unit
	if j.shared {
		for at := p.next.Add(1) - 1; at < int64(units); at = p.next.Add(1) - 1 {
			j.do(p, j, int(at)*j.unit, min(int(at+1)*j.unit, j.total), p.scratch[i][:j.scratch])
		}
		return
	}
	parts := max(1, min(len(p.start), units))
	first, last := i*units/parts*j.unit, min((i+1)*units/parts*j.unit, j.total)
	if first < last {
		j.do(p, j, first, last, p.scratch[i][:j.scratch])
	}
}

// sharedScratch returns n floats that all threads may read.
func (p *Pool) sharedScratch(n int) []float32 {
	if len(p.shared) < n {
		p.shared = make([]float32, n)
	}
	return p.shared[:n]
}

func unknownVariant(name string) error {
	return fmt.Errorf("cpu: no kernels named %q here: want one of %v", name, Variants())
}
