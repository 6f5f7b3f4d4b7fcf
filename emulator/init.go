// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"math"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/emulator/philox"
)

// Init gives the network its starting values, the law of PyTorch's defaults:
// weights and biases of convolutions and dense layers uniform on ±1/√fan_in
// (Kaiming-uniform with a = √5), γ = 1, β = 0, running mean 0 and variance 1.
// A value depends on the seed, the tensor's place in the state_dict and the
// value's place in the tensor, and on nothing else.
//
// Reference: He, Zhang, Ren & Sun 2015, Delving deep into rectifiers, Proc.
// ICCV, 1026, with the gain √(2/(1 + a²)).
func (m *Model[T]) Init(seed uint64) error {
	m.Allocate()
	m.env.Changed()
	dev, key := m.env.Device, philox.NewKey(seed)
	for t, e := range m.entries {
		switch e.Kind {
		case nn.Weight, nn.Bias:
			dev.Upload(e.Value, uniform[T](key, uint32(t), e.Len(), 1/math.Sqrt(float64(e.FanIn))))
		case nn.NormWeight, nn.RunningVar:
			dev.Fill(e.Value, 1)
		case nn.NormBias, nn.RunningMean:
			dev.Fill(e.Value, 0)
		case nn.Counter:
			e.Count = 0
		}
	}
	return dev.Sync()
}

// uniform returns n values uniform on (−bound, bound).
func uniform[T device.Float](key philox.Key, tensor uint32, n int, bound float64) []T {
	values := make([]T, n)
	for block := 0; 4*block < n; block++ {
		words := key.Block([4]uint32{uint32(block), uint32(uint64(block) >> 32), tensor, 0})
		for k, w := range words[:min(4, n-4*block)] {
			values[4*block+k] = T(bound * (2*philox.Unit(w) - 1))
		}
	}
	return values
}
