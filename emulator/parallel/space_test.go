// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"fmt"
	"testing"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/mpiutil"
)

// exact is a device that sums statistics of normalisation in double precision.
// Single precision sums a row in an order that depends on its length, and a block
// has shorter rows: statistics then differ by 1e-7, which twenty layers of
// rectifiers turn into 1e-5 of the gradient, as any change of the last bit does.
type exact struct{ device.Device[float32] }

func host(b device.Buffer[float32]) []float32 { return b.(device.Host[float32]) }

func (d exact) BatchNormStats(n device.BatchNorm, x device.Buffer[float32], s device.NormState[float32]) {
	device.BatchNormStats(1, n, host(x), host(s.Mean), host(s.Variance))
}

func (d exact) BatchNormMoments(n device.BatchNorm, x device.Buffer[float32], moments []float64) {
	device.BatchNormMoments(1, n, host(x), moments)
}

func (d exact) BatchNormSums(n device.BatchNorm, s device.NormState[float32], x, dy, dgamma, dbeta device.Buffer[float32]) {
	device.BatchNormSums(1, n, host(x), host(dy), host(s.Mean), host(s.Variance), host(s.Scale), host(s.Shift), host(dgamma), host(dbeta))
}

func (d exact) BatchNormPartSums(n device.BatchNorm, s device.NormState[float32], x, dy device.Buffer[float32], sums []float64) {
	device.BatchNormPartSums(1, n, host(x), host(dy), host(s.Mean), host(s.Variance), host(s.Scale), host(s.Shift), sums)
}

func openExact() device.Device[float32] { return exact{openCPU()} }

// TestSpaceEqualsOneRank compares ranks that share the cubes of samples with one
// rank, alone and beside other axes of the mesh, in single and double precision,
// with fewer samples than ranks and with more.
func TestSpaceEqualsOneRank(t *testing.T) {
	for _, batch := range []int{2, 3} {
		single, err := reference(openExact, Options{}, batch, 3)
		if err != nil {
			t.Fatal(err)
		}
		double, err := reference(openScalar, Options{}, batch, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []Mesh{
			{Data: 1, Tensor: 1, Space: [3]int{2, 1, 1}}, {Data: 1, Tensor: 1, Space: [3]int{2, 2, 2}}, {Data: 1, Tensor: 1, Space: [3]int{1, 1, 3}},
			{Data: 2, Tensor: 1, Space: [3]int{1, 2, 1}}, {Data: 1, Tensor: 2, Space: [3]int{1, 1, 2}},
		} {
			t.Run(fmt.Sprintf("%v, batch %d", m, batch), func(t *testing.T) {
				inProcess(t, m.Ranks(), func(c *mpiutil.Comm) error { return equal(openExact(), c, Options{Mesh: m}, batch, single, 1e-6) })
				if batch == 2 {
					inProcess(t, m.Ranks(), func(c *mpiutil.Comm) error { return equal(openScalar(), c, Options{Mesh: m}, batch, double, 1e-11) })
				}
			})
		}
	}
}
