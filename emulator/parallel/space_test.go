// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"errors"
	"strings"
	"testing"

	"github.com/columen/columen/mpiutil"
)

// TestMistakesBetweenBlocks puts mistakes into the exchange of halos and into the
// counts of normalisation, each of which must show.
func TestMistakesBetweenBlocks(t *testing.T) {
	const batch = 2
	want, err := reference(openCPU, Options{}, batch, 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]fault[float32]{
		"no mistake": {},
		"a dropped corner": {halo: func(from int, values []float32) {
			if from == 0 && len(values) == batch { // one cell of each sample: that of the first convolution
				clear(values)
			}
		}},
		"a wrong count": {moments: func(counts []int, _ [][]float64) { counts[0]++ }},
	} {
		err := mpiutil.InProcess(8, func(c *mpiutil.Comm) error {
			got, err := run(openCPU(), c, Options{Mesh: Mesh{Data: 1, Tensor: 1, Space: [3]int{2, 2, 2}}}, batch, 1, func(l *learner[float32]) {
				if c.Rank() == 7 {
					l.team.fault = f
				}
			})
			return errors.Join(err, compare("gradient", got.gradients, want.gradients, 1e-6))
		})
		t.Logf("%s: %v", name, err)
		if (err == nil) != (name == "no mistake") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSpaceOptions refuses what blocks of samples do not have.
func TestSpaceOptions(t *testing.T) {
	for _, o := range []Options{{Fixed: true}, {LocalNorm: true}} {
		o.Mesh = Mesh{Data: 1, Tensor: 1, Space: [3]int{2, 1, 1}}
		err := mpiutil.InProcess(2, func(c *mpiutil.Comm) error {
			_, err := New(openCPU(), c, o)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "space [2 1 1]") {
			t.Errorf("%+v: error %v", o, err)
		}
	}
}
