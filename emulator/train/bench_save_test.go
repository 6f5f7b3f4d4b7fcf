// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"flag"
	"fmt"
	"testing"

	"github.com/columen/columen/emulator"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/device/cpu"
)

// pauseLatent is the latent width of BenchmarkPause.
var pauseLatent = flag.Int("pause-latent", 256, "latent width of BenchmarkPause; 4096 is that of the published network")

// BenchmarkPause measures how long training stands still for a checkpoint, waited
// for and behind training. That of the published network has 143.3 million
// parameters and two moments, 1.72 GB: -pause-latent 4096.
func BenchmarkPause(b *testing.B) {
	for _, behind := range []bool{false, true} {
		b.Run(fmt.Sprintf("behind=%v", behind), func(b *testing.B) {
			dev := cpu.Open(2)
			net, err := emulator.New(dev, emulator.Config{Variant: emulator.Net3D, Grid: 64, Frequencies: 7, Latent: *pauseLatent})
			if err == nil {
				err = net.Init(1)
			}
			if err != nil {
				b.Fatal(err)
			}
			nm, err := dataset.Published(dataset.MultiFrequency)
			if err != nil {
				b.Fatal(err)
			}
			o := options(b.TempDir())
			o.Keep, o.BatchSize, o.ValidationBatch, o.Threads, o.Behind = 1, 1, 1, 2, behind
			tr, err := New(dev, net, Data{Shape: dataset.Shape{Grid: 64, Channels: 7}, Normalization: nm}, o)
			if err != nil {
				b.Fatal(err)
			}
			for range 2 { // memory is touched for the first time
				if err := tr.save(nil, false); err != nil {
					b.Fatal(err)
				}
				tr.step++
			}
			if err := tr.finish(); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(CopyBytes(net.Entries(), tr.team.Owns))
			for b.Loop() {
				if err := tr.save(nil, false); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := tr.finish(); err != nil {
					b.Fatal(err)
				}
				tr.step++
				b.StartTimer()
			}
		})
	}
}
