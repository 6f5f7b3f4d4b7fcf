// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"fmt"

	"github.com/columen/columen/solver/grid"
)

// Direction is one of the six directions along the axes of the cube.
type Direction struct {
	Axis int // 0, 1, 2 = x, y, z
	Sign int // +1 or -1
}

// String returns "+x" and so on.
func (d Direction) String() string {
	if d.Sign < 0 {
		return "-" + grid.AxisName(d.Axis)
	}
	return "+" + grid.AxisName(d.Axis)
}

// View is a view along an axis of the cube, with the directions of the image
// axes in the cube.
type View struct {
	Observer       Direction // towards the observer
	ImageX, ImageY Direction
}

// NewView returns the view of an observer in direction axis, one of "+x", "-x",
// "+y", "-y", "+z", "-z". The package documentation has the table of image axes.
func NewView(axis string) (View, error) {
	for _, v := range [...]View{
		{Direction{2, 1}, Direction{0, 1}, Direction{1, 1}},
		{Direction{2, -1}, Direction{0, 1}, Direction{1, -1}},
		{Direction{1, -1}, Direction{0, 1}, Direction{2, 1}},
		{Direction{0, -1}, Direction{1, -1}, Direction{2, 1}},
		{Direction{1, 1}, Direction{0, -1}, Direction{2, 1}},
		{Direction{0, 1}, Direction{1, 1}, Direction{2, 1}},
	} {
		if v.Observer.String() == axis {
			return v, nil
		}
	}
	return View{}, fmt.Errorf("view axis %q: want +x, -x, +y, -y, +z or -z", axis)
}

// pixels returns where the cells [r.Lo, r.Hi) of n along d lie in the image:
// the pixel of the first, in image order, and their count.
func (d Direction) pixels(r grid.Range, n int) (first, count int) {
	if d.Sign > 0 {
		return r.Lo, r.Len()
	}
	return n - r.Hi, r.Len()
}

// first returns the first of the cells [r.Lo, r.Hi) met when going along d.
func (d Direction) first(r grid.Range) int {
	if d.Sign > 0 {
		return r.Lo
	}
	return r.Hi - 1
}
