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
	place, name := -1, "" // in the state_dict, where slices of a tensor are one
	for _, e := range m.entries {
		if e.Name != name {
			place, name = place+1, e.Name
		}
		switch e.Kind {
		case nn.Weight, nn.Bias:
			initialise(dev, e, key, uint32(place))
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

// initialise uploads the values of an entry, the rows of a slice one by one.
func initialise[T device.Float](dev device.Device[T], e *nn.Entry[T], key philox.Key, tensor uint32) {
	bound := 1 / math.Sqrt(float64(e.FanIn))
	values := make([]T, e.Len())
	e.Stretches(func(at, from, n int) { uniform(key, tensor, from, bound, values[at:at+n]) })
	dev.Upload(e.Value, values)
}

// uniform fills values with those of a tensor from a place in it on, uniform on
// (−bound, bound).
func uniform[T device.Float](key philox.Key, tensor uint32, from int, bound float64, values []T) {
	for k := 0; k < len(values); {
		at := uint64(from + k)
		words := key.Block([4]uint32{uint32(at / 4), uint32(at / 4 >> 32), tensor, 0})
		for _, w := range words[at%4:] {
			if k < len(values) {
				values[k] = T(bound * (2*philox.Unit(w) - 1))
				k++
			}
		}
	}
}
