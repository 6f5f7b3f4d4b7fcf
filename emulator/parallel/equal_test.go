// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/mpiutil"
)

// floor is the scale of a tensor that is 0 but for rounding. The gradient of a bias
// in front of a batch normalisation is, and that of γ behind it serves; values of
// biases and means begin at 0, and those of the weight or variance beside serve.
func floor[T device.Float](name string, all map[string][]T, gradient bool) float64 {
	other := strings.Replace(strings.Replace(name, ".bias", ".weight", 1), ".running_mean", ".running_var", 1)
	if other == name {
		return 0
	}
	if gradient {
		cut := strings.LastIndex(strings.TrimSuffix(name, ".bias"), ".") + 1
		var place int
		if _, err := fmt.Sscanf(name[cut:], "%d.bias", &place); err != nil {
			return 0
		}
		other = fmt.Sprintf("%s%d.weight", name[:cut], place+1)
	}
	var norm float64
	for _, v := range all[other] {
		norm += float64(v) * float64(v)
	}
	return math.Sqrt(norm)
}

func meshes() []Mesh {
	return []Mesh{{Data: 2, Tensor: 1}, {Data: 1, Tensor: 2}, {Data: 2, Tensor: 2}, {Data: 2, Tensor: 4}}
}

// reference is a run of one rank.
func reference[T device.Float](open func() device.Device[T], o Options, batch, steps int) (r *record[T], err error) {
	err = mpiutil.InProcess(1, func(c *mpiutil.Comm) (err error) {
		r, err = run(open(), c, o, batch, steps, nil)
		return err
	})
	return r, err
}

// equal checks gradients and values after some steps on ranks against one rank.
func equal[T device.Float](dev device.Device[T], c *mpiutil.Comm, o Options, batch int, want *record[T], tolerance float64) error {
	got, err := run(dev, c, o, batch, len(want.losses), nil)
	if err != nil {
		return err
	}
	for i, l := range got.losses {
		if d := math.Abs(l - want.losses[i]); d > max(tolerance, 1e-13)*math.Abs(want.losses[i])*10 {
			return fmt.Errorf("loss of step %d is %.17g, of one rank %.17g", i, l, want.losses[i])
		}
	}
	return errors.Join(compare("gradient", got.gradients, want.gradients, tolerance), compare("value", got.values, want.values, tolerance))
}

// TestEqualsOneRank compares meshes with one rank in float32, with batches that
// the ranks share evenly, unevenly, and so that some have none.
func TestEqualsOneRank(t *testing.T) {
	for _, batch := range []int{8, 3} {
		want, err := reference(openCPU, Options{}, batch, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range meshes() {
			t.Run(fmt.Sprintf("%v, batch %d", m, batch), func(t *testing.T) {
				m.Space = [3]int{1, 1, 1}
				inProcess(t, m.Ranks(), func(c *mpiutil.Comm) error {
					return equal(openCPU(), c, Options{Mesh: m}, batch, want, 1e-6)
				})
			})
		}
	}
}

// TestFixedBits compares meshes with one rank in fixed mode, bit by bit.
func TestFixedBits(t *testing.T) {
	for _, batch := range []int{16, 5} {
		want, err := reference(openCPU, Options{Fixed: true}, batch, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []Mesh{{Data: 2, Tensor: 1}, {Data: 1, Tensor: 2}, {Data: 2, Tensor: 2}, {Data: 8, Tensor: 1}, {Data: 1, Tensor: 8}, {Data: 2, Tensor: 4}} {
			t.Run(fmt.Sprintf("%v, batch %d", m, batch), func(t *testing.T) {
				m.Space = [3]int{1, 1, 1}
				inProcess(t, m.Ranks(), func(c *mpiutil.Comm) error {
					return equal(openCPU(), c, Options{Mesh: m, Fixed: true}, batch, want, 0)
				})
			})
		}
	}
}
