// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/internal/atomicfile"
	"github.com/columen/columen/jobs/internal/samples"
)

// A work file of the first pass is its samples' records, one after the other,
// little-endian: velocity [m/s], temperature [K] and density [m⁻³] of the cells
// and intensity [W m⁻² Hz⁻¹ sr⁻¹] of [channel, x, y] as float32, then 1 or 0
// for an outlier or none, then CRC-32C of all before. All records of a data set
// have one length, so that any sample can be read alone.

// record is a sample and its bytes in a work file.
type record struct {
	*samples.Record
	bytes []byte
}

// recordTail is the length of what follows the values.
const recordTail = 8

// recordBytes is the length of a record.
func recordBytes(s dataset.Shape) int { return 4*(s.InputLen()+s.OutputLen()) + recordTail }

func newRecord(s dataset.Shape) *record { return recordOf(samples.NewRecord(s), s) }

func recordOf(r *samples.Record, s dataset.Shape) *record {
	return &record{Record: r, bytes: make([]byte, recordBytes(s))}
}

// encode returns the bytes of the record, valid until the next call.
func (r *record) encode() []byte {
	for i, x := range r.Values {
		binary.LittleEndian.PutUint32(r.bytes[4*i:], math.Float32bits(x))
	}
	tail := r.bytes[4*len(r.Values):]
	binary.LittleEndian.PutUint32(tail, 0)
	if r.Outlier {
		binary.LittleEndian.PutUint32(tail, 1)
	}
	binary.LittleEndian.PutUint32(tail[4:], checksum(r.bytes))
	return r.bytes
}

// checksum is that of a record without its last four bytes.
func checksum(record []byte) uint32 {
	return crc32.Checksum(record[:len(record)-4], crc32.MakeTable(crc32.Castagnoli))
}

// read reads the record of a sample from its work file in folder dir.
func (r *record) read(dir string, s *scheme, sample int) error {
	path := filepath.Join(dir, taskName(sample/s.perTask))
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = f.ReadAt(r.bytes, int64(sample%s.perTask)*int64(len(r.bytes)))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s: sample %d: %w", path, sample, err)
	}
	if sum := binary.LittleEndian.Uint32(r.bytes[len(r.bytes)-4:]); sum != checksum(r.bytes) {
		return fmt.Errorf("%s: sample %d has checksum %08x: want %08x; remove the file and start the same command again", path, sample, checksum(r.bytes), sum)
	}
	for i := range r.Values {
		r.Values[i] = math.Float32frombits(binary.LittleEndian.Uint32(r.bytes[4*i:]))
	}
	r.Outlier = binary.LittleEndian.Uint32(r.bytes[4*len(r.Values):]) != 0
	return nil
}

// outlierOf reads whether a sample is an outlier, and no more.
func outlierOf(dir string, s *scheme, sample int) (bool, error) {
	path := filepath.Join(dir, taskName(sample/s.perTask))
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	var flag [4]byte
	size := int64(recordBytes(s.Shape))
	_, err = f.ReadAt(flag[:], int64(sample%s.perTask)*size+size-recordTail)
	if err = errors.Join(err, f.Close()); err != nil {
		return false, fmt.Errorf("%s: sample %d: %w", path, sample, err)
	}
	return flag[0] != 0, nil
}

// taskName is the name of a work file.
func taskName(task int) string { return fmt.Sprintf("%06d.raw", task) }

// writeTask writes the work file of samples [lo, hi) at path. fill makes the
// record of one of them.
func writeTask(path string, lo, hi int, r *record, fill func(sample int) error) error {
	return atomicfile.Write(path, func(tmp string) (err error) {
		f, err := os.OpenFile(tmp, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		for sample := lo; sample < hi; sample++ {
			if err := fill(sample); err != nil {
				return err
			}
			if _, err := f.Write(r.encode()); err != nil {
				return err
			}
		}
		return nil
	})
}
