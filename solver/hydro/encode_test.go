// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"bytes"
	"encoding/binary"
	"math"
)

// gasState is the gas at a point, in code units.
type gasState struct {
	rho, p float64
	v, b   [3]float64
}

// amrvacFile describes a snapshot to encode. Everything not set is zero.
type amrvacFile struct {
	version    int
	names      []string // conserved; others than rho, m, e, b get 1e300
	physics    string
	geometry   string
	gamma      float64 // 0: no parameter in the header
	noCounters bool    // leave out snapshotnext and the two after it
	padding    int     // bytes between header and tree
	truth      int32   // value of a logical that is true
	staggered  bool
	roots      [3]int // blocks of level 1
	block      [3]int // cells of a block
	levels     int
	refine     func(p amrvacPlace) bool
	ghosts     int // layers on the faces of the domain
	xmin, xmax [3]float64
	state      func(x [3]float64) gasState
}

// smoothGas is a flow without symmetry and with pressure far from 0.
func smoothGas(x [3]float64) gasState {
	s := math.Sin(x[0]) + math.Cos(2*x[1]) - math.Sin(x[2]+x[0])
	return gasState{
		rho: math.Exp(s), p: 0.3 + 0.1*math.Cos(x[1]-x[2]),
		v: [3]float64{x[1] - 0.2, x[2] + 0.7, 0.3 - x[0]},
		b: [3]float64{0.5 - x[2], x[0], 0.1 + x[1]},
	}
}

// baseFile is a version 5 hd snapshot of 2³ blocks of 4³ cells on one level.
func baseFile() amrvacFile {
	return amrvacFile{
		version: 5, names: []string{"rho", "m1", "m2", "m3", "e"}, physics: "hd", geometry: "Cartesian_3D", gamma: 1.4,
		truth: 1, roots: [3]int{2, 2, 2}, block: [3]int{4, 4, 4}, levels: 1,
		refine: func(amrvacPlace) bool { return false },
		xmin:   [3]float64{-1, -0.5, 0}, xmax: [3]float64{1, 1.5, 3}, state: smoothGas,
	}
}

// refineCorner refines what touches the lowest corner and one more block.
func refineCorner(p amrvacPlace) bool {
	return p.index == [3]int32{} || p.level == 0 && p.index == [3]int32{1, 0, 1}
}

// encode writes the snapshot as doc "fileformat" of MPI-AMRVAC describes it.
func (f amrvacFile) encode() []byte {
	leaves, flags := f.tree()
	head := f.header(0, 0, len(leaves), len(flags)-len(leaves))
	tree := len(head)
	blocks := tree + 4*len(flags) + len(leaves)*24
	var out bytes.Buffer
	out.Write(f.header(tree, blocks, len(leaves), len(flags)-len(leaves)))
	records := make([][]byte, len(leaves))
	put(&out, flags)
	for i, p := range leaves {
		records[i] = f.record(p)
		put(&out, p.level+1)
	}
	for _, p := range leaves {
		put(&out, [3]int32{p.index[0] + 1, p.index[1] + 1, p.index[2] + 1})
	}
	offset := int64(blocks)
	for _, r := range records {
		put(&out, offset)
		offset += int64(len(r))
	}
	for _, r := range records {
		out.Write(r)
	}
	return out.Bytes()
}

// put appends fixed-size values, little-endian.
func put(out *bytes.Buffer, values ...any) {
	for _, v := range values {
		if n, ok := v.(int); ok {
			v = int32(n)
		}
		if err := binary.Write(out, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
}

// putText appends a string padded to 16 bytes.
func putText(out *bytes.Buffer, s string) {
	b := bytes.Repeat([]byte{' '}, 16)
	copy(b, s)
	out.Write(b)
}

func (f amrvacFile) header(tree, blocks, leaves, parents int) []byte {
	var out bytes.Buffer
	put(&out, f.version, tree, blocks, len(f.names), 3, 3, f.levels, leaves, parents, 17, 2.5, f.xmin, f.xmax)
	for a := range 3 {
		put(&out, f.roots[a]*f.block[a])
	}
	for a := range 3 {
		put(&out, f.block[a])
	}
	if f.version >= 5 {
		put(&out, f.truth, 0, f.truth)
		putText(&out, f.geometry)
		if f.staggered {
			put(&out, f.truth)
		} else {
			put(&out, 0)
		}
	}
	if f.version >= 4 {
		for _, n := range f.names {
			putText(&out, n)
		}
		putText(&out, f.physics)
		if f.gamma != 0 {
			put(&out, 2, 0.25, f.gamma)
			putText(&out, "other")
			putText(&out, "gamma")
		} else {
			put(&out, 0)
		}
		if !f.noCounters {
			put(&out, 7, 8, 9)
		}
	}
	out.Write(make([]byte, f.padding))
	return out.Bytes()
}

// tree lists leaves and leaf flags depth first.
func (f amrvacFile) tree() (leaves []amrvacPlace, flags []int32) {
	var walk func(p amrvacPlace)
	walk = func(p amrvacPlace) {
		if int(p.level)+1 == f.levels || !f.refine(p) {
			leaves, flags = append(leaves, p), append(flags, f.truth)
			return
		}
		flags = append(flags, 0)
		for c := range int32(8) {
			child := amrvacPlace{level: p.level + 1}
			for a := range 3 {
				child.index[a] = 2*p.index[a] + c>>a&1
			}
			walk(child)
		}
	}
	for k := range f.roots[2] {
		for j := range f.roots[1] {
			for i := range f.roots[0] {
				walk(amrvacPlace{0, [3]int32{int32(i), int32(j), int32(k)}})
			}
		}
	}
	return leaves, flags
}

// record encodes a block. Ghost cells and face data are NaN, to show up where
// they are not stripped.
func (f amrvacFile) record(p amrvacPlace) []byte {
	var lo, hi [3]int
	for a := range 3 {
		if p.index[a] == 0 {
			lo[a] = f.ghosts
		}
		if int(p.index[a])+1 == f.roots[a]<<p.level {
			hi[a] = f.ghosts
		}
	}
	var full [3]int
	for a := range 3 {
		full[a] = lo[a] + f.block[a] + hi[a]
	}
	size := full[0] * full[1] * full[2]
	w := make([]float64, size*len(f.names))
	for i := range w {
		w[i] = math.NaN()
	}
	for k := range f.block[2] {
		for j := range f.block[1] {
			for i := range f.block[0] {
				u := f.conserved(f.center(p, [3]int{i, j, k}))
				for v := range u {
					w[v*size+((k+lo[2])*full[1]+j+lo[1])*full[0]+i+lo[0]] = u[v]
				}
			}
		}
	}
	var out bytes.Buffer
	for _, g := range append(lo[:], hi[:]...) {
		put(&out, g)
	}
	put(&out, w)
	if f.staggered {
		faces := make([]float64, 3*(full[0]+1)*(full[1]+1)*(full[2]+1))
		for i := range faces {
			faces[i] = math.NaN()
		}
		put(&out, faces)
	}
	return out.Bytes()
}

// center is the centre of a cell of a block [code units].
func (f amrvacFile) center(p amrvacPlace, cell [3]int) [3]float64 {
	var x [3]float64
	for a := range x {
		dx := (f.xmax[a] - f.xmin[a]) / float64(f.roots[a]*f.block[a]) / float64(int(1)<<p.level)
		x[a] = f.xmin[a] + dx*(float64(int(p.index[a])*f.block[a]+cell[a])+0.5)
	}
	return x
}

// conserved returns the variables of a cell at x in the order of the names.
func (f amrvacFile) conserved(x [3]float64) []float64 {
	g := f.state(x)
	gamma := f.gamma
	if gamma == 0 {
		gamma = 1.4
	}
	var kinetic, magnetic float64
	for a := range 3 {
		kinetic += g.rho * g.v[a] * g.v[a] / 2
		magnetic += g.b[a] * g.b[a] / 2
	}
	u := make([]float64, len(f.names))
	hasB := bytes.Contains([]byte(f.physics), []byte("mhd"))
	for i, name := range f.names {
		switch name {
		case "rho":
			u[i] = g.rho
		case "m1", "m2", "m3":
			u[i] = g.rho * g.v[name[1]-'1']
		case "b1", "b2", "b3":
			u[i] = g.b[name[1]-'1']
		case "e":
			u[i] = g.p/(gamma-1) + kinetic
			if hasB {
				u[i] += magnetic
			}
		default:
			u[i] = 1e300
		}
	}
	return u
}
