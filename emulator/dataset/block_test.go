// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"slices"
	"strings"
	"testing"

	"github.com/columen/columen/emulator/space"
)

// cutOut returns a box of an input.
func cutOut(input []float32, box space.Box, g int) []float32 {
	var out []float32
	for f := range 3 {
		for x := box[0].Lo; x < box[0].Hi; x++ {
			for y := box[1].Lo; y < box[1].Hi; y++ {
				row := ((f*g+x)*g + y) * g
				out = append(out, input[row+box[2].Lo:row+box[2].Hi]...)
			}
		}
	}
	return out
}

// TestSymmetryOfBlocks checks for every symmetry that a block of the result is
// made of the block that Source says, on a grid of odd extents.
func TestSymmetryOfBlocks(t *testing.T) {
	const g = 5
	nm := Normalization{VelocityMeanMS: 0.3, VelocityStdMS: 1.7}
	input := noise(3*g*g*g, 1)
	whole := make([]float32, len(input))
	for s := range Symmetry(Symmetries) {
		s.ApplyInput(nm, whole, input, g)
		for _, box := range []space.Box{{{Lo: 0, Hi: 2}, {Lo: 0, Hi: 5}, {Lo: 0, Hi: 5}}, {{Lo: 2, Hi: 5}, {Lo: 1, Hi: 2}, {Lo: 3, Hi: 5}}, {{Lo: 4, Hi: 4}, {Lo: 0, Hi: 5}, {Lo: 0, Hi: 5}}} {
			block := make([]float32, 3*box.Cells())
			s.ApplyBlock(nm, box, block, cutOut(input, s.Source(box, g), g), g)
			if !slices.Equal(block, cutOut(whole, box, g)) {
				t.Errorf("symmetry %d: block %v is not that of the whole", s, box)
			}
		}
	}
}

// counted counts the values that are read of a set.
type counted struct {
	*Memory
	values int // by one goroutine
}

func (c *counted) ReadBlock(i int, box space.Box, input []float32) error {
	c.values += len(input)
	return c.Memory.ReadBlock(i, box, input)
}

// TestLoaderOfBlocks compares the batches of ranks that share cubes with those of
// ranks that read whole ones, bit by bit, with and without augmentation, with fewer
// samples than ranks and with ranks that have no cells; nothing else is read.
func TestLoaderOfBlocks(t *testing.T) {
	const n, batch = 7, 5
	shape := Shape{Grid: 9, Channels: 3}
	m := &Memory{Shape: shape, Inputs: noise(n*shape.InputLen(), 1), Outputs: noise(n*shape.OutputLen(), 2)}
	nm, err := Published(MultiFrequency)
	must(t, err)
	for _, lattice := range []space.Lattice{{2, 1, 1}, {1, 2, 2}, {2, 2, 2}, {3, 1, 1}} {
		for _, groups := range []int{1, 2} {
			for _, augment := range []bool{false, true} {
				o := LoaderOptions{Shape: shape, BatchSize: batch, Seed: 3, Augment: augment, Normalization: nm, Ranks: groups * lattice.Ranks()}
				boxes := lattice.Cut([3]int{shape.Grid, shape.Grid, shape.Grid})
				whole := newLoader(t, m, LoaderOptions{Shape: shape, BatchSize: batch, Seed: 3, Augment: augment, Normalization: nm})
				var parts []*Loader
				var sources []*counted
				for r := range o.Ranks {
					first := r / lattice.Ranks() * lattice.Ranks()
					o.Rank, o.Block = r, &Block{Box: boxes[r-first], First: first, Last: first + lattice.Ranks()}
					sources = append(sources, &counted{Memory: m})
					parts = append(parts, newLoader(t, sources[r], o))
				}
				for range 5 {
					compareBlocks(t, whole, parts, o, shape)
				}
				for _, l := range parts {
					l.Close()
				}
				for r, s := range sources {
					b := parts[r].opts.Block
					if most := (5 + 3) * b.Most(batch, o.Ranks) * 3 * b.Box.Cells(); s.values > most {
						t.Errorf("lattice %v: rank %d reads %d values, want at most %d", lattice, r, s.values, most)
					}
				}
			}
		}
	}
}

// compareBlocks compares the next batch of all ranks with that of one.
func compareBlocks(t *testing.T, whole *Loader, parts []*Loader, o LoaderOptions, shape Shape) {
	t.Helper()
	want, err := whole.Next()
	must(t, err)
	in, out, at := shape.InputLen(), shape.OutputLen(), 0
	for r, l := range parts {
		b, err := l.Next()
		must(t, err)
		if !slices.Equal(b.Samples, want.Samples[at:at+len(b.Samples)]) || !slices.Equal(b.Output, want.Output[at*out:(at+len(b.Samples))*out]) {
			t.Fatalf("rank %d of %d: samples %v or their images are not those of one rank", r, o.Ranks, b.Samples)
		}
		at += len(b.Samples)
		first, box := b.Total*l.opts.Block.First/o.Ranks, l.opts.Block.Box
		for k, sample := range b.Cubes {
			cut := cutOut(want.Input[(first+k)*in:(first+k+1)*in], box, shape.Grid)
			if sample != want.Samples[first+k] || !slices.Equal(b.Input[k*len(cut):(k+1)*len(cut)], cut) {
				t.Fatalf("rank %d of %d: block of sample %d is not that of the whole", r, o.Ranks, sample)
			}
		}
	}
	if at != want.Total {
		t.Errorf("%d samples of %d", at, want.Total)
	}
}

// onlyWhole is a source without blocks.
type onlyWhole struct{ m *Memory }

func (w onlyWhole) Len() int                         { return w.m.Len() }
func (w onlyWhole) Read(i int, x, y []float32) error { return w.m.Read(i, x, y) }

// TestBadBlocks asks for blocks that there are not.
func TestBadBlocks(t *testing.T) {
	m := numbered(testShape, 4)
	cube := space.Whole([3]int{2, 2, 2})
	for want, c := range map[string]struct {
		src Source
		b   Block
	}{
		"of a grid of 2 cells": {m, Block{Box: space.Whole([3]int{3, 1, 1}), Last: 2}}, "samples of ranks 1 to 1 for rank 0": {m, Block{Box: cube, First: 1, Last: 2}},
		"can only be had whole": {onlyWhole{m}, Block{Box: cube, Last: 2}},
	} {
		_, err := NewLoader(c.src, LoaderOptions{Shape: testShape, BatchSize: 1, Ranks: 2, Block: &c.b})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v", want, err)
		}
	}
	if m.ReadBlock(4, cube, make([]float32, 24)) == nil || m.ReadBlock(0, cube, nil) == nil || m.ReadOutput(0, nil) == nil {
		t.Error("no error for a sample that is not there, or no room")
	}
}
