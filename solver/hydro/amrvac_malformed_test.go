// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
)

// Byte offsets in the file of baseFile: two parameters make its header 24 B
// longer than that of a real hd file. 8 leaves, no parent.
const (
	headTree  = 312
	headLevel = headTree + 8*4
	headIndex = headLevel + 8*4
	headOffs  = headIndex + 8*12
	headBlock = headOffs + 8*8
	blockSize = 24 + 5*64*8
)

// setInt returns an edit that puts integers of 4 bytes at off.
func setInt(off int, values ...int32) func([]byte) []byte {
	return func(b []byte) []byte {
		for i, v := range values {
			binary.LittleEndian.PutUint32(b[off+4*i:], uint32(v))
		}
		return b
	}
}

// setFloat returns an edit that puts a number of 8 bytes at off.
func setFloat(off int, x float64) func([]byte) []byte {
	return func(b []byte) []byte {
		binary.LittleEndian.PutUint64(b[off:], math.Float64bits(x))
		return b
	}
}

// setOffset returns an edit of the block offset of a leaf.
func setOffset(leaf int, off int64) func([]byte) []byte {
	return func(b []byte) []byte {
		binary.LittleEndian.PutUint64(b[headOffs+8*leaf:], uint64(off))
		return b
	}
}

// cut returns an edit that truncates the file to n bytes.
func cut(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:n] } }

// text returns an edit that overwrites bytes at off.
func text(off int, s string) func([]byte) []byte {
	return func(b []byte) []byte {
		copy(b[off:], s)
		return b
	}
}

// malformed is an edit of the file of baseFile and what the error must say.
type malformed struct {
	name string
	edit func([]byte) []byte
	want []string
}

// malformedHeaders are truncated and foreign files and bad header fields.
func malformedHeaders() []malformed {
	return []malformed{
		{"empty", cut(0), []string{"a file of 0 bytes", "truncated"}},
		{"few bytes", cut(11), []string{"a file of 11 bytes", "truncated"}},
		{"cut in header", cut(200), []string{"byte 4: offset_tree: found 312", "file of 200 bytes"}},
		{"cut in tree", cut(headLevel), []string{"byte 8: offset_blocks: found 536", "312 to 344"}},
		{"cut before blocks", cut(headBlock), []string{"block_nx: found 4", "larger than the file of 536 bytes: the file is truncated"}},
		{"cut between blocks", cut(headBlock + blockSize), []string{"byte 480: block_offset of leaf 1: found 3120", "the file of 3120 bytes is truncated"}},
		{"cut in last block", cut(headBlock + 8*blockSize - 1), []string{"byte 528: block_offset of leaf 7", "at least 2584 bytes", "truncated"}},
		{"version 2", setInt(0, 2), []string{"byte 0: version: found 2, want 3, 4 or 5"}},
		{"version 6", setInt(0, 6), []string{"byte 0: version: found 6, want 3, 4 or 5"}},
		{"big-endian", setInt(0, 5<<24), []string{"byte 0: version: found 5 in big-endian order"}},
		{"HDF5", text(0, "\x89HDF\r\n\x1a\n"), []string{"version: found an HDF5 file"}},
		{"gzip", text(0, "\x1f\x8b\x08\x00"), []string{"version: found a gzip file"}},
		{"npy", text(0, "\x93NUMPY\x01\x00"), []string{"version: found a NumPy file"}},
		{"VTK", text(0, "<?xml version"), []string{"version: found an XML file"}},
		{"text", text(0, "# density [g/"), []string{`found a text file that starts with "# density`}},
		{"tree offset negative", setInt(4, -1), []string{"byte 4: offset_tree: found -1"}},
		{"tree offset huge", setInt(4, 1<<30), []string{"byte 4: offset_tree: found 1073741824"}},
		{"tree offset too low", setInt(4, headTree-4), []string{"byte 308: collapsenext", "the end of the section at byte 308"}},
		{"tree offset too high", setInt(4, headTree+4), []string{"byte 4: offset_tree: found 316, want 312"}},
		{"blocks before tree", setInt(8, headTree-4), []string{"byte 8: offset_blocks: found 308, want 312 to"}},
		{"blocks offset", setInt(8, headBlock+8), []string{"offset_blocks - offset_tree: found 232, want 224"}},
		{"nw zero", setInt(12, 0), []string{"byte 12: nw: found 0, want 1 to"}},
		{"nw negative", setInt(12, -5), []string{"byte 12: nw: found -5"}},
		{"nw too many", setInt(12, 40), []string{"byte 12: nw: found 40", "must fit before offset_tree = 312"}},
		{"ndir", setInt(16, 2), []string{"byte 16: ndir: found 2, want 3"}},
		{"two dimensions", setInt(20, 2), []string{"byte 20: ndim: found 2, want 3: only Cartesian_3D"}},
		{"levmax", setInt(24, 21), []string{"byte 24: levmax: found 21, want 1 to 20"}},
		{"nleafs negative", setInt(28, -8), []string{"byte 28: nleafs: found -8"}},
		{"nleafs huge", setInt(28, math.MaxInt32), []string{"byte 28: nleafs: found 2147483647, want 1 to 757"}},
		{"nleafs too many", setInt(28, 9), []string{"found 224, want 252, the size of a tree of 9 leaves"}},
		{"nparents negative", setInt(32, -1), []string{"byte 32: nparents: found -1"}},
		{"time", setFloat(40, math.NaN()), []string{"byte 40: global_time: found NaN, want a finite number"}},
		{"box", setFloat(72, -2), []string{"byte 72: xprobmax: found -2, want more than xprobmin = -1"}},
		{"box infinite", setFloat(56, math.Inf(1)), []string{"byte 56: xprobmin: found +Inf"}},
		{"domain negative", setInt(100, -8), []string{"byte 100: domain_nx: found -8"}},
		{"domain no multiple", setInt(104, 10), []string{"byte 104: domain_nx: found 10, want a multiple of block_nx = 4"}},
		{"block negative", setInt(108, -4), []string{"byte 108: block_nx: found -4"}},
		{"block huge", setInt(96, math.MaxInt32, 8, 8, math.MaxInt32), []string{"byte 108: block_nx: found 2147483647", "larger than the file"}},
		{"blocks of product", setInt(96, 400, 400, 400, 400, 400), []string{"byte 112: block_nx: found 400, want at most 1"}},
		{"more roots", setInt(96, 16), []string{"leaves that fill 8 blocks of level 1, want all 16 blocks"}},
		{"name not ASCII", text(152+16, "m\xe91"), []string{"byte 168: variables", "printable ASCII"}},
		{"physics", text(232, "rhd "), []string{`physics_type: found "rhd", want hd or mhd`}},
		{"n_par", setInt(248, 1<<20), []string{"byte 248: n_par: found 1048576, want 0 to 2"}},
	}
}

// malformedBlocks are bad fields of the tree and of the blocks.
func malformedBlocks() []malformed {
	cell := func(variable, c int) int { return headBlock + 3*blockSize + 24 + 8*(64*variable+c) }
	const nan = "leaf 3 (level 1, block 2 2 1), cell (1,2,3): "
	at := 3*16 + 2*4 + 1
	return []malformed{
		{"leaf flag", setInt(headTree, 0), []string{"byte 312: leaf: found 7 leaves in the tree, want nleafs = 8"}},
		{"level zero", setInt(headLevel+4, 0), []string{"byte 348: refinement_level: found 0, want 1 to 1"}},
		{"level above levmax", setInt(headLevel, 2), []string{"byte 344: refinement_level: found 2, want 1 to 1"}},
		{"index zero", setInt(headIndex, 0), []string{"byte 376: spatial_index: found 0, want 1 to 2"}},
		{"index outside", setInt(headIndex+4, 3), []string{"byte 380: spatial_index: found 3, want 1 to 2"}},
		{"same place", setInt(headIndex+12, 1), []string{"leaves 0 and 1 both at level 1, block 1 1 1"}},
		{"offset in header", setOffset(2, 100), []string{"byte 488: block_offset of leaf 2: found 100, want at least offset_blocks = 536"}},
		{"offset negative", setOffset(2, -1), []string{"byte 488: block_offset of leaf 2: found -1"}},
		{"offset behind end", setOffset(7, 1<<60), []string{"byte 528: block_offset of leaf 7: found 1152921504606846976"}},
		{"offsets equal", setOffset(2, headBlock), []string{"block_offset of leaf 0: found 536, with the next record"}},
		{"ghosts negative", setInt(headBlock, -1), []string{"byte 536: ghost count of leaf 0 (level 1, block 1 1 1): found -1, want 0 to 16"}},
		{"ghosts huge", setInt(headBlock+20, 1<<30), []string{"byte 556: ghost count of leaf 0", "found 1073741824"}},
		{"ghosts too many", setInt(headBlock+8, 2), []string{"byte 536: ghost counts of leaf 0", "found [0 0 2 0 0 0], a record of 3864 bytes, want a record of 2584 bytes"}},
		{"NaN", setFloat(cell(2, at), math.NaN()), []string{nan + "m2: found NaN, want a finite number"}},
		{"infinite", setFloat(cell(4, at), math.Inf(1)), []string{nan + "e: found +Inf, want a finite number"}},
		{"density zero", setFloat(cell(0, at), 0), []string{nan + "rho: found 0, want a positive density"}},
		{"density negative", setFloat(cell(0, at), -2), []string{nan + "rho: found -2, want a positive density"}},
		{"pressure", setFloat(cell(4, at), 1e-3), []string{nan + "e: found pressure -", "want a positive (γ-1)(e - m²/2ρ - B²/2)"}},
		{"overflow", setFloat(cell(0, at), 5e-324), []string{nan + "e: found pressure -Inf"}},
		{"overflow of T", setFloat(cell(4, at), 1e308), []string{nan + "rho: found", "want finite SI values, not T = +Inf K"}},
	}
}

func TestAMRVACMalformed(t *testing.T) {
	good := baseFile().encode()
	if len(good) != headBlock+8*blockSize {
		t.Fatalf("the file has %d bytes, want %d", len(good), headBlock+8*blockSize)
	}
	for _, c := range append(malformedHeaders(), malformedBlocks()...) {
		t.Run(c.name, func(t *testing.T) {
			err := readAll(c.edit(bytes.Clone(good)))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range append(c.want, "model.dat: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
		})
	}
	if err := readAll(good); err != nil {
		t.Errorf("good file: %v", err)
	}
	var format *FormatError
	if err := readAll(cut(headBlock - 1)(good)); !errors.As(err, &format) || format.Offset != 8 {
		t.Errorf("error %v, want a FormatError at byte 8", err)
	}
}

// readAll opens an encoded snapshot and reads every leaf.
func readAll(b []byte) error {
	s, err := decode(b, testUnits)
	if err != nil {
		return err
	}
	var leaf Leaf
	for i := range s.NumLeaves() {
		if err := s.ReadLeaf(i, &leaf); err != nil {
			return err
		}
	}
	return nil
}

func TestAMRVACBadTree(t *testing.T) {
	f := baseFile()
	f.levels, f.refine = 2, refineCorner
	good := f.encode()
	h, err := headerOf(good)
	if err != nil {
		t.Fatal(err)
	}
	index := int(h.OffsetTree) + 4*(h.NumLeaves+h.NumParents) + 4*h.NumLeaves
	// Leaf 0 is on level 2 inside the first root block, the last on level 1.
	last := index + 12*(h.NumLeaves-1)
	cases := []struct {
		name, want string
		edit       func([]byte) []byte
	}{
		{"inside another", "leaf 0 (level 2, block 3 1 1) inside leaf 8 (level 1, block 2 1 1)", setInt(index, 3)},
		{"level", "17 blocks on level 2, want a multiple of 8", func(b []byte) []byte {
			b = setInt(index-4, 2)(b) // the last level, so the last leaf
			return setInt(last, 4, 4, 4)(b)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := decode(c.edit(bytes.Clone(good)), testUnits)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// headerOf parses the header of an encoded snapshot.
func headerOf(b []byte) (*AMRVACHeader, error) {
	return parseAMRVACHeader(&source{name: "model.dat", r: bytes.NewReader(b), size: int64(len(b))})
}

// FuzzAMRVAC: no bytes make the reader or the mapping panic, and a field that
// is averaged without error is finite. Memory is bounded by the file's size.
func FuzzAMRVAC(f *testing.F) {
	for _, edit := range []func(*amrvacFile){
		func(*amrvacFile) {},
		func(a *amrvacFile) { a.levels, a.refine, a.roots = 2, refineCorner, [3]int{2, 1, 2} },
		func(a *amrvacFile) { a.ghosts, a.roots = 2, [3]int{1, 1, 1} },
		func(a *amrvacFile) { a.version = 4 },
		func(a *amrvacFile) { a.version, a.padding = 3, 16 },
		func(a *amrvacFile) { a.staggered, a.physics, a.names = true, "mhd", append(a.names, "b1", "b2", "b3") },
	} {
		a := baseFile()
		a.block = [3]int{2, 2, 2}
		edit(&a)
		f.Add(a.encode())
	}
	f.Add(cut(300)(baseFile().encode()))
	f.Fuzz(func(t *testing.T, b []byte) {
		u := testUnits
		if len(b) > 0 && b[0] < 5 {
			u.Geometry = "cartesian_3d"
		}
		if len(b) > 0 && b[0] < 4 {
			u.WNames, u.Gamma = []string{"rho", "m1", "m2", "m3", "e"}, 1.4
		}
		s, err := decode(b, u)
		if err != nil {
			return
		}
		s.Describe()
		mesh := meshOf(s.Box(), 3, 2, 2)
		gas, err := AverageGas(s, mesh, mesh.Full(), nil)
		if err != nil {
			return
		}
		for i, rho := range gas.Density {
			if !(rho > 0 && rho <= math.MaxFloat64 && gas.Temperature[i] >= 0 && gas.Temperature[i] <= math.MaxFloat64) {
				t.Errorf("cell %d: rho %g, T %g", i, rho, gas.Temperature[i])
			}
		}
	})
}
