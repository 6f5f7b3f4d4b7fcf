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

// partner names the tensor that gives the scale of one that is 0 but for rounding:
// for the gradient of a bias in front of a batch normalisation that of γ behind
// it, for values of biases and means, which begin at 0, the weight or variance
// beside.
func partner(name string, gradient bool) string {
	if !gradient {
		return strings.Replace(strings.Replace(name, ".bias", ".weight", 1), ".running_mean", ".running_var", 1)
	}
	cut := strings.LastIndex(strings.TrimSuffix(name, ".bias"), ".") + 1
	var place int
	if _, err := fmt.Sscanf(name[cut:], "%d.bias", &place); err != nil {
		return name
	}
	return fmt.Sprintf("%s%d.weight", name[:cut], place+1)
}

// length is the L2 norm.
func length[T device.Float](v []T) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
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

// rounding notes how far the gradients of a run of one rank in float32 are from
// those in float64: about 1e-5, since 40 normalisations amplify the rounding of
// the dense layers. Where these are summed in another order, the gradients of
// ranks cannot be nearer to those of one rank than these are to the truth.
func rounding(r *record[float32], batch int) error {
	exact, err := reference(openScalar, Options{}, batch, 1)
	if err != nil {
		return err
	}
	r.noise = map[string]float64{}
	for name, g := range r.gradients {
		var sum float64
		for i, v := range g {
			d := float64(v) - exact.gradients[name][i]
			sum += d * d
		}
		r.noise[name] = math.Sqrt(sum)
	}
	return nil
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
	return errors.Join(compare("gradient", got.gradients, want.gradients, tolerance, want.noise), compare("value", got.values, want.values, tolerance, nil))
}

// TestEqualsOneRank compares meshes with one rank in float32, with batches that
// the ranks share evenly, unevenly, and so that some have none. Only where the
// dense layers see the samples as on one rank, nothing is allowed for rounding.
func TestEqualsOneRank(t *testing.T) {
	for _, batch := range some(1, []int{8, 3}) {
		want, err := reference(openCPU, Options{}, batch, 3)
		if err != nil {
			t.Fatal(err)
		}
		inProcess(t, 2, func(c *mpiutil.Comm) error {
			if batch != 8 {
				return nil
			}
			return equal(openCPU(), c, Options{}, batch, want, 1e-6)
		})
		if err := rounding(want, batch); err != nil {
			t.Fatal(err)
		}
		for _, m := range some(2, meshes()) {
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
	for _, batch := range some(1, []int{16, 5}) {
		want, err := reference(openCPU, Options{Fixed: true}, batch, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range some(2, []Mesh{{Data: 2, Tensor: 2}, {Data: 2, Tensor: 1}, {Data: 1, Tensor: 2}, {Data: 8, Tensor: 1}, {Data: 1, Tensor: 8}, {Data: 2, Tensor: 4}}) {
			t.Run(fmt.Sprintf("%v, batch %d", m, batch), func(t *testing.T) {
				m.Space = [3]int{1, 1, 1}
				inProcess(t, m.Ranks(), func(c *mpiutil.Comm) error {
					return equal(openCPU(), c, Options{Mesh: m, Fixed: true}, batch, want, 0)
				})
			})
		}
	}
}
