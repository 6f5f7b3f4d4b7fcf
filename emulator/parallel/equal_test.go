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

// meshes are those without space.
func meshes() []Mesh {
	return []Mesh{{Data: 2, Tensor: 1}, {Data: 1, Tensor: 2}, {Data: 2, Tensor: 2}, {Data: 2, Tensor: 4}}
}

// spaces are meshes in which ranks share cubes, alone and beside other axes.
func spaces() []Mesh {
	return []Mesh{
		{Data: 1, Tensor: 1, Space: [3]int{2, 2, 2}}, {Data: 1, Tensor: 1, Space: [3]int{2, 1, 1}}, {Data: 1, Tensor: 1, Space: [3]int{1, 1, 3}},
		{Data: 2, Tensor: 1, Space: [3]int{1, 2, 1}}, {Data: 1, Tensor: 2, Space: [3]int{1, 1, 2}},
	}
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
		if d := math.Abs(l - want.losses[i]); d > max(tolerance, 1e-13)*math.Abs(want.losses[i]) {
			return fmt.Errorf("loss of step %d is %.17g, of one rank %.17g", i, l, want.losses[i])
		}
	}
	return errors.Join(compare("gradient", got.gradients, want.gradients, tolerance), compare("value", got.values, want.values, tolerance))
}

// equalOnMeshes runs equal for meshes in this process.
func equalOnMeshes[T device.Float](t *testing.T, open func() device.Device[T], list []Mesh, batch, steps int, tolerance float64) {
	t.Helper()
	want, err := reference(open, Options{}, batch, steps)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		t.Run(fmt.Sprintf("%v, batch %d", m, batch), func(t *testing.T) {
			m, err := m.Fill(m.Data * m.Tensor * max(1, device.Volume(m.Space[:])))
			if err != nil {
				t.Fatal(err)
			}
			inProcess(t, m.Ranks(), func(c *mpiutil.Comm) error {
				return equal(open(), c, Options{Mesh: m}, batch, want, tolerance)
			})
		})
	}
}

// TestEqualsOneRank compares gradients and values after three steps with those of
// one rank in single precision, on the device that trains. Nothing is allowed
// beyond 1e-6 but for biases in front of a normalisation, whose gradients are 0 but
// for rounding: 3e-6 of that of γ behind. With two samples six of eight ranks have
// none; batches that all ranks share, evenly and not, take one step (see rate).
func TestEqualsOneRank(t *testing.T) {
	equalOnMeshes(t, openCPU, append(some(2, meshes()), some(1, spaces())...), 2, 3, 1e-6)
	if testing.Short() {
		return
	}
	equalOnMeshes(t, openCPU, append(meshes()[3:], spaces()[0]), 8, 1, 1e-6)
	equalOnMeshes(t, openCPU, append(meshes()[2:3], spaces()[2]), 5, 1, 1e-6)
}

// TestDoublePrecision is TestEqualsOneRank in float64: three steps on 8 ranks, one
// on fewer, which take three under a launcher (compareShared).
func TestDoublePrecision(t *testing.T) {
	if testing.Short() {
		equalOnMeshes(t, openScalar, meshes()[2:3], 1, 1, 1e-11)
		return
	}
	equalOnMeshes(t, openScalar, append(meshes()[:3], spaces()[1]), 2, 1, 1e-11)
	equalOnMeshes(t, openScalar, []Mesh{meshes()[3], spaces()[0]}, 1, 3, 1e-11)
}

// TestFixedBits compares meshes with one rank in fixed mode, bit by bit.
func TestFixedBits(t *testing.T) {
	list := []Mesh{{Data: 2, Tensor: 2}, {Data: 1, Tensor: 8}, {Data: 8, Tensor: 1}, {Data: 1, Tensor: 2}}
	for batch, meshes := range map[int][]Mesh{8: list, 5: list[:1]} {
		if testing.Short() && batch == 8 {
			continue
		}
		want, err := reference(openCPU, Options{Fixed: true}, batch, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range some(2, meshes) {
			t.Run(fmt.Sprintf("%v, batch %d", m, batch), func(t *testing.T) {
				m.Space = [3]int{1, 1, 1}
				inProcess(t, m.Ranks(), func(c *mpiutil.Comm) error {
					return equal(openCPU(), c, Options{Mesh: m, Fixed: true}, batch, want, 0)
				})
			})
		}
	}
}
