// SPDX-License-Identifier: BSD-3-Clause

package rotation

import "math"

// Source is a source of random numbers in [0, 1). It should be counter-based,
// one stream per rotation, so that any rotation can be had without those before
// it.
type Source interface {
	Float64() float64
}

// Uniform returns a rotation from the uniform distribution on SO(3), by a
// uniform unit quaternion of three random numbers [Shoemake 1992]. Its angle ω
// has the density (1 − cos ω)/π [Miles 1965].
func Uniform(u Source) Rotation {
	u1, u2, u3 := u.Float64(), 2*math.Pi*u.Float64(), 2*math.Pi*u.Float64()
	a, b := math.Sqrt(1-u1), math.Sqrt(u1)
	return quaternion(a*math.Sin(u2), a*math.Cos(u2), b*math.Sin(u3), b*math.Cos(u3))
}

// quaternion returns the rotation of the unit quaternion w + xi + yj + zk.
func quaternion(x, y, z, w float64) Rotation {
	return Rotation{
		{1 - 2*(y*y+z*z), 2 * (x*y - w*z), 2 * (x*z + w*y)},
		{2 * (x*y + w*z), 1 - 2*(x*x+z*z), 2 * (y*z - w*x)},
		{2 * (x*z - w*y), 2 * (y*z + w*x), 1 - 2*(x*x+y*y)},
	}
}

// AxisAngle returns a rotation by the law of the published data sets of COEmuNet:
// an axis uniform on the sphere and an angle uniform from 0 to 2π. It is not
// uniform on SO(3): small turns are too frequent. Like the original it takes
// four numbers and does not use the third.
func AxisAngle(u Source) Rotation {
	u0, u1 := u.Float64(), u.Float64()
	u.Float64()
	return AxisAngleOf(u0, u1, u.Float64())
}

// AxisAngleOf returns the rotation that AxisAngle makes of its numbers:
//
//	θ = 2π u₀, φ = arccos(1 − 2u₁), axis (sin φ cos θ, sin φ sin θ, cos φ), angle 2π a
func AxisAngleOf(u0, u1, a float64) Rotation {
	sinTheta, cosTheta := math.Sincos(2 * math.Pi * u0)
	sinPhi, cosPhi := math.Sincos(math.Acos(1 - 2*u1))
	return AboutAxis([3]float64{sinPhi * cosTheta, sinPhi * sinTheta, cosPhi}, 2*math.Pi*a)
}
