// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"fmt"
	"maps"
	"time"

	"github.com/columen/columen/emulator/device"
)

// timed is a device that counts the time of each kind of operation.
type timed struct {
	device.Device[float32]
	spent map[string]time.Duration
}

type buffer = device.Buffer[float32]

func (d *timed) time(what string, f func()) {
	start := time.Now()
	f()
	d.spent[what] += time.Since(start)
}

// shares is a copy of the times so far.
func (d *timed) shares() map[string]time.Duration { return maps.Clone(d.spent) }

func kindOf(c device.Conv) string {
	return fmt.Sprintf(" %dto%d_%d_k%d%d_s%d", c.In, c.Out, c.Size[2], c.Kernel[0], c.Kernel[2], c.Stride[0])
}

func (d *timed) Fill(dst buffer, v float32) { d.time("fill", func() { d.Device.Fill(dst, v) }) }

func (d *timed) Upload(dst buffer, src []float32) {
	d.time("copy", func() { d.Device.Upload(dst, src) })
}

func (d *timed) Download(dst []float32, src buffer) {
	d.time("copy", func() { d.Device.Download(dst, src) })
}

func (d *timed) CopyRows(r device.Rows, dst, src buffer) {
	d.time("copy", func() { d.Device.CopyRows(r, dst, src) })
}

func (d *timed) ConvForward(c device.Conv, batch int, x, w, bias, y buffer) {
	d.time("conv"+kindOf(c), func() { d.Device.ConvForward(c, batch, x, w, bias, y) })
}

func (d *timed) ConvBackwardData(c device.Conv, batch int, dy, w, dx buffer) {
	d.time("conv data"+kindOf(c), func() { d.Device.ConvBackwardData(c, batch, dy, w, dx) })
}

func (d *timed) ConvBackwardWeights(c device.Conv, batch int, x, dy, dw, db buffer) {
	d.time("conv weights"+kindOf(c), func() { d.Device.ConvBackwardWeights(c, batch, x, dy, dw, db) })
}

func (d *timed) BatchNormStats(n device.BatchNorm, x buffer, s device.NormState[float32]) {
	d.time("norm stats", func() { d.Device.BatchNormStats(n, x, s) })
}

func (d *timed) BatchNormApply(n device.BatchNorm, s device.NormState[float32], x, residual, y buffer) {
	d.time("norm apply", func() { d.Device.BatchNormApply(n, s, x, residual, y) })
}

func (d *timed) BatchNormSums(n device.BatchNorm, s device.NormState[float32], x, dy, dgamma, dbeta buffer) {
	d.time("norm sums", func() { d.Device.BatchNormSums(n, s, x, dy, dgamma, dbeta) })
}

func (d *timed) BatchNormBackward(n device.BatchNorm, s device.NormState[float32], x, dy, dgamma, dbeta, dx buffer) {
	d.time("norm backward", func() { d.Device.BatchNormBackward(n, s, x, dy, dgamma, dbeta, dx) })
}

func (d *timed) MaxPoolForward(p device.Pool, x, y buffer) {
	d.time("pool", func() { d.Device.MaxPoolForward(p, x, y) })
}

func (d *timed) MaxPoolBackward(p device.Pool, x, dy, dx buffer) {
	d.time("pool backward", func() { d.Device.MaxPoolBackward(p, x, dy, dx) })
}

func (d *timed) UpsampleForward(p device.Pool, x, y buffer) {
	d.time("upsample", func() { d.Device.UpsampleForward(p, x, y) })
}

func (d *timed) UpsampleBackward(p device.Pool, dy, dx buffer) {
	d.time("upsample backward", func() { d.Device.UpsampleBackward(p, dy, dx) })
}

func (d *timed) ReLU(x, y buffer) { d.time("relu", func() { d.Device.ReLU(x, y) }) }

func (d *timed) ReLUBackward(y, dy, dx buffer) {
	d.time("relu backward", func() { d.Device.ReLUBackward(y, dy, dx) })
}

func (d *timed) Tanh(x, y buffer) { d.time("tanh", func() { d.Device.Tanh(x, y) }) }

func (d *timed) TanhBackward(y, dy, dx buffer) {
	d.time("tanh backward", func() { d.Device.TanhBackward(y, dy, dx) })
}

func (d *timed) Axpy(a float32, x, y buffer) { d.time("axpy", func() { d.Device.Axpy(a, x, y) }) }

func (d *timed) Scale(a float32, x buffer) { d.time("scale", func() { d.Device.Scale(a, x) }) }

func (d *timed) SumSquares(x, out buffer) {
	d.time("sum of squares", func() { d.Device.SumSquares(x, out) })
}

func (d *timed) LinearForward(l device.Linear, batch int, x, w, bias, y buffer) {
	d.time("linear", func() { d.Device.LinearForward(l, batch, x, w, bias, y) })
}

func (d *timed) LinearBackwardData(l device.Linear, batch int, dy, w, dx buffer) {
	d.time("linear data", func() { d.Device.LinearBackwardData(l, batch, dy, w, dx) })
}

func (d *timed) LinearBackwardWeights(l device.Linear, batch int, x, dy, dw, db buffer) {
	d.time("linear weights", func() { d.Device.LinearBackwardWeights(l, batch, x, dy, dw, db) })
}

func (d *timed) Adam(a device.AdamStep, p, g, m, v buffer) {
	d.time("adam", func() { d.Device.Adam(a, p, g, m, v) })
}
