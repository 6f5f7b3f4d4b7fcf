// SPDX-License-Identifier: BSD-3-Clause

package checkpoint

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// Team is the ranks that write one checkpoint together, on a file system that
// all of them see. All methods but Rank and Size are collective.
type Team interface {
	Rank() int
	Size() int
	// Agree returns an error on every rank if one of them has one.
	Agree(err error) error
	// GatherBytes returns the data of all ranks on rank 0.
	GatherBytes(data []byte) ([][]byte, error)
}

// Part is what a rank holds of a tensor. Shape is that of the whole tensor. Every
// rank lists every tensor, and each value is written by one of them.
type Part struct {
	Name  string
	Dtype Dtype
	Shape []int
	Data  []byte // values of this rank, little-endian; none where another rank writes them
	// Stretches calls f for each contiguous stretch: n values of Data from at on
	// are those of the tensor from from on. nil means that Data is the tensor.
	Stretches func(f func(at, from, n int))
}

// PartGroup is a Group of which each rank has a part.
type PartGroup struct {
	Name  string
	Parts []Part
}

// SaveTogether is Save by all ranks of a team: each writes its values in place
// into files that rank 0 has laid out, so that nobody holds a whole tensor for it
// and the bytes do not depend on the number of ranks. They share the checksums
// out too. All ranks call it and get the same error.
func (s Store) SaveTogether(team Team, st State, groups ...PartGroup) (path string, err error) {
	w, err := s.Begin(team, st, groups...)
	if err != nil {
		return "", err
	}
	return w.Finish()
}

// lay makes the folder of a checkpoint and its files, at full length.
func (s Store) lay(tmp string, layouts []*layout) error {
	if err := os.MkdirAll(s.Dir, 0o777); err != nil {
		return err
	}
	if err := s.sweep(); err != nil {
		return err
	}
	if err := os.Mkdir(tmp, 0o777); err != nil {
		return err
	}
	for _, l := range layouts {
		f, err := os.OpenFile(filepath.Join(tmp, l.name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		_, err = f.Write(l.header)
		if err := errors.Join(err, f.Truncate(l.bytes), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// end gives a written checkpoint its manifest and its name, or removes it.
func (s Store) end(tmp, path string, m *manifest) error {
	err := m.write(filepath.Join(tmp, manifestName))
	if err == nil {
		err = syncDir(tmp)
	}
	if err == nil {
		err = replaceDir(tmp, path)
	}
	if err != nil {
		return fmt.Errorf("write checkpoint %s: %w", path, errors.Join(err, os.RemoveAll(tmp)))
	}
	if err := s.prune(); err != nil {
		return fmt.Errorf("remove old checkpoints of %s: %w", s.Dir, err)
	}
	return nil
}

// layout says where the tensors of a file are.
type layout struct {
	name   string
	header []byte
	starts map[string]int64 // of each tensor's data, in the file
	bytes  int64
}

// layoutOf lays out a file of the tensors of a group, several parts of one name
// being one tensor.
func layoutOf(g PartGroup) (*layout, error) {
	if !validGroup(g.Name) {
		return nil, fmt.Errorf("group %q: want a name of letters, digits, - and _", g.Name)
	}
	var tensors []Tensor
	seen := map[string]bool{}
	for _, p := range g.Parts {
		if !seen[p.Name] {
			seen[p.Name] = true
			tensors = append(tensors, Tensor{Name: p.Name, Dtype: p.Dtype, Shape: p.Shape})
		}
	}
	tensors = order(tensors)
	header, err := headerOf(tensors, nil)
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", g.Name, err)
	}
	l := &layout{name: g.Name + groupSuffix, header: header, starts: map[string]int64{}, bytes: int64(len(header))}
	for _, t := range tensors {
		l.starts[t.Name] = l.bytes
		l.bytes += int64(t.NumElements() * t.Dtype.Size())
	}
	return l, nil
}

// write puts a rank's values in their places.
func (l *layout) write(dir string, parts []Part) error {
	f, err := os.OpenFile(filepath.Join(dir, l.name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	for _, p := range parts {
		size, start := p.Dtype.Size(), l.starts[p.Name]
		if len(p.Data) == 0 {
			continue
		}
		put := func(at, from, n int) {
			if err == nil {
				_, err = f.WriteAt(p.Data[at*size:(at+n)*size], start+int64(from*size))
			}
		}
		if p.Stretches == nil {
			put(0, 0, len(p.Data)/size)
		} else {
			p.Stretches(put)
		}
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// sum takes the checksums of this rank's range of the file's blocks.
func (l *layout) sum(rank, ranks int, dir string) ([]string, error) {
	blocks := (l.bytes + blockBytes - 1) / blockBytes
	return sumBlocks(filepath.Join(dir, l.name), blocks*int64(rank)/int64(ranks), blocks*int64(rank+1)/int64(ranks))
}

// sumBlocks returns the CRC-32C of blocks first to last of a file.
func sumBlocks(path string, first, last int64) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sums, block := []string{}, make([]byte, blockBytes)
	for b := first; b < last; b++ {
		n, err := f.ReadAt(block, b*blockBytes)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		sums = append(sums, hex32(crc32.Checksum(block[:n], castagnoli())))
	}
	return sums, nil
}
