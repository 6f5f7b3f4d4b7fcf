// SPDX-License-Identifier: BSD-3-Clause

//go:build golden

package emulator

import (
	"math"
	"testing"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/loss"
	"github.com/columen/columen/emulator/optim"
)

// wind returns a sample that looks like a normalised wind and its line images:
// velocity along z, a peaked temperature and density off the centre, and
// channels that shrink away from the middle of the line.
func wind[T device.Float](g, frequencies int, shift float64) (x, y []T) {
	x, y = make([]T, 3*g*g*g), make([]T, frequencies*g*g)
	at := func(i int) float64 { return (float64(i)+0.5)/float64(g)*2 - 1 }
	for i := range g * g * g {
		a, b, c := at(i/(g*g))-shift, at(i/g%g)+shift/2, at(i%g)
		r := math.Sqrt(a*a + b*b + c*c + 0.02)
		x[i], x[g*g*g+i], x[2*g*g*g+i] = T(c/r), T(1/(1+3*r)), T(1.5-math.Log(r+0.1))
	}
	for i := range y {
		f, a, b := i/(g*g), at(i/g%g)-shift, at(i%g)+shift/2
		width := 0.25 + 0.5/(1+math.Abs(float64(f)-float64(frequencies-1)/2))
		y[i] = T(0.1 + 0.8*math.Exp(-(a*a+b*b)/(width*width)))
	}
	return x, y
}

// One batch can be learnt by heart, which needs every gradient: within 500 steps
// the MSE term falls below 1e-4 and the loss to a fiftieth.
func TestOverfitsOneBatch(t *testing.T) {
	const batch, steps = 2, 500
	dev := device.NewScalar[float32](2)
	m, err := New(dev, Config{Variant: Net3D, Grid: 32, Latent: 64})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Init(1); err != nil {
		t.Fatal(err)
	}
	var x, target []float32
	for b := range batch {
		xb, yb := wind[float32](32, 7, 0.3*float64(b))
		x, target = append(x, xb...), append(target, yb...)
	}
	f, err := loss.NewFreqMSE(32, 32, loss.Alpha, 2)
	if err != nil {
		t.Fatal(err)
	}
	adam, err := optim.NewAdam[float32](dev, m.Parameters(), m.Gradients(), optim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rate := optim.Warmup{Start: 0.1, Length: 10, Then: optim.Cosine{Base: 5e-3, Period: steps}}
	in, dy := dev.Adopt(x), dev.Alloc(len(target))
	out, grad := make([]float32, len(target)), make([]float32, len(target))
	var first, last loss.Terms
	for step := range steps {
		dev.Fill(m.Gradients(), 0)
		dev.Download(out, m.Forward(in, batch, true))
		if last, err = loss.Eval(f, out, target, grad); err != nil {
			t.Fatal(err)
		}
		if step == 0 {
			first = last
		}
		if last.MSE < 1e-4 && 50*last.Total() <= first.Total() {
			t.Logf("step %d: loss %.4g → %.4g, MSE term %.3g", step, first.Total(), last.Total(), last.MSE)
			return
		}
		dev.Upload(dy, grad)
		m.Backward(dy)
		adam.Step(rate.Rate(step))
	}
	t.Errorf("after %d steps: loss %.4g → %.4g, MSE term %.3g; 50 times less and 1e-4 were to be reached",
		steps, first.Total(), last.Total(), last.MSE)
}
