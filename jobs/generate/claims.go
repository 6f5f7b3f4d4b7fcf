// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// claims is how ranks share the items of a pass without talking: whoever creates
// the file of an item in a folder of the common file system does it. Creation
// is atomic there, and no rank has to wait for another one. Each begins in a
// place of its own, so that they meet only towards the end. All threads of a
// rank use one claims.
type claims struct {
	dir     string
	pending []int // all items of the pass, from the place where this rank begins

	mu    sync.Mutex
	queue []int // what is left of the last look at the folder
	fresh bool  // queue has not met a claim of another rank
}

// stopName is the file that tells all ranks to leave.
const stopName = "stop"

func newClaims(dir string, pending []int, rank, size int) *claims {
	start := len(pending) * rank / size
	own := append(append([]int(nil), pending[start:]...), pending[:start]...)
	return &claims{dir: dir, pending: own, queue: own, fresh: true}
}

// next returns an item that is now this rank's, or false when none is left or a
// rank has failed.
func (c *claims) next() (item int, ok bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := os.Lstat(filepath.Join(c.dir, stopName)); err == nil {
		return 0, false, nil
	}
	for {
		if len(c.queue) == 0 || !c.fresh {
			if err := c.look(); err != nil || len(c.queue) == 0 {
				return 0, false, err
			}
		}
		item, c.queue = c.queue[0], c.queue[1:]
		f, err := os.OpenFile(filepath.Join(c.dir, strconv.Itoa(item)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if err == nil {
			return item, true, f.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return 0, false, err
		}
		c.fresh = false
	}
}

// look lists what no rank has claimed.
func (c *claims) look() error {
	names, err := listNames(c.dir)
	if err != nil {
		return err
	}
	c.queue, c.fresh = nil, true
	for _, item := range c.pending {
		if !names[strconv.Itoa(item)] {
			c.queue = append(c.queue, item)
		}
	}
	return nil
}

// stop tells all ranks to leave. That it may fail does no harm: they go on and
// hear of the error at the end of the pass.
func (c *claims) stop() { _ = os.WriteFile(filepath.Join(c.dir, stopName), nil, 0o666) }

func listNames(dir string) (map[string]bool, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	list, err := d.Readdirnames(-1)
	names := make(map[string]bool, len(list))
	for _, n := range list {
		names[n] = true
	}
	return names, errors.Join(err, d.Close())
}
