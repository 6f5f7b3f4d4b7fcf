// SPDX-License-Identifier: BSD-3-Clause

package rotation

import "math"

// Rotation is a rotation matrix, its rows first: (R x)ₐ = Σ_b R[a][b] x_b.
type Rotation [3][3]float64

// Identity returns the rotation that leaves everything where it is.
func Identity() Rotation { return Rotation{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}} }

// Camera returns the rotation R of a camera of package solver: its image axes
// and the direction towards it are R x̂, R ŷ and R ẑ, by
//
//	R = R_φ R_i R_ψ
//	R_ψ: (x, y) → (x cos ψ + y sin ψ, −x sin ψ + y cos ψ)
//	R_i: (y, z) → (y cos i − z sin i, y sin i + z cos i)
//	R_φ: (x, y) → (x cos φ + y sin φ, −x sin φ + y cos φ)
//
// with the inclination i, the azimuth φ and the position angle ψ by which what
// is seen turns from north (up) through east (left), all in degrees. Multiples of
// 90 degrees give entries that are exactly 0 and ±1.
func Camera(inclinationDeg, azimuthDeg, positionAngleDeg float64) Rotation {
	si, ci := sinCos(inclinationDeg)
	sp, cp := sinCos(azimuthDeg)
	ss, cs := sinCos(positionAngleDeg)
	roll := Rotation{{cs, ss, 0}, {-ss, cs, 0}, {0, 0, 1}}
	tilt := Rotation{{1, 0, 0}, {0, ci, -si}, {0, si, ci}}
	turn := Rotation{{cp, sp, 0}, {-sp, cp, 0}, {0, 0, 1}}
	return turn.Times(tilt).Times(roll)
}

// sinCos returns sine and cosine of an angle in degrees, exact at multiples of
// 90: models turned by such angles keep their axes.
func sinCos(deg float64) (sin, cos float64) {
	rest := math.Mod(deg, 360)
	if quarter := rest / 90; quarter == math.Trunc(quarter) {
		n := (int(quarter) + 4) % 4
		return [4]float64{0, 1, 0, -1}[n], [4]float64{1, 0, -1, 0}[n]
	}
	return math.Sincos(rest * (math.Pi / 180))
}

// AboutAxis returns the rotation by angleRad about a unit vector, right-handed
// [Rodrigues 1840]:
//
//	R = cos a · 1 + sin a · [k]ₓ + (1 − cos a) k kᵀ
func AboutAxis(k [3]float64, angleRad float64) Rotation {
	sin, cos := math.Sincos(angleRad)
	one := 1 - cos
	return Rotation{
		{cos + k[0]*k[0]*one, k[0]*k[1]*one - k[2]*sin, k[0]*k[2]*one + k[1]*sin},
		{k[1]*k[0]*one + k[2]*sin, cos + k[1]*k[1]*one, k[1]*k[2]*one - k[0]*sin},
		{k[2]*k[0]*one - k[1]*sin, k[2]*k[1]*one + k[0]*sin, cos + k[2]*k[2]*one},
	}
}

// Apply returns R v.
func (r Rotation) Apply(v [3]float64) [3]float64 {
	var w [3]float64
	for a := range w {
		w[a] = r[a][0]*v[0] + r[a][1]*v[1] + r[a][2]*v[2]
	}
	return w
}

// Times returns the rotation that applies s first and r after it.
func (r Rotation) Times(s Rotation) Rotation {
	var t Rotation
	for a := range t {
		for b := range t {
			t[a][b] = r[a][0]*s[0][b] + r[a][1]*s[1][b] + r[a][2]*s[2][b]
		}
	}
	return t
}

// Inverse returns the rotation that undoes r, its transpose.
func (r Rotation) Inverse() Rotation {
	var t Rotation
	for a := range t {
		for b := range t {
			t[a][b] = r[b][a]
		}
	}
	return t
}

// AngleRad returns the angle by which r turns about its axis, from 0 to π, from
// its trace, 1 + 2 cos ω, and its antisymmetric part, of length 2 sin ω: either
// alone loses half of the digits where the other does not.
func (r Rotation) AngleRad() float64 {
	x, y, z := r[2][1]-r[1][2], r[0][2]-r[2][0], r[1][0]-r[0][1]
	return math.Atan2(math.Sqrt(x*x+y*y+z*z), r[0][0]+r[1][1]+r[2][2]-1)
}
