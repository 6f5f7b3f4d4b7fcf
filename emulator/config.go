// SPDX-License-Identifier: BSD-3-Clause

package emulator

import "fmt"

// Variant tells the two networks of the original apart.
type Variant string

// The variants.
const (
	Net   Variant = "net"   // one frequency, two-dimensional decoder
	Net3D Variant = "net3d" // F frequencies, three-dimensional decoder with kernels (1,3,3)
)

// Config is the shape of a network. The zero value of a field other than
// Variant means the published value.
type Config struct {
	Variant     Variant
	Grid        int // cells per side: 32, 64 (0 means 64) or 128
	Frequencies int // images per sample: 7 (0) or any number for Net3D, 1 (0) for Net
	Latent      int // width of the latent layer, 4096 (0)
}

// WithDefaults replaces zeros by the published values.
func (c Config) WithDefaults() Config {
	if c.Grid == 0 {
		c.Grid = 64
	}
	if c.Latent == 0 {
		c.Latent = 4096
	}
	if c.Frequencies == 0 {
		c.Frequencies = 7
		if c.Variant == Net {
			c.Frequencies = 1
		}
	}
	return c
}

// Validate says which field is wrong and what is allowed.
func (c Config) Validate() error {
	c = c.WithDefaults()
	switch {
	case c.Variant != Net && c.Variant != Net3D:
		return fmt.Errorf("emulator: variant %q; allowed are %q and %q", c.Variant, Net, Net3D)
	case c.Grid != 32 && c.Grid != 64 && c.Grid != 128:
		return fmt.Errorf("emulator: grid of %d cells; allowed are 32, 64 and 128", c.Grid)
	case c.Frequencies < 1:
		return fmt.Errorf("emulator: %d frequencies; at least one is needed", c.Frequencies)
	case c.Variant == Net && c.Frequencies != 1:
		return fmt.Errorf("emulator: %d frequencies with variant %q, which has one; use %q", c.Frequencies, Net, Net3D)
	case c.Latent < 1:
		return fmt.Errorf("emulator: latent width %d; it must be positive", c.Latent)
	}
	return nil
}

// InputShape is the shape of one sample's input: v, T, n.
func (c Config) InputShape() []int { return []int{3, c.Grid, c.Grid, c.Grid} }

// OutputShape is the shape of one sample's output.
func (c Config) OutputShape() []int {
	if c.Variant == Net {
		return []int{1, c.Grid, c.Grid}
	}
	return []int{1, c.Frequencies, c.Grid, c.Grid}
}
