// SPDX-License-Identifier: BSD-3-Clause

package checkpoint

import (
	"fmt"
	"os"
)

// Write writes a safetensors file atomically; an existing file is replaced.
// The order of the tensors and of the metadata does not matter to the bytes.
func Write(path string, tensors []Tensor, metadata map[string]string) error {
	err := writeAtomic(path, func(f *os.File) error { return encodeSafetensors(f, tensors, metadata) })
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
