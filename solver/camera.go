// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"fmt"
	"math"

	"github.com/columen/columen/solver/grid"
)

// MaxPixels bounds the pixels of a camera along each side of the image.
const MaxPixels = 1 << 15

// Camera is a view from any direction, without perspective: one ray through
// the centre of each pixel.
type Camera struct {
	Observer, ImageX, ImageY [3]float64 // unit vectors in the cube; Observer towards the observer
	NX, NY                   int        // pixels
	PixelM                   [2]float64 // their edge lengths [m]
	CenterM                  [2]float64 // image coordinates of the image centre, from the origin of the model [m]
}

// NewCamera returns the directions of a camera by the angles of the package
// documentation. The position angle turns what is seen from north (image y)
// through east, which is left on the sky: counter-clockwise,
//
//	x' = cos θ·x - sin θ·y,  y' = sin θ·x + cos θ·y.
//
// Pixels are still to be chosen, by Cover or Frame.
func NewCamera(inclinationDeg, azimuthDeg, positionAngleDeg float64) Camera {
	si, ci := sincosDeg(inclinationDeg)
	sp, cp := sincosDeg(azimuthDeg)
	st, ct := sincosDeg(positionAngleDeg)
	turn := func(x, y, z float64) [3]float64 {
		y, z = ci*y-si*z, si*y+ci*z
		return [3]float64{cp*x + sp*y, -sp*x + cp*y, z}
	}
	x, y := turn(1, 0, 0), turn(0, 1, 0)
	c := Camera{Observer: turn(0, 0, 1)}
	for a := range x {
		c.ImageX[a], c.ImageY[a] = ct*x[a]-st*y[a], st*x[a]+ct*y[a]
	}
	return c
}

// sincosDeg is exact at multiples of 90°, so that views along an axis are.
func sincosDeg(deg float64) (sin, cos float64) {
	turns := math.Round(deg / 90)
	s, c := math.Sincos((deg - 90*turns) * math.Pi / 180)
	switch quarter := int(math.Mod(turns, 4)+4) % 4; quarter {
	case 1:
		s, c = c, -s
	case 2:
		s, c = -s, -c
	case 3:
		s, c = -c, s
	}
	return s, c
}

// Camera returns the view along an axis as a camera whose pixels are the cells
// of the mesh.
func (v View) Camera(m grid.Mesh) Camera {
	unit := func(d Direction) (e [3]float64) {
		e[d.Axis] = float64(d.Sign)
		return e
	}
	h := m.CellSize()
	c := Camera{Observer: unit(v.Observer), ImageX: unit(v.ImageX), ImageY: unit(v.ImageY),
		NX: m.Cells[v.ImageX.Axis], NY: m.Cells[v.ImageY.Axis], PixelM: [2]float64{h[v.ImageX.Axis], h[v.ImageY.Axis]}}
	c.CenterM = c.project(center(m))
	return c
}

// Frame returns the camera with nx by ny square pixels over widthM [m], centred
// on the box. With nx = 0 pixels are as large as the smallest edge of a cell, or
// as widthM divided by that many; with widthM = 0 the image covers the box as it
// appears.
func (c Camera) Frame(m grid.Mesh, nx, ny int, widthM float64) Camera {
	var extent [2]float64
	size, h := m.Box.Size(), m.CellSize()
	for a := range size {
		extent[0] += math.Abs(c.ImageX[a]) * size[a]
		extent[1] += math.Abs(c.ImageY[a]) * size[a]
	}
	c.CenterM = c.project(center(m))
	const slack = 1e-9 // pixels, so that rounding does not add one
	if nx == 0 {
		pixel := min(h[0], h[1], h[2])
		if widthM > 0 {
			extent = [2]float64{widthM, widthM}
		}
		count := func(extent float64) int { return int(min(math.Ceil(extent/pixel-slack), 2*MaxPixels)) }
		nx, ny = count(extent[0]), count(extent[1])
		if widthM > 0 {
			pixel = widthM / float64(nx)
		}
		c.NX, c.NY, c.PixelM = nx, ny, [2]float64{pixel, pixel}
		return c
	}
	pixel := widthM / float64(nx)
	if widthM == 0 {
		pixel = max(extent[0]/float64(nx), extent[1]/float64(ny))
	}
	c.NX, c.NY, c.PixelM = nx, ny, [2]float64{pixel, pixel}
	return c
}

// project returns the image coordinates of a place.
func (c *Camera) project(p [3]float64) [2]float64 {
	return [2]float64{dot(c.ImageX, p), dot(c.ImageY, p)}
}

// starts returns a function that tells where the ray of a pixel crosses the
// plane through the centre of the box that faces the observer, in cells of m.
func (c *Camera) starts(m grid.Mesh) func(x, y int) [3]float64 {
	h, middle := m.CellSize(), c.project(center(m))
	return func(x, y int) (g [3]float64) {
		dx := (float64(x)-float64(c.NX-1)/2)*c.PixelM[0] + (c.CenterM[0] - middle[0])
		dy := (float64(y)-float64(c.NY-1)/2)*c.PixelM[1] + (c.CenterM[1] - middle[1])
		for a := range g {
			g[a] = float64(m.Cells[a]-1)/2 + (c.ImageX[a]*dx+c.ImageY[a]*dy)/h[a]
			// A ray along the planes of an axis must know on which side of one it is.
			if c.Observer[a] == 0 {
				if near := math.Round(2*g[a]) / 2; math.Abs(g[a]-near) < 1e-9 {
					g[a] = near
				}
			}
		}
		return g
	}
}

// validate refuses what is no camera.
func (c *Camera) validate() error {
	if c.NX < 1 || c.NY < 1 || !(c.PixelM[0] > 0) || !(c.PixelM[1] > 0) {
		return fmt.Errorf("solver: image of %d × %d pixels of %g × %g m: want at least one pixel, of positive size", c.NX, c.NY, c.PixelM[0], c.PixelM[1])
	}
	if c.NX > MaxPixels || c.NY > MaxPixels {
		return fmt.Errorf("solver: image of %d × %d pixels: want at most %d along each side", c.NX, c.NY, MaxPixels)
	}
	for _, p := range [][2][3]float64{{c.ImageX, c.ImageX}, {c.ImageY, c.ImageY}, {c.Observer, c.Observer}} {
		if math.Abs(dot(p[0], p[1])-1) > 1e-12 {
			return fmt.Errorf("solver: direction %v of a camera: want a unit vector", p[0])
		}
	}
	return nil
}

// NumRays returns about how many rays meet a box of the given edge lengths [m].
func (c *Camera) NumRays(size [3]float64) float64 {
	area := math.Abs(c.Observer[0])*size[1]*size[2] + math.Abs(c.Observer[1])*size[2]*size[0] + math.Abs(c.Observer[2])*size[0]*size[1]
	return min(area/(c.PixelM[0]*c.PixelM[1]), float64(c.NX)*float64(c.NY))
}

// Components tells along which axes the velocity is needed.
func (c *Camera) Components() (needed [3]bool) {
	for a, o := range c.Observer {
		needed[a] = o != 0
	}
	return needed
}

// needs returns an error if a component of the velocity that is needed is not there.
func (c *Camera) needs(there ...bool) error {
	for a, needed := range c.Components() {
		if needed && !there[a] {
			return fmt.Errorf("solver: the cube has no velocity along %s, which a view from %.4g needs: want all components, or a view along an axis it has", grid.AxisName(a), c.Observer)
		}
	}
	return nil
}

func center(m grid.Mesh) (p [3]float64) {
	for a := range p {
		p[a] = (m.Box.Min[a] + m.Box.Max[a]) / 2
	}
	return p
}

func dot(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }
