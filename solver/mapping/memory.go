// SPDX-License-Identifier: BSD-3-Clause

package mapping

import "unsafe"

// HaarBytes returns what Map holds for so many points and stored cells, the
// finest cells alone: coarser ones are fewer, and depend on where points lie.
func HaarBytes(points, cells int) float64 {
	const perPoint, perCell = 4 + 4, 4 + float64(unsafe.Sizeof(sample{})) + 8
	return perPoint*float64(points) + perCell*float64(cells)
}

// SPHBytes returns what SPH holds beside particles and cube.
func SPHBytes(particles, cells int) float64 {
	return 8*float64(particles) + float64(unsafe.Sizeof(particleSum{}))*float64(cells)
}

// NearestBytes returns what Nearest holds beside points and cube: a tree.
func NearestBytes(points int) float64 { return (4 + 1) * float64(points) }
