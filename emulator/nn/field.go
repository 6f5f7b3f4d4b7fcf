// SPDX-License-Identifier: BSD-3-Clause

package nn

import (
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/space"
)

// field is an array [samples, channels, box] of a part of a larger one.
type field[T device.Float] struct {
	values   device.Buffer[T]
	part     space.Part
	channels int
}

// rows calls f for each contiguous row of a part p of two fields: where it begins
// in each, and how long it is.
func rows[T device.Float](a, b field[T], p space.Part, f func(atA, atB, n int)) {
	if p.Len() == 0 {
		return
	}
	sizeA, sizeB, n := a.part.Box.Size(), b.part.Box.Size(), p.Box.Size()
	// Planes that both fields hold in full are one row.
	deep, high := n[0], n[1]
	if n[2] == sizeA[2] && n[2] == sizeB[2] {
		high, n[2] = 1, n[2]*n[1]
		if n[1] == sizeA[1] && n[1] == sizeB[1] {
			deep, n[2] = 1, n[2]*n[0]
		}
	}
	at := func(x field[T], size [3]int, s, c, d, h int) int {
		box := x.part.Box
		return (((s-x.part.Samples.Lo)*x.channels+c)*size[0]+p.Box[0].Lo+d-box[0].Lo)*size[1]*size[2] + (p.Box[1].Lo+h-box[1].Lo)*size[2] + p.Box[2].Lo - box[2].Lo
	}
	for s := p.Samples.Lo; s < p.Samples.Hi; s++ {
		for c := range a.channels {
			for d := range deep {
				for h := range high {
					f(at(a, sizeA, s, c, d, h), at(b, sizeB, s, c, d, h), n[2])
				}
			}
		}
	}
}

// copy copies or adds a part of src to dst.
func (b *Blocks[T]) copy(dst, src field[T], p space.Part, add bool) {
	dev := b.env.Device
	to, isHost := dst.values.(device.Host[T])
	from, isToo := src.values.(device.Host[T])
	rows(dst, src, p, func(i, j, n int) {
		switch {
		case !isHost || !isToo:
			if add {
				dev.Axpy(1, src.values.Slice(j, j+n), dst.values.Slice(i, i+n))
			} else {
				dev.Copy(dst.values.Slice(i, i+n), src.values.Slice(j, j+n))
			}
		case add:
			x, y := to[i:i+n], from[j:j+n]
			for k, v := range y {
				x[k] += v
			}
		default:
			copy(to[i:i+n], from[j:j+n])
		}
	})
}

// pack writes a part of a field to a message of its size.
func (b *Blocks[T]) pack(x field[T], p space.Part, message []T) []T {
	if _, isHost := x.values.(device.Host[T]); isHost {
		b.copy(field[T]{device.Host[T](message), p, x.channels}, x, p, false)
		return message
	}
	staged := b.env.Take(len(message))
	b.copy(field[T]{staged, p, x.channels}, x, p, false)
	b.env.Device.Download(message, staged)
	b.env.Give(staged)
	return message
}

// unpack writes a message to a part of a field, or adds it.
func (b *Blocks[T]) unpack(message []T, x field[T], p space.Part, add bool) {
	if _, isHost := x.values.(device.Host[T]); isHost {
		b.copy(x, field[T]{device.Host[T](message), p, x.channels}, p, add)
		return
	}
	staged := b.env.Take(len(message))
	b.env.Device.Upload(staged, message)
	b.copy(x, field[T]{staged, p, x.channels}, p, add)
	b.env.Give(staged)
}
