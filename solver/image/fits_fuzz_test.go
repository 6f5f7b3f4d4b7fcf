// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzReadFITS feeds damaged files: the reader may refuse but neither panic
// nor return an invalid image.
func FuzzReadFITS(f *testing.F) {
	dir := f.TempDir()
	for i, im := range []*Image{lineCube(2, 2, 3, 1000, gaussians), irregular()} {
		path := filepath.Join(dir, "a.fits")
		if err := WriteFITS(path, im, FITSOptions{Unit: Kelvin, Precision: 32 * (1 + i)}); err != nil {
			f.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		im, _, err := decodeFITS(bytes.NewReader(b), int64(len(b)))
		if err == nil && im.Validate() != nil {
			t.Errorf("an invalid image was read: %v", im.Validate())
		}
	})
}
