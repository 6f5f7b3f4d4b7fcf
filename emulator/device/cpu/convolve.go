// SPDX-License-Identifier: BSD-3-Clause

package cpu

// After is what follows a convolution while its output is still in registers.
type After struct {
	ReLU     bool
	Residual []float32 // added after the ReLU where not nil; shape of y, must not overlap y
}

// ConvForward computes y = conv(x, w) + bias, for weights that change from call to call (training).
func ConvForward(p *Pool, c Conv, batch int, x, w, bias, y []float32) {
	packed := p.sharedScratch(c.PackedLen())
	c.Pack(w, bias, packed)
	ConvPacked(p, c, batch, x, packed, y, After{})
}

// ConvPacked computes y = after(conv(x, w) + bias) for packed = Conv.Pack(w, bias). A NaN passes the ReLU.
func ConvPacked(p *Pool, c Conv, batch int, x, packed, y []float32, after After) {
	if err := c.Check(); err != nil {
		panic(err.Error())
	}
	need("convolution input", len(x), batch*c.InLen())
	need("packed weights", len(packed), c.PackedLen())
	need("convolution output", len(y), batch*c.OutLen())
	if after.Residual != nil {
		need("residual", len(after.Residual), batch*c.OutLen())
	}
	p.convolve(c.geometry(after.ReLU), batch, x, packed, after.Residual, y)
}

func (p *Pool) convolve(g geometry, batch int, x, packed, residual, y []float32) {
	p.job = job{
		do: func(p *Pool, j *job, first, last int, scratch []float32) {
			p.kernels.conv(&j.geo, first, last, j.a, j.b, j.c, j.y, scratch)
		},
		total: batch * int(g.OutSize[0]), unit: 1, geo: g, a: x, b: packed, c: residual, y: y,
	}
	lanes := p.kernels.lanes()
	p.run(int(g.Kernel[0]*g.copyPlane(lanes) + 4*lanes))
}

// ConvPoolPacked computes y = max over 2×2×2 (floor) of after(conv(x, w) + bias)
// without padding, 3 wide, stride 1: the first two layers of an encoder in one,
// whose intermediate tensor is the largest of the network. The maximum of a NaN
// and a number is either.
func ConvPoolPacked(p *Pool, c Conv, batch int, x, packed, y []float32, relu bool) {
	if err := c.Check(); err != nil {
		panic(err.Error())
	}
	o := c.OutSize()
	need("convolution input", len(x), batch*c.InLen())
	need("packed weights", len(packed), c.PackedLen())
	need("pooled output", len(y), batch*c.Out*(o[0]/2)*(o[1]/2)*(o[2]/2))
	g := c.geometry(relu)
	if !p.kernels.canPool(&g) {
		full := p.sharedScratch(batch * c.OutLen())
		p.convolve(g, batch, x, packed, nil, full)
		MaxPool2(p, batch*c.Out, o, full, y)
		return
	}
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.convPool(&j.geo, first, last, j.a, j.b, j.y)
		},
		total: batch * (o[0] / 2), unit: 1, geo: g, a: x, b: packed, y: y,
	}
	p.run(0)
}

// ConvBackwardData computes dx from dy: the transpose of the convolution.
func ConvBackwardData(p *Pool, c Conv, batch int, dy, w, dx []float32) {
	if err := c.Check(); err != nil {
		panic(err.Error())
	}
	need("output gradient", len(dy), batch*c.OutLen())
	need("weights", len(w), c.WeightLen())
	need("input gradient", len(dx), batch*c.InLen())
	packed := p.sharedScratch(c.WeightLen() + c.In)
	if c.halves() && p.kernels.canHalve() {
		c.packHalves(w, packed)
		p.convolveBack(c.geometry(false), batch, dy, packed, dx)
		return
	}
	c.flip(w, packed)
	p.convolve(c.adjoint(), batch, dy, packed, nil, dx)
}

// convolveBack is ConvBackwardData by parities of dx; see body_back.h.
func (p *Pool) convolveBack(g geometry, batch int, dy, packed, dx []float32) {
	p.job = job{
		do: func(p *Pool, j *job, first, last int, scratch []float32) {
			p.kernels.convBack(&j.geo, first, last, j.a, j.b, j.y, scratch)
		},
		total: batch * int(g.OutSize[0]), unit: 1, geo: g, a: dy, b: packed, y: dx,
	}
	lanes := int(p.kernels.lanes())
	positions := (int(g.OutSize[1]*g.OutSize[2]) + lanes - 1) / lanes * lanes
	plane := positions + int(g.OutSize[2]) + lanes
	p.run(4*int(g.Out)*plane + 8*positions + lanes)
}

// weightScratch is what a thread takes for working copies in ConvBackwardWeights: about the second-level cache, in floats.
const weightScratch = 96 << 10

// manyPositions is from how many outputs of a sample and channel on the samples
// are worth apart: fewer are summed over several samples at once.
const manyPositions = 2048

// weightGroups is into how many groups of samples the sums by the weights are
// divided. It does not depend on the threads, and so the sums do not either.
func weightGroups(positions, batch int) int {
	if positions < manyPositions {
		return 1
	}
	return min(batch, 8)
}

// ConvBackwardWeights adds the gradients by the weights to dw and those by the bias to db (nil: not wanted).
func ConvBackwardWeights(p *Pool, c Conv, batch int, x, dy, dw, db []float32) {
	if err := c.Check(); err != nil {
		panic(err.Error())
	}
	need("convolution input", len(x), batch*c.InLen())
	need("output gradient", len(dy), batch*c.OutLen())
	need("weight gradient", len(dw), c.WeightLen())
	if db != nil {
		need("bias gradient", len(db), c.Out)
	}
	g, groups := c.geometry(false), weightGroups(volume(c.OutSize()), batch)
	part, bias := dw[:c.WeightLen()], p.rowSums(groups*c.Out)
	if groups > 1 {
		part = p.sharedScratch(groups * c.WeightLen())
		clear(part)
	}
	clear(bias)
	p.job = job{
		do: convWeightParts, total: groups * c.In * c.Kernel[0], unit: 1,
		geo: g, batch: batch, k: c.In * c.Kernel[0], n: groups, a: x, b: dy, y: part, rows: bias,
	}
	lanes := p.kernels.lanes()
	plane := int64(c.Out+3) / 4 * 4 * ((g.OutSize[1]*g.OutSize[2] + lanes - 1) / lanes * lanes)
	least := plane + (g.Kernel[0]+g.Stride)*g.copyPlane(lanes) + 4*lanes
	p.run(max(2*int(least), weightScratch))
	for k := 0; k < groups && groups > 1; k++ {
		for i, v := range part[k*c.WeightLen() : (k+1)*c.WeightLen()] {
			dw[i] += v
		}
	}
	for o := range db {
		sum := 0.0
		for k := range groups {
			sum += bias[k*c.Out+o]
		}
		db[o] += float32(sum)
	}
}

// convWeightParts does parts [first, last), each of one group of samples and one item of the kernel.
func convWeightParts(p *Pool, j *job, first, last int, scratch []float32) {
	g := &j.geo
	in, out := int(g.In)*volume(ints(g.Size)), int(g.Out)*volume(ints(g.OutSize))
	for at := first; at < last; {
		k := at / j.k
		end := min(last, (k+1)*j.k)
		lo, hi := k*j.batch/j.n, (k+1)*j.batch/j.n
		dw, db := j.y[k*len(j.y)/j.n:(k+1)*len(j.y)/j.n], j.rows[k*int(g.Out):(k+1)*int(g.Out)]
		p.kernels.convWeights(g, hi-lo, at-k*j.k, end-k*j.k, j.a[lo*in:hi*in], j.b[lo*out:hi*out], dw, db, scratch)
		at = end
	}
}
