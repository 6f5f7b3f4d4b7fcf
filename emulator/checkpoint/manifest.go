// SPDX-License-Identifier: BSD-3-Clause

package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
)

// State is where a training run stands. Together with the tensors it is all
// that a resumed run needs to equal an uninterrupted one bit for bit.
type State struct {
	Step         int64  `json:"step"`          // optimiser steps done
	Epoch        int64  `json:"epoch"`         // epoch of the next sample
	Position     int64  `json:"position"`      // place of the next sample in the order of that epoch
	ConfigDigest string `json:"config_digest"` // of the configuration that may not change on resuming

	// Score is the validation score, lower is better; nil if none was taken.
	Score *float64 `json:"score,omitempty"`

	// Schedule and Extra belong to the trainer: the state of its learning rate
	// schedule, early stopping and history.
	Schedule json.RawMessage `json:"schedule,omitempty"`
	Extra    json.RawMessage `json:"extra,omitempty"`
}

func (st State) validate() error {
	if st.Step < 0 || st.Epoch < 0 || st.Position < 0 {
		return fmt.Errorf("step %d, epoch %d, position %d: want none negative", st.Step, st.Epoch, st.Position)
	}
	if st.Score != nil && (math.IsNaN(*st.Score) || math.IsInf(*st.Score, 0)) {
		return fmt.Errorf("score %g: want a finite number or none", *st.Score)
	}
	return nil
}

const manifestSchema = "columen-checkpoint/1"

// manifest is the content of manifest.json.
type manifest struct {
	Schema string    `json:"schema"`
	State  State     `json:"state"`
	Files  []fileSum `json:"files"`
}

// sealed is manifest.json: the manifest and the CRC-32C of its bytes.
type sealed struct {
	Manifest json.RawMessage `json:"manifest"`
	CRC32C   string          `json:"crc32c"`
}

// blockBytes is the span of a checksum: fine enough to say where a file is
// corrupt, coarse enough for a short manifest (430 blocks in the full state of
// 143,303,809 parameters and two moments).
const blockBytes = 4 << 20

// fileSum describes a file: its size and the CRC-32C of each block.
type fileSum struct {
	Name   string   `json:"name"`
	Bytes  int64    `json:"bytes"`
	CRC32C []string `json:"crc32c_of_4mib_blocks"`
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func hex32(sum uint32) string { return fmt.Sprintf("%08x", sum) }

// summer passes writes on and sums them up block by block.
type summer struct {
	w       io.Writer
	table   *crc32.Table
	sum     uint32
	inBlock int
	out     fileSum
}

func (s *summer) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	for rest := p[:n]; len(rest) > 0; {
		k := min(len(rest), blockBytes-s.inBlock)
		s.sum = crc32.Update(s.sum, s.table, rest[:k])
		s.inBlock += k
		s.out.Bytes += int64(k)
		rest = rest[k:]
		if s.inBlock == blockBytes {
			s.endBlock()
		}
	}
	return n, err
}

func (s *summer) endBlock() {
	if s.inBlock > 0 {
		s.out.CRC32C = append(s.out.CRC32C, hex32(s.sum))
		s.sum, s.inBlock = 0, 0
	}
}

// writeSummed writes a safetensors file and returns its checksums.
func writeSummed(path string, tensors []Tensor) (fileSum, error) {
	s := &summer{table: castagnoli(), out: fileSum{Name: filepath.Base(path)}}
	err := writeAtomic(path, func(f *os.File) error {
		s.w = f
		return encodeSafetensors(s, tensors, nil)
	})
	s.endBlock()
	return s.out, err
}

// verify compares a file with its size and checksums. It reads the file by blocks
// and does not map it: the pages of a whole checkpoint would count as memory of
// every process that verifies it.
func (want fileSum) verify(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() != want.Bytes {
		return fmt.Errorf("%s has %d bytes: the manifest says %d", want.Name, info.Size(), want.Bytes)
	}
	found, err := sumBlocks(path, 0, (want.Bytes+blockBytes-1)/blockBytes)
	if err != nil {
		return err
	}
	for i, sum := range found {
		if i >= len(want.CRC32C) || sum != want.CRC32C[i] {
			return fmt.Errorf("%s is corrupt between bytes %d and %d: CRC-32C is %s, not as in the manifest",
				want.Name, i*blockBytes, min(int64(i+1)*blockBytes, want.Bytes), sum)
		}
	}
	return nil
}

// write encodes the manifest.
func (m *manifest) write(path string) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode the manifest: %w", err)
	}
	text, err := json.MarshalIndent(sealed{raw, hex32(crc32.Checksum(raw, castagnoli()))}, "", " ")
	if err != nil {
		return fmt.Errorf("encode the manifest: %w", err)
	}
	return writeAtomic(path, func(f *os.File) error { return writeAll(f, text, []byte("\n")) })
}

func readManifest(path string) (*manifest, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func parseManifest(text []byte) (*manifest, error) {
	var s sealed
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	// The checksum is over the compact form, so that reformatting does no harm.
	var raw bytes.Buffer
	if err := json.Compact(&raw, s.Manifest); err != nil {
		return nil, errors.New("no manifest inside")
	}
	if found := hex32(crc32.Checksum(raw.Bytes(), castagnoli())); found != s.CRC32C {
		return nil, fmt.Errorf("CRC-32C is %s: the file says %q", found, s.CRC32C)
	}
	m := &manifest{}
	dec := json.NewDecoder(&raw)
	dec.DisallowUnknownFields()
	if err := dec.Decode(m); err != nil {
		return nil, err
	}
	if m.Schema != manifestSchema {
		return nil, fmt.Errorf("schema %q: want %q", m.Schema, manifestSchema)
	}
	return m, m.State.validate()
}
