// SPDX-License-Identifier: BSD-3-Clause

package weights

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/columen/columen/emulator/checkpoint"
	"github.com/columen/columen/emulator/dataset"
)

// Network is the shape of a network; see emulator.Config.
type Network struct {
	Variant     string `json:"variant"`
	Grid        int    `json:"grid"`
	Frequencies int    `json:"frequencies"`
	Latent      int    `json:"latent"`
}

// Card says what weights are for. Data is the manifest of the training set
// without its shards.
type Card struct {
	Network Network          `json:"network"`
	Data    dataset.Manifest `json:"data"`
	Digest  string           `json:"training_digest"` // of configuration and data set
	Step    int64            `json:"step"`            // optimiser steps made
	Score   *float64         `json:"validation_maxrel_percent,omitempty"`
}

// cardKey is where a Card stands in the metadata of a file.
const cardKey = "columen_card"

// Validate returns an error if network and data set do not fit each other.
func (c *Card) Validate() error {
	if err := c.Data.Validate(); err != nil {
		return err
	}
	if c.Network.Grid != c.Data.Grid || c.Network.Frequencies != c.Data.Channels {
		return fmt.Errorf("a network of grid %d and %d frequencies for data of grid %d and %d channels: want the same",
			c.Network.Grid, c.Network.Frequencies, c.Data.Grid, c.Data.Channels)
	}
	return nil
}

// Write writes a safetensors file with its card, atomically.
func Write(path string, tensors []checkpoint.Tensor, c *Card) error {
	if err := c.Validate(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return checkpoint.Write(path, tensors, map[string]string{cardKey: string(text), "format": "pt"})
}

// Open opens a file of weights: safetensors, or what torch.save wrote. A file
// of other origin than Write has no card, and nil is returned for it.
func Open(path string) (*checkpoint.File, *Card, error) {
	open := checkpoint.Open
	zipped, err := isZip(path)
	if err != nil {
		return nil, nil, err
	}
	if zipped {
		open = checkpoint.OpenTorch
	}
	f, err := open(path)
	if err != nil {
		return nil, nil, err
	}
	text, found := f.Metadata[cardKey]
	if !found {
		return f, nil, nil
	}
	c := &Card{}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.DisallowUnknownFields()
	if err = dec.Decode(c); err == nil {
		err = c.Validate()
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: metadata %s: %w", path, cardKey, err), f.Close())
	}
	return f, c, nil
}

// isZip reports whether a file begins as a zip archive, the container of
// torch.save.
func isZip(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, 4)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return false, err
	}
	return bytes.Equal(head[:n], []byte("PK\x03\x04")), nil
}
