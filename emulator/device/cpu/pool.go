// SPDX-License-Identifier: BSD-3-Clause

package cpu

import (
	"fmt"
	"runtime"
	"sync"
)

// Pool is the threads and the working memory with which the functions of this
// package compute. It serves one call at a time; independent callers make one
// each. Memory grows in the first call of a shape and stays: later calls
// allocate nothing. No result depends on the number of threads.
type Pool struct {
	kernels backend
	scratch [][]float32 // per thread
	shared  []float32   // packed weights, whole intermediate tensors
	start   []func()    // start[i] does part i of the job; made once, so that `go` allocates nothing
	busy    sync.WaitGroup
	job     job
}

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
	p := &Pool{kernels: k, scratch: make([][]float32, threads)}
	for i := range threads {
		p.start = append(p.start, func() {
			p.part(i)
			p.busy.Done()
		})
	}
	return p, nil
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
	convWeights(g *geometry, batch, first, last int, x, dy, dw, scratch []float32)
	matvec(first, last, k int, relu bool, w, x, bias, y []float32)
	matvecBF16(first, last, k int, relu bool, w []uint16, x, bias, y, scratch []float32)
	dots(first, last, rows, k, batch int, relu bool, w, x, bias, y, scratch []float32)
	gemm(g gemmShape, a, b, c, scratch []float32)
	sums(first, last int, t *tensor, x, sum []float32)
	normStats(first, last int, t *tensor, x, mean, variance []float32)
	normApply(first, last int, t *tensor, relu bool, x, scale, shift, residual, y []float32)
	normBackward(first, last int, t *tensor, relu bool, eps float64, x, dy, scale, shift, mean, variance, dx, dgamma, dbeta []float32)
	maxPool(first, last int, t *tensor, x, y []float32, arg []int32)
	upsample(first, last int, t *tensor, x, y []float32)
	upsampleBack(first, last int, t *tensor, dy, dx []float32)
	tanh(first, last int, x, y []float32)
	tanhBack(first, last int, y, dy, dx []float32)
	add(first, last int, a, b, y []float32)
	reluBack(first, last int, y, dy, dx []float32)
	adam(a *adamStep, first, last int, g, w, m, v []float32)
}

// tensor is the shape of what the smaller kernels see: batch × channels × n, or planes of d × h × w.
type tensor struct{ batch, channels, n, d, h, w int }

// gemmShape is cpu_gemm in kernel.h, adamStep is cpu_adam.
type gemmShape struct{ m, n, k, aRow, aCol, bRow, bCol, cRow, add int64 }

type adamStep struct{ rate, beta1, beta2, eps, decay, decoupled, correct1, correct2 float64 }

// job is the operation under way. It lives in the Pool so that no call allocates.
type job struct {
	do          func(p *Pool, j *job, first, last int, scratch []float32)
	scratch     int // floats that a thread gets, whatever it has from earlier jobs: sums must not depend on those
	total, unit int // split into pieces that are multiples of unit
	geo         geometry
	gemm        gemmShape
	adam        adamStep
	t           tensor
	relu        bool
	eps         float64
	batch, k, n int
	a, b, c, d  []float32 // operands; what is written is last
	e, f, g, h  []float32
	y           []float32
	arg         []int32
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
	for i := 1; i < parts; i++ {
		go p.start[i]()
	}
	p.part(0)
	p.busy.Wait()
	*j = job{} // let go of the caller's slices
}

func (p *Pool) part(i int) {
	j := &p.job
	units := (j.total + j.unit - 1) / j.unit
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
