// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"fmt"
	"math"
	"slices"
)

// amrvacLeaf says where a leaf lies in the domain and in the file.
type amrvacLeaf struct {
	place  amrvacPlace
	offset int64 // first byte of its record
	end    int64 // first byte of the next record, or the size of the file
}

// amrvacPlace is a block of the AMR hierarchy: its level, counted from 0, and
// its index among the blocks of this level, counted from 0.
type amrvacPlace struct {
	level int32
	index [3]int32
}

// String gives level and index counted from 1, as AMRVAC does.
func (p amrvacPlace) String() string {
	return fmt.Sprintf("level %d, block %d %d %d", p.level+1, p.index[0]+1, p.index[1]+1, p.index[2]+1)
}

// readAMRVACTree reads and checks the section between header and blocks.
func readAMRVACTree(src *source, h *AMRVACHeader) ([]amrvacLeaf, error) {
	nodes, leaves := int64(h.NumLeaves)+int64(h.NumParents), int64(h.NumLeaves)
	want := 4*nodes + leaves*(4+4*3+8)
	if found := h.OffsetBlocks - h.OffsetTree; found != want {
		return nil, src.bad(8, "offset_blocks - offset_tree", found,
			fmt.Sprintf("%d, the size of a tree of %d leaves and %d parents", want, h.NumLeaves, h.NumParents))
	}
	c := &cursor{src: src, base: h.OffsetTree, buf: make([]byte, want)}
	if err := src.read(c.buf, h.OffsetTree, "tree"); err != nil {
		return nil, err
	}
	flagged := 0
	for range nodes {
		if c.int32("leaf") != 0 {
			flagged++
		}
	}
	if flagged != h.NumLeaves {
		return nil, src.bad(h.OffsetTree, "leaf", fmt.Sprintf("%d leaves in the tree", flagged),
			fmt.Sprintf("nleafs = %d", h.NumLeaves))
	}
	tree := make([]amrvacLeaf, h.NumLeaves)
	for i := range tree {
		tree[i].place.level = int32(c.intIn("refinement_level", 1, int64(h.LevMax)) - 1)
	}
	for i := range tree {
		p := &tree[i].place
		for a := range p.index {
			blocks := int64(h.DomainCells[a]/h.BlockCells[a]) << max(p.level, 0)
			p.index[a] = int32(c.intIn("spatial_index", 1, min(blocks, math.MaxInt32)) - 1)
		}
	}
	offsets := c.offset()
	for i := range tree {
		tree[i].offset = c.int64("block_offset")
	}
	if c.err != nil {
		return nil, c.err
	}
	if err := placeRecords(src, h, tree, offsets); err != nil {
		return nil, err
	}
	return tree, checkTiling(src, h, tree)
}

// placeRecords checks that the records lie in the file without overlap and
// sets where each ends. The offsets themselves are stored at byte table.
func placeRecords(src *source, h *AMRVACHeader, tree []amrvacLeaf, table int64) error {
	shortest := h.recordBytes([6]int{})
	order := make([]int, len(tree))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case tree[i].offset < tree[j].offset:
			return -1
		case tree[i].offset > tree[j].offset:
			return 1
		}
		return 0
	})
	for n, i := range order {
		l := &tree[i]
		field := fmt.Sprintf("block_offset of leaf %d", i)
		if l.offset < h.OffsetBlocks {
			return src.bad(table+8*int64(i), field, l.offset, fmt.Sprintf("at least offset_blocks = %d", h.OffsetBlocks))
		}
		l.end = src.size
		if n+1 < len(order) {
			l.end = min(l.end, tree[order[n+1]].offset)
		}
		if l.offset > src.size || l.end-l.offset < shortest {
			return src.bad(table+8*int64(i), field, fmt.Sprintf("%d, with the next record or the end of the file at byte %d", l.offset, l.end),
				fmt.Sprintf("room for a record of at least %d bytes: the file of %d bytes is truncated or its offsets are damaged", shortest, src.size))
		}
	}
	return nil
}

// checkTiling makes sure that leaves neither overlap nor leave a gap.
//
// Without overlap they tile the domain if their volumes add up to it. Counting
// volume from the finest level up keeps the sum in exact integers: 8 blocks of
// a level fill one of the level above.
func checkTiling(src *source, h *AMRVACHeader, tree []amrvacLeaf) error {
	at := make(map[amrvacPlace]int, len(tree))
	count := make([]int, h.LevMax)
	for i, l := range tree {
		if j, ok := at[l.place]; ok {
			return src.bad(h.OffsetTree, "tree", fmt.Sprintf("leaves %d and %d both at %v", j, i, l.place), "leaves that do not overlap")
		}
		at[l.place] = i
		count[l.place.level]++
	}
	for i, l := range tree {
		for p := l.place; p.level > 0; {
			p.level--
			for a := range p.index {
				p.index[a] /= 2
			}
			if j, ok := at[p]; ok {
				return src.bad(h.OffsetTree, "tree", fmt.Sprintf("leaf %d (%v) inside leaf %d (%v)", i, l.place, j, p), "leaves that do not overlap")
			}
		}
	}
	for level := h.LevMax - 1; level > 0; level-- {
		if count[level]%8 != 0 {
			return src.bad(h.OffsetTree, "tree", fmt.Sprintf("%d blocks on level %d", count[level], level+1),
				"a multiple of 8: leaves that cover the domain, none missing")
		}
		count[level-1] += count[level] / 8
	}
	roots := 1.0
	for a := range h.DomainCells {
		roots *= float64(h.DomainCells[a] / h.BlockCells[a])
	}
	if float64(count[0]) != roots {
		return src.bad(h.OffsetTree, "tree", fmt.Sprintf("leaves that fill %d blocks of level 1", count[0]),
			fmt.Sprintf("all %.0f blocks of the domain, none missing", roots))
	}
	return nil
}

// recordBytes is the length of the cell data of a block with the given ghost
// layers (lower x, y, z, then upper), including the counts before them.
func (h *AMRVACHeader) recordBytes(ghosts [6]int) int64 {
	cells := int64(1)
	for a, n := range h.BlockCells {
		cells *= int64(n + ghosts[a] + ghosts[a+3])
	}
	return 4*6 + 8*int64(h.NumVars)*cells
}
