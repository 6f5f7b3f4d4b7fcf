// SPDX-License-Identifier: BSD-3-Clause

package metric

import (
	"fmt"

	"github.com/columen/columen/emulator/device"
)

// MaskCentre replaces the size × size pixels in the middle of each image by the
// mean of the image's other pixels, in place: MaxRel of images so treated does
// not depend on the star's own pixels. It is an option of the original.
func MaskCentre[T device.Float](s Images, size int, v []T) error {
	if err := s.check(len(v), len(v)); err != nil {
		return err
	}
	if size < 0 || size > min(s.Height, s.Width) || size*size == s.pixels() {
		return fmt.Errorf("metric: a centre of %d × %d pixels in images of %d × %d", size, size, s.Height, s.Width)
	}
	top, left := s.Height/2-size/2, s.Width/2-size/2
	inside := func(p int) bool {
		h, w := p/s.Width-top, p%s.Width-left
		return h >= 0 && h < size && w >= 0 && w < size
	}
	for i := range s.Batch * s.Frequencies {
		img := v[i*s.pixels() : (i+1)*s.pixels()]
		var sum float64
		for p, x := range img {
			if !inside(p) {
				sum += float64(x)
			}
		}
		rest := T(sum / float64(s.pixels()-size*size))
		for p := range img {
			if inside(p) {
				img[p] = rest
			}
		}
	}
	return nil
}
