// SPDX-License-Identifier: BSD-3-Clause

package configs

import "fmt"

// Mesh says how training is shared over ranks and cores.
type Mesh struct {
	Choice    string `toml:"mesh" unit:"-" default:"\"given\"" allow:"given|auto" digest:"no" doc:"auto chooses data, tensor and space for the ranks that are there, by a short measurement and the cost model"`
	Data      int    `toml:"data" unit:"-" default:"0" allow:"0..100000" digest:"no" doc:"Groups of ranks, each with its part of every batch; 0 takes all ranks that tensor and space leave"`
	Tensor    int    `toml:"tensor" unit:"-" default:"1" allow:"1..4096" digest:"no" doc:"Ranks of a group that share the dense layers, each holding a part of them"`
	Space     [3]int `toml:"space" unit:"-" default:"[1, 1, 1]" allow:"1..4096" digest:"no" doc:"Ranks that share the cubes of samples in the encoders, along x, y and z"`
	Mode      string `toml:"mode" unit:"-" default:"\"fast\"" allow:"fast|fixed" doc:"fixed makes the weights bitwise independent of the mesh, on 1, 2, 4 or 8 ranks"`
	BatchNorm string `toml:"batch_norm" unit:"-" default:"\"synchronised\"" allow:"synchronised|local" doc:"Statistics of normalisation over the whole batch, or over the samples of each rank"`
	Threads   int    `toml:"threads" unit:"-" default:"0" allow:"0..4096" digest:"no" doc:"Threads per rank; 0 takes all cores of the rank"`
	WatchdogS int    `toml:"watchdog_s" unit:"s" default:"300" allow:">=0" digest:"no" doc:"All ranks end when one makes no progress for this long; 0 switches the watchdog off"`
}

// fixedRanks is the largest number of ranks of mode = "fixed"; smaller ones are
// its divisors.
const fixedRanks = 8

func (m Mesh) validate(r *report) {
	if m.Auto() && (m.Data != 0 || m.Tensor != 1 || m.Space != [3]int{1, 1, 1}) {
		r.add("parallel.mesh", `"auto"`, "data, tensor or space is given too", `"given", or "auto" without data, tensor and space`)
	}
	if m.Space != [3]int{1, 1, 1} {
		if m.Mode == "fixed" {
			r.add("parallel.space", text(m.Space), `blocks of a cube are summed in an order that depends on the mesh, which mode = "fixed" excludes`, `[1, 1, 1], or mode = "fast"`)
		}
		if m.BatchNorm == "local" {
			r.add("parallel.space", text(m.Space), "statistics of a block are not those of a sample", `[1, 1, 1], or batch_norm = "synchronised"`)
		}
	}
	if m.Mode == "fixed" && m.BatchNorm == "local" {
		r.add("parallel.batch_norm", `"local"`, `statistics of each rank's samples depend on the mesh, which mode = "fixed" excludes`, `"synchronised"`)
	}
}

// Auto tells whether the mesh is to be chosen.
func (m Mesh) Auto() bool { return m.Choice == "auto" }

// checkSize returns an *Error when the mesh does not have as many ranks as the
// size processes that were started.
func (m Mesh) checkSize(file string, size int) error {
	group := m.Tensor * m.Space[0] * m.Space[1] * m.Space[2]
	problem := func(field string, value any, reason, allowed string) error {
		return &Error{Problems: []Problem{{File: file, Field: field, Value: text(value), Reason: reason, Allowed: allowed}}}
	}
	switch {
	case m.Data == 0 && size%group != 0: // never of a mesh that is to be chosen
		return problem("parallel.tensor", m.Tensor, fmt.Sprintf("%d ranks were started, which is no multiple of tensor × space = %d", size, group), "a divisor of the number of ranks")
	case m.Data != 0 && m.Data*group != size:
		return problem("parallel.data", m.Data, fmt.Sprintf("data × tensor × space is %d, but %d ranks were started", m.Data*group, size),
			"0, or a number such that the product is the number of ranks")
	case m.Mode == "fixed" && fixedRanks%size != 0:
		return problem("parallel.mode", m.Mode, fmt.Sprintf("%d ranks were started", size), `1, 2, 4 or 8 ranks, or "fast"`)
	}
	return nil
}
