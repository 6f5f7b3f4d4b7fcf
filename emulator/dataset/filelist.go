// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ReadFileList reads one of the original's lists of shards (train.txt,
// test.txt): one path per line. Paths that are not absolute are taken relative
// to the list.
func ReadFileList(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, l := range strings.Split(string(text), "\n") {
		if l = strings.TrimSpace(l); l == "" {
			continue
		}
		if !filepath.IsAbs(l) {
			l = filepath.Join(filepath.Dir(path), l)
		}
		paths = append(paths, l)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: no path in the list", path)
	}
	return paths, nil
}
