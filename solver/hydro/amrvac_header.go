// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"strings"
)

// AMRVACHeader is the header of an MPI-AMRVAC .dat snapshot, in code units.
// Fields that the file's version does not store are empty.
type AMRVACHeader struct {
	Version                  int     // 3, 4 or 5
	OffsetTree, OffsetBlocks int64   // byte offsets of the tree and of the first block
	NumVars                  int     // variables per cell (nw)
	NDir, NDim               int     // components of vectors, dimensions of space
	LevMax                   int     // finest level, counted from 1
	NumLeaves, NumParents    int     // blocks with data, blocks that are refined
	Iteration                int     // time steps done
	Time                     float64 // global_time [code units]
	XMin, XMax               [3]float64
	DomainCells              [3]int  // cells of the domain on level 1
	BlockCells               [3]int  // cells of a block without ghosts
	Periodic                 [3]bool // version 5
	Geometry                 string  // version 5, e.g. Cartesian_3D
	Staggered                bool    // version 5: face data follow each block
	Names                    []string
	Physics                  string // version 4 on: hd, mhd
	Parameters               []AMRVACParameter
	SnapshotNext             int
	SliceNext, CollapseNext  int
}

// AMRVACParameter is a number that the physics module stores in the header.
type AMRVACParameter struct {
	Name  string
	Value float64
}

const (
	amrvacText      = 16      // bytes of a string
	amrvacMaxHeader = 1 << 20 // 65,000 variables: more is a damaged file
	amrvacMaxLevel  = 20      // nlevelshi, the most levels AMRVAC can have
	amrvacMaxGhosts = 16      // AMRVAC has 2 to 5 layers of ghost cells
)

// Gamma returns the ratio of specific heats, and whether the header has one.
func (h *AMRVACHeader) Gamma() (float64, bool) {
	for _, p := range h.Parameters {
		if p.Name == "gamma" {
			return p.Value, true
		}
	}
	return 0, false
}

// ReadAMRVACHeader reads the header alone, which needs no units.
func ReadAMRVACHeader(path string) (*AMRVACHeader, error) {
	f, src, err := openSource(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseAMRVACHeader(src)
}

// openSource opens the regular file at path.
func openSource(path string) (*os.File, *source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: found %v, want a regular file", path, info.Mode().Type())
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, &source{name: path, r: f, size: info.Size()}, nil
}

// parseAMRVACHeader reads and checks everything before the tree.
func parseAMRVACHeader(src *source) (*AMRVACHeader, error) {
	h := new(AMRVACHeader)
	if err := h.readStart(src); err != nil {
		return nil, err
	}
	c := &cursor{src: src, buf: make([]byte, h.OffsetTree)}
	if err := src.read(c.buf, 0, "header"); err != nil {
		return nil, err
	}
	c.pos = 12
	h.readSizes(c)
	h.readDomain(c)
	if h.Version >= 5 && c.err == nil {
		h.readGeometry(c)
	}
	if h.Version >= 4 && c.err == nil {
		h.readPhysics(c)
	}
	if c.err != nil {
		return nil, c.err
	}
	return h, nil
}

// readStart reads the version and the two offsets, the fields that tell a
// snapshot from another file.
func (h *AMRVACHeader) readStart(src *source) error {
	var start [12]byte
	if src.size < int64(len(start)) {
		return src.bad(0, "header", fmt.Sprintf("a file of %d bytes", src.size), "an AMRVAC snapshot: the file is truncated")
	}
	if err := src.read(start[:], 0, "header"); err != nil {
		return err
	}
	c := &cursor{src: src, buf: start[:]}
	h.Version = c.int32("version")
	if h.Version < 3 || h.Version > 5 {
		return src.bad(0, "version", foreign(start[:], h.Version), "3, 4 or 5, little-endian, of an AMRVAC snapshot")
	}
	h.OffsetTree = int64(c.int32("offset_tree"))
	if limit := min(src.size, amrvacMaxHeader); h.OffsetTree < 12 || h.OffsetTree > limit {
		return src.bad(4, "offset_tree", h.OffsetTree, fmt.Sprintf("12 to %d in a file of %d bytes", limit, src.size))
	}
	h.OffsetBlocks = int64(c.int32("offset_blocks"))
	if h.OffsetBlocks < h.OffsetTree || h.OffsetBlocks > src.size {
		return src.bad(8, "offset_blocks", h.OffsetBlocks,
			fmt.Sprintf("%d to %d: offset_tree to the end of the file", h.OffsetTree, src.size))
	}
	return nil
}

// foreign describes the start of a file that is no little-endian snapshot.
func foreign(b []byte, version int) string {
	if v := binary.BigEndian.Uint32(b); v >= 3 && v <= 5 {
		return fmt.Sprintf("%d in big-endian order: write the snapshot on a little-endian machine", v)
	}
	known := []struct{ magic, kind string }{
		{"\x89HDF", "an HDF5 file"}, {"\x1f\x8b", "a gzip file"}, {"\x93NUMPY", "a NumPy file"},
		{"SIMPLE", "a FITS file"}, {"<?xml", "an XML file"}, {"<VTKFile", "a VTK file"},
	}
	for _, k := range known {
		if strings.HasPrefix(string(b), k.magic) {
			return k.kind
		}
	}
	printable := 0
	for _, x := range b {
		if x >= ' ' && x <= '~' || x == '\n' || x == '\t' || x == '\r' {
			printable++
		}
	}
	if printable == len(b) {
		return fmt.Sprintf("a text file that starts with %q", b)
	}
	return fmt.Sprint(version)
}

// readSizes reads the counts. Each is bounded by the bytes it implies, so that
// nothing is allocated that the file cannot fill.
func (h *AMRVACHeader) readSizes(c *cursor) {
	size := c.src.size
	h.NumVars = c.intIn("nw", 1, size/8)
	h.NDir = c.intIn("ndir", 1, 3)
	off := c.offset()
	if h.NDim = c.intIn("ndim", 1, 3); h.NDim != 3 {
		c.fail(off, "ndim", h.NDim, "3: only Cartesian_3D is supported")
	}
	if h.NDir != 3 {
		c.fail(off-4, "ndir", h.NDir, "3")
	}
	h.LevMax = c.intIn("levmax", 1, amrvacMaxLevel)
	h.NumLeaves = c.intIn("nleafs", 1, size/28)
	h.NumParents = c.intIn("nparents", 0, size/4)
	h.Iteration = c.int32("it")
	h.Time = c.float64("global_time")
}

// readDomain reads the extent of the domain and the sizes of mesh and blocks.
func (h *AMRVACHeader) readDomain(c *cursor) {
	for a := range h.XMin {
		h.XMin[a] = c.float64("xprobmin")
	}
	for a := range h.XMax {
		off := c.offset()
		h.XMax[a] = c.float64("xprobmax")
		if w := h.XMax[a] - h.XMin[a]; c.err == nil && !(w > 0 && w <= math.MaxFloat64) {
			c.fail(off, "xprobmax", h.XMax[a], fmt.Sprintf("more than xprobmin = %g, by a finite width", h.XMin[a]))
		}
	}
	domain := c.offset()
	for a := range h.DomainCells {
		h.DomainCells[a] = c.intIn("domain_nx", 1, math.MaxInt32)
	}
	room := c.src.size / 8 / max(int64(h.NumVars), 1) // cells of a block that the file has room for
	for a := range h.BlockCells {
		off := c.offset()
		n := c.intIn("block_nx", 1, math.MaxInt32)
		if c.err != nil {
			return
		}
		if h.BlockCells[a] = n; int64(n) > room {
			c.fail(off, "block_nx", n, fmt.Sprintf("at most %d, for a block cannot be larger than the file of %d bytes: the file is truncated or damaged", room, c.src.size))
			return
		}
		room /= int64(n)
		if h.DomainCells[a]%n != 0 {
			c.fail(domain+4*int64(a), "domain_nx", h.DomainCells[a], fmt.Sprintf("a multiple of block_nx = %d", n))
		}
	}
}

// readGeometry reads what version 5 added.
func (h *AMRVACHeader) readGeometry(c *cursor) {
	for a := range h.Periodic {
		h.Periodic[a] = c.int32("periodic") != 0
	}
	h.Geometry = c.text(amrvacText, "geometry")
	h.Staggered = c.int32("staggered") != 0
}

// readPhysics reads names and parameters. The last three counters came with a
// later revision of the same version, so a header may end before them.
func (h *AMRVACHeader) readPhysics(c *cursor) {
	if c.left()/amrvacText < h.NumVars {
		c.fail(12, "nw", h.NumVars, fmt.Sprintf("at most %d: the names of the variables must fit before offset_tree = %d",
			c.left()/amrvacText, h.OffsetTree))
		return
	}
	h.Names = make([]string, h.NumVars)
	for i := range h.Names {
		h.Names[i] = c.text(amrvacText, "variables")
	}
	h.Physics = c.text(amrvacText, "physics_type")
	n := c.intIn("n_par", 0, int64(c.left()/(8+amrvacText)))
	if c.err != nil {
		return
	}
	h.Parameters = make([]AMRVACParameter, n)
	for i := range h.Parameters {
		h.Parameters[i].Value = c.float64("parameter value")
	}
	for i := range h.Parameters {
		h.Parameters[i].Name = c.text(amrvacText, "parameter name")
	}
	if c.err == nil && c.left() == 0 {
		return
	}
	h.SnapshotNext = c.int32("snapshotnext")
	h.SliceNext = c.int32("slicenext")
	h.CollapseNext = c.int32("collapsenext")
	if c.err == nil && c.left() != 0 {
		c.fail(4, "offset_tree", h.OffsetTree, fmt.Sprintf("%d, where the header ends", c.offset()))
	}
}
