// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"fmt"
	"testing"

	"github.com/columen/columen/mpiutil"
)

// TestSpaceEqualsOneRank compares ranks that share the cubes of samples with one
// rank, alone and beside other axes of the mesh, in single and double precision,
// with fewer samples than ranks and with more.
func TestSpaceEqualsOneRank(t *testing.T) {
	for _, batch := range []int{2, 5} {
		single, err := reference(openCPU, Options{}, batch, 3)
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
				inProcess(t, m.Ranks(), func(c *mpiutil.Comm) error { return equal(openCPU(), c, Options{Mesh: m}, batch, single, 1e-6) })
				if batch == 2 {
					inProcess(t, m.Ranks(), func(c *mpiutil.Comm) error { return equal(openScalar(), c, Options{Mesh: m}, batch, double, 1e-11) })
				}
			})
		}
	}
}
