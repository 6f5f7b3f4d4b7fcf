// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"fmt"

	"github.com/columen/columen/emulator/space"
	"github.com/columen/columen/internal/h5"
)

// Block is what a rank reads where ranks share the cubes of their samples: the
// same box of the inputs of all samples of ranks First to Last−1, itself among
// them, and the outputs of its own.
type Block struct {
	Box         space.Box
	First, Last int
}

// Most is the largest number of samples of a batch that a rank has a block of.
func (b *Block) Most(batch, ranks int) int { return (batch*(b.Last-b.First) + ranks - 1) / ranks }

func (b *Block) validate(o *LoaderOptions) error {
	switch {
	case !space.Whole([3]int{o.Shape.Grid, o.Shape.Grid, o.Shape.Grid}).Holds(b.Box):
		return fmt.Errorf("block %v of a grid of %d cells", b.Box, o.Shape.Grid)
	case b.First < 0 || b.First > o.Rank || b.Last <= o.Rank || b.Last > o.Ranks:
		return fmt.Errorf("blocks of the samples of ranks %d to %d for rank %d of %d", b.First, b.Last-1, o.Rank, o.Ranks)
	}
	return nil
}

// BlockSource is a Source that reads a box of an input, [3, box], and an output by
// itself, so that what others need is not read.
type BlockSource interface {
	Source
	ReadBlock(i int, box space.Box, input []float32) error
	ReadOutput(i int, output []float32) error
}

// ReadBlock copies a box of the input of sample i.
func (m *Memory) ReadBlock(i int, box space.Box, input []float32) error {
	g := m.Shape.Grid
	if i < 0 || i >= m.Len() || len(input) != 3*box.Cells() {
		return fmt.Errorf("sample %d of %d into %d values: want %d", i, m.Len(), len(input), 3*box.Cells())
	}
	at := 0
	for f := range 3 {
		for x := box[0].Lo; x < box[0].Hi; x++ {
			for y := box[1].Lo; y < box[1].Hi; y++ {
				row := m.Inputs[((3*i+f)*g+x)*g*g+y*g:]
				at += copy(input[at:], row[box[2].Lo:box[2].Hi])
			}
		}
	}
	return nil
}

// ReadOutput copies the output of sample i.
func (m *Memory) ReadOutput(i int, output []float32) error {
	out := m.Shape.OutputLen()
	if i < 0 || i >= m.Len() || len(output) != out {
		return fmt.Errorf("sample %d of %d into %d values: want %d", i, m.Len(), len(output), out)
	}
	copy(output, m.Outputs[i*out:])
	return nil
}

// ReadBlock reads a box of the input of sample i, as one hyperslab.
func (s *Shard) ReadBlock(i int, box space.Box, input []float32) error {
	size := box.Size()
	return h5.ReadSlab(s.input, []int{i, 0, box[0].Lo, box[1].Lo, box[2].Lo}, []int{1, 3, size[0], size[1], size[2]}, input)
}

// ReadOutput reads the output of sample i.
func (s *Shard) ReadOutput(i int, output []float32) error { return readRows(s.output, i, output) }

// ReadBlock reads a box of the input of sample i.
func (s *Shards) ReadBlock(i int, box space.Box, input []float32) error {
	shard, k, err := s.find(i)
	if err != nil {
		return err
	}
	return shard.ReadBlock(k, box, input)
}

// ReadOutput reads the output of sample i.
func (s *Shards) ReadOutput(i int, output []float32) error {
	shard, k, err := s.find(i)
	if err != nil {
		return err
	}
	return shard.ReadOutput(k, output)
}
