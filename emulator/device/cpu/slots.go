// SPDX-License-Identifier: BSD-3-Clause

package cpu

import "github.com/columen/columen/emulator/device"

// LinearAlike is Linear by the one kernel whose sums do not depend on the number
// of samples: slower than Linear for a single one.
func LinearAlike(p *Pool, batch, in, out int, x, w, bias, y []float32) {
	need("linear input", len(x), batch*in)
	need("linear weights", len(w), out*in)
	need("linear bias", len(bias), out)
	need("linear output", len(y), batch*out)
	if batch == 0 {
		return
	}
	p.job = job{
		do: linearDots, total: out, unit: 4, batch: batch, k: in, n: out, a: w, b: x, c: bias, y: y,
	}
	p.run(min(batch, linearGroup)*in + 64)
}

// slotsMax bounds the slots: SLOT_LEVELS in body_slots.h holds their tree.
const slotsMax = 1 << 15

// LinearBackwardSlots adds the gradients of weights and bias (nil: not wanted), or
// writes them with l.Write, summed per slot and folded in a binary tree; slot k holds samples bounds[k] to
// bounds[k+1].
func LinearBackwardSlots(p *Pool, l device.Linear, bounds []int, x, dy, dw, db []float32) {
	slots := len(bounds) - 1
	batch, in, out := bounds[slots], l.In, l.Out
	if slots > slotsMax {
		panic("cpu: too many slots")
	}
	need("linear input", len(x), batch*in)
	need("output gradient", len(dy), batch*out)
	need("weight gradient", len(dw), out*in)
	wide := make([]int64, len(bounds))
	for k, b := range bounds {
		wide[k] = int64(b)
	}
	p.job = job{
		do: func(p *Pool, j *job, first, last int, scratch []float32) {
			p.kernels.weightSlots(first, last, j.n, j.k, !l.Write, wide, j.a, j.b, j.y, scratch)
		},
		total: out, unit: 4, k: in, n: out, a: x, b: dy, y: dw,
	}
	p.run(batch*slotScratch + 1)
	if db == nil {
		return
	}
	need("bias gradient", len(db), out)
	if l.Write {
		clear(db)
	}
	for o := range out {
		db[o] += device.Fold(slots, func(k int) float32 {
			var sum float32
			for b := bounds[k]; b < bounds[k+1]; b++ {
				sum += dy[b*out+o]
			}
			return sum
		}, func(a, b float32) float32 { return a + b })
	}
}

// slotScratch is what a sample takes of the scratch: SLOT_COLS + SLOT_ROWS.
const slotScratch = 256 + 4

// LinearBackwardSlots adds to dw and db, or writes them.
func (d *Device) LinearBackwardSlots(l device.Linear, bounds []int, x, dy, dw, db device.Buffer[float32]) {
	LinearBackwardSlots(d.pool, l, bounds, d.at(x), d.at(dy), d.at(dw), d.at(db))
}

func (scalar) weightSlots(first, last, rows, n int, add bool, bounds []int64, x, dy, dw, _ []float32) {
	narrow := make([]int, len(bounds))
	for k, b := range bounds {
		narrow[k] = int(b)
	}
	batch := narrow[len(narrow)-1]
	part := make([]float32, batch*(last-first)) // the columns of dy that belong to the rows
	for b := range batch {
		copy(part[b*(last-first):], dy[b*rows+first:b*rows+last])
	}
	device.LinearBackwardSlots(1, device.Linear{In: n, Out: last - first, Write: !add}, narrow, x, part, dw[first*n:last*n], nil)
}
