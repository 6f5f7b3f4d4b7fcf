// SPDX-License-Identifier: BSD-3-Clause

package parallel

import "fmt"

// Slots is the number of slots of a batch and of shards of the dense layers in
// fixed mode, and so the largest number of ranks there.
const Slots = 8

// Mesh says how ranks share the work of training.
type Mesh struct {
	Data   int    // groups of ranks, each with its part of every batch
	Tensor int    // ranks of a group that share the dense layers
	Space  [3]int // ranks that share the cube of a sample, along its axes
}

// Ranks is the number of ranks of the mesh.
func (m Mesh) Ranks() int { return m.Data * m.Group() }

// Group is the number of ranks of a model group.
func (m Mesh) Group() int { return m.Tensor * m.Space[0] * m.Space[1] * m.Space[2] }

// String is such as "data 2 × tensor 4 × space [1 1 1]".
func (m Mesh) String() string {
	return fmt.Sprintf("data %d × tensor %d × space %v", m.Data, m.Tensor, m.Space)
}

// Fill returns the mesh with its zeros replaced: tensor and space by 1, and data
// by what the number of ranks leaves for it. A mesh that does not have so many
// ranks is an error.
func (m Mesh) Fill(ranks int) (Mesh, error) {
	for _, n := range []*int{&m.Tensor, &m.Space[0], &m.Space[1], &m.Space[2]} {
		if *n == 0 {
			*n = 1
		}
	}
	auto := m.Data == 0
	if auto && m.Group() > 0 {
		m.Data = max(1, ranks/m.Group())
	}
	switch {
	case m.Data < 1 || m.Tensor < 1 || min(m.Space[0], m.Space[1], m.Space[2]) < 1:
		return m, fmt.Errorf("parallel: mesh %v: want numbers of at least 1", m)
	case m.Ranks() != ranks && auto:
		return m, fmt.Errorf("parallel: %d ranks were started, no multiple of tensor × space = %d", ranks, m.Group())
	case m.Ranks() != ranks:
		return m, fmt.Errorf("parallel: %v needs %d ranks, but %d were started", m, m.Ranks(), ranks)
	}
	return m, nil
}

// Options say how ranks train together.
type Options struct {
	Mesh  Mesh // zeros are filled in; see Mesh.Fill
	Fixed bool // bits do not depend on the mesh
	// LocalNorm normalises by the statistics of a rank's own samples.
	LocalNorm bool
	// Eager updates the dense layers at the end of a step also where it may be later.
	Eager bool
}

// check refuses combinations that fixed mode and normalisation do not have.
func (o Options) check() error {
	if o.Mesh.Space != [3]int{1, 1, 1} && (o.Fixed || o.LocalNorm) {
		return fmt.Errorf("parallel: space %v in fixed mode or with the normalisation of each rank's samples, which blocks of samples do not have: want neither", o.Mesh.Space)
	}
	if !o.Fixed {
		return nil
	}
	if o.LocalNorm {
		return fmt.Errorf("parallel: fixed mode with the normalisation of each rank's samples, which depends on the mesh: want synchronised statistics")
	}
	if n := o.Mesh.Ranks(); Slots%n != 0 {
		return fmt.Errorf("parallel: fixed mode on %d ranks: want 1, 2, 4 or 8", n)
	}
	return nil
}
