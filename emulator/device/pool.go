// SPDX-License-Identifier: BSD-3-Clause

package device

// MaxPoolForward writes the largest value of each window; windows do not
// overlap and what does not fill one is dropped. NaN counts as largest.
func MaxPoolForward[T Float](threads int, p Pool, x, y []T) {
	p.windows(threads, func(coarse, corner int) {
		y[coarse] = x[largest(p, x, corner)]
	})
}

// MaxPoolBackward sends dy to the first largest value of each window of x.
func MaxPoolBackward[T Float](threads int, p Pool, x, dy, dx []T) {
	clear(dx)
	p.windows(threads, func(coarse, corner int) {
		dx[largest(p, x, corner)] = dy[coarse]
	})
}

// UpsampleForward repeats each value over its window. Sizes must be multiples
// of the factors.
func UpsampleForward[T Float](threads int, p Pool, x, y []T) {
	p.windows(threads, func(coarse, corner int) {
		p.each(corner, func(fine int) { y[fine] = x[coarse] })
	})
}

// UpsampleBackward sums dy over each window.
func UpsampleBackward[T Float](threads int, p Pool, dy, dx []T) {
	p.windows(threads, func(coarse, corner int) {
		var sum T
		p.each(corner, func(fine int) { sum += dy[fine] })
		dx[coarse] = sum
	})
}

// largest returns the index of the first largest value of a window.
func largest[T Float](p Pool, x []T, corner int) int {
	best := corner
	p.each(corner, func(fine int) {
		if x[fine] > x[best] || x[fine] != x[fine] && x[best] == x[best] {
			best = fine
		}
	})
	return best
}

// windows visits each window: its index on the coarser side and the index of
// its first value on the finer side.
func (p Pool) windows(threads int, visit func(coarse, corner int)) {
	c := p.Coarse()
	parallel(threads, p.Planes*c[0], func(job int) {
		plane, d := job/c[0], job%c[0]
		for h := range c[1] {
			for w := range c[2] {
				visit((job*c[1]+h)*c[2]+w,
					((plane*p.Size[0]+d*p.Factor[0])*p.Size[1]+h*p.Factor[1])*p.Size[2]+w*p.Factor[2])
			}
		}
	})
}

// each visits the values of the window that begins at corner, in C order.
func (p Pool) each(corner int, visit func(fine int)) {
	for d := range p.Factor[0] {
		for h := range p.Factor[1] {
			row := corner + (d*p.Size[1]+h)*p.Size[2]
			for w := range p.Factor[2] {
				visit(row + w)
			}
		}
	}
}
