// SPDX-License-Identifier: BSD-3-Clause

package emulator_test

import (
	"fmt"

	"github.com/columen/columen/emulator"
	"github.com/columen/columen/emulator/device"
)

// A network of random weights for the least grid predicts seven images.
func Example() {
	dev := device.NewScalar[float32](2)
	net, err := emulator.New(dev, emulator.Config{Variant: emulator.Net3D, Grid: 32, Latent: 16})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := net.Init(1); err != nil {
		fmt.Println(err)
		return
	}
	cube := device.NewTensor[float32](1, 3, 32, 32, 32) // normalised v, T, n
	images, err := net.Predict(cube)
	if err != nil {
		fmt.Println(err)
		return
	}
	all, without := net.ParameterCount()
	fmt.Println(images.Shape, all, without)
	// Output: [1 1 7 32 32] 798865 9072
}
