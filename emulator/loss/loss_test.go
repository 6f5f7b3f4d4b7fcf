// SPDX-License-Identifier: BSD-3-Clause

package loss

import (
	"math"
	"math/cmplx"
	"testing"
)

// waves returns n values without symmetry.
func waves(n int, phase float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = math.Sin(1.7*float64(i)+phase) + 0.3*math.Cos(float64(i*i%31))
	}
	return v
}

// direct sums |F| by the definition of the transform.
func direct(d []float64, height, width int) float64 {
	var sum float64
	for k := range height {
		for l := range width {
			var z complex128
			for h := range height {
				for w := range width {
					angle := -2 * math.Pi * (float64(k*h)/float64(height) + float64(l*w)/float64(width))
					z += complex(d[h*width+w], 0) * cmplx.Exp(complex(0, angle))
				}
			}
			sum += cmplx.Abs(z)
		}
	}
	return sum
}

func mustLoss(t *testing.T, h, w int, alpha float64, threads int) *FreqMSE {
	t.Helper()
	f, err := NewFreqMSE(h, w, alpha, threads)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Both terms against their definitions, for even and odd widths.
func TestAgainstDefinition(t *testing.T) {
	for _, size := range [][2]int{{4, 6}, {5, 7}, {1, 2}, {3, 8}} {
		h, w := size[0], size[1]
		const images, alpha = 3, 0.7
		p, q := waves(images*h*w, 0), waves(images*h*w, 1)
		terms, err := Eval(mustLoss(t, h, w, alpha, 2), p, q, nil)
		if err != nil {
			t.Fatal(err)
		}
		var mse, fft float64
		for i := range images {
			d := make([]float64, h*w)
			for j := range d {
				d[j] = q[i*h*w+j] - p[i*h*w+j]
				mse += d[j] * d[j]
			}
			fft += direct(d, h, w)
		}
		m := float64(len(p))
		if want := alpha * mse / m; math.Abs(terms.MSE-want) > 1e-13*want {
			t.Errorf("%v: MSE term %g, want %g", size, terms.MSE, want)
		}
		if want := (1 - alpha) * fft / m; math.Abs(terms.Fourier-want) > 1e-13*want {
			t.Errorf("%v: Fourier term %g, want %g", size, terms.Fourier, want)
		}
	}
}

func TestGradientAgainstDifferences(t *testing.T) {
	for _, size := range [][2]int{{4, 6}, {5, 7}, {8, 8}} {
		h, w := size[0], size[1]
		f := mustLoss(t, h, w, Alpha, 2)
		p, q := waves(2*h*w, 0), waves(2*h*w, 1)
		grad := make([]float64, len(p))
		if _, err := Eval(f, p, q, grad); err != nil {
			t.Fatal(err)
		}
		const step = 1e-6
		for i := range p {
			at := func(x float64) float64 {
				moved := append([]float64(nil), p...)
				moved[i] = x
				terms, _ := Eval(f, moved, q, nil)
				return terms.Total()
			}
			want := (at(p[i]+step) - at(p[i]-step)) / (2 * step)
			if math.Abs(grad[i]-want) > 1e-8 {
				t.Fatalf("%v: ∂L/∂p[%d] = %.10g, differences give %.10g", size, i, grad[i], want)
			}
		}
	}
}

// The minimum has a gradient of zero, the modulus' kink included.
func TestZeroAtTarget(t *testing.T) {
	p := waves(2*36, 0)
	grad := waves(2*36, 3)
	terms, err := Eval(mustLoss(t, 6, 6, Alpha, 1), p, p, grad)
	if err != nil || terms.Total() != 0 {
		t.Errorf("loss %g, error %v", terms.Total(), err)
	}
	for i, g := range grad {
		if g != 0 {
			t.Fatalf("gradient[%d] = %g", i, g)
		}
	}
}

func TestIndependentOfThreads(t *testing.T) {
	p, q := waves(7*64, 0), waves(7*64, 1)
	a, b := make([]float64, len(p)), make([]float64, len(p))
	one, _ := Eval(mustLoss(t, 8, 8, Alpha, 1), p, q, a)
	three, _ := Eval(mustLoss(t, 8, 8, Alpha, 3), p, q, b)
	if one != three {
		t.Errorf("losses %v and %v", one, three)
	}
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("gradients differ at %d", i)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, err := range []error{
		func() error { _, err := NewFreqMSE(0, 4, 0.5, 1); return err }(),
		func() error { _, err := NewFreqMSE(4, 4, 1.5, 1); return err }(),
		func() error {
			_, err := Eval(mustLoss(t, 4, 4, 0.5, 1), make([]float64, 15), make([]float64, 15), nil)
			return err
		}(),
		func() error {
			_, err := Eval(mustLoss(t, 4, 4, 0.5, 1), make([]float64, 16), make([]float64, 32), nil)
			return err
		}(),
		func() error { _, err := Eval[float64](mustLoss(t, 4, 4, 0.5, 1), nil, nil, nil); return err }(),
	} {
		if err == nil {
			t.Error("a bad argument was accepted")
		}
	}
}
