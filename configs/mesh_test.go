// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"strings"
	"testing"
)

// TestMeshes compares the mesh of a configuration with the ranks that are there.
func TestMeshes(t *testing.T) {
	for _, c := range []struct {
		set  string
		size int
		want string // in the error; none when empty
	}{
		{"parallel.tensor=2", 4, ""}, {"parallel.data=2", 2, ""}, {"parallel.tensor=3", 4, "parallel.tensor = 3"},
		{"parallel.data=2", 4, "data × tensor × space is 2, but 4 ranks"}, {"parallel.mode=fixed", 8, ""}, {"parallel.mode=fixed", 3, "1, 2, 4 or 8 ranks"},
		{"parallel.mesh=auto", 6, ""},
		{"data.generator_ranks=1", 3, ""}, {"data.generator_ranks=1", 1, "1 ranks were started, and none of them would train"}, {"data.generator_ranks=2", 1, "allowed: 0 to 0"},
		{"parallel.mode=fixed data.generator_ranks=1", 4, "3 ranks were started, beside the 1 of data.generator_ranks"}, {"parallel.mode=fixed data.generator_ranks=2", 4, ""},
	} {
		var tr Train
		sets := append(strings.Fields(c.set), "data.source=online", "data.generate=g.toml")
		mustDecode(t, goodTrain, "train.toml", &tr, sets...)
		err := tr.CheckSize("train.toml", c.size)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s on %d ranks: %v", c.set, c.size, err)
		}
	}
	for _, c := range []struct {
		m    Mesh
		want string
	}{
		{Mesh{Space: [3]int{2, 1, 1}, Mode: "fixed"}, "parallel.space"},
		{Mesh{Space: [3]int{2, 1, 1}, BatchNorm: "local"}, "parallel.space"},
		{Mesh{Space: [3]int{1, 1, 1}, Mode: "fixed", BatchNorm: "local"}, "parallel.batch_norm"},
		{Mesh{Choice: "auto", Tensor: 2, Space: [3]int{1, 1, 1}}, "parallel.mesh"},
		{Mesh{Choice: "auto", Data: 2, Tensor: 1, Space: [3]int{1, 1, 1}}, "parallel.mesh"},
	} {
		var r report
		c.m.validate(&r)
		if len(r.problems) != 1 || r.problems[0].Field != c.want {
			t.Errorf("%+v: %v", c.m, r.problems)
		}
	}
}
