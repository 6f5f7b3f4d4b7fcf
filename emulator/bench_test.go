// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"fmt"
	"testing"
	"time"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/device/cpu"
)

// BenchmarkPredict runs the network of the paper at seven frequencies, 143,303,809 parameters, with
// weights of no meaning, from input to output in the host's memory.
func BenchmarkPredict(b *testing.B) {
	for _, c := range []struct {
		batch, threads int
		limitMS        float64 // of the whole batch
	}{{1, 1, 34}, {1, 2, 20}, {8, 2, 100}} {
		m := bigNet(b, c.threads)
		x := device.NewTensor[float32](c.batch, 3, 64, 64, 64)
		for i := range x.Data {
			x.Data[i] = float32(i%1009)/1009 - 0.5
		}
		b.Run(fmt.Sprintf("batch%d/threads%d", c.batch, c.threads), func(b *testing.B) {
			best := 0.0
			for range b.N + 1 {
				start := time.Now()
				if _, err := m.Predict(x); err != nil {
					b.Fatal(err)
				}
				if s := time.Since(start).Seconds(); best == 0 || s < best {
					best = s
				}
			}
			b.ReportMetric(1e3*best, "best-ms")
			b.ReportMetric(c.limitMS, "limit-ms")
			b.ReportMetric(float64(c.batch)/best, "images/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// bigNet is Net3D with values of no meaning.
func bigNet(b *testing.B, threads int) *Model[float32] {
	m, err := New[float32](cpu.Open(threads), Config{Variant: Net3D})
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range m.Entries() {
		if e.Shape == nil || len(e.Shape) == 0 {
			continue
		}
		v, _ := cpu.Alloc(e.Len())
		for i := range v {
			v[i] = (float32(i%1009)/1009 - 0.4) / 16
		}
		if len(e.Shape) == 1 {
			for i := range v {
				v[i] = 1
			}
		}
		if err := m.Adopt(e.Name, v); err != nil {
			b.Fatal(err)
		}
	}
	return m
}
