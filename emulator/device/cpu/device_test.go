// SPDX-License-Identifier: BSD-3-Clause

package cpu_test

import (
	"testing"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/device/cpu"
	"github.com/columen/columen/emulator/device/devicetest"
)

func TestDeviceConforms(t *testing.T) {
	devicetest.Run(t, func() device.Device[float32] { return cpu.Open(2) }, 2e-5)
}

func TestDeviceIndependentOfThreads(t *testing.T) {
	devicetest.RunThreads(t, func(threads int) device.Device[float32] { return cpu.Open(threads) })
}
