// SPDX-License-Identifier: BSD-3-Clause

// Package atomicfile makes files appear complete or not at all.
//
// A file is written under a temporary name in the folder of its final name and
// renamed when it is complete and on disk: a reader, a later stage of a job or
// a restart never meets half a file, and a failed write leaves nothing behind.
// The temporary name must lie in the same folder because rename(2) is atomic
// within one file system only.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Pending is a file that is being written under a temporary name.
type Pending struct {
	path string
	tmp  string
	done bool
}

// Create reserves an empty temporary file beside path. The caller writes to
// Name() by whatever means and ends with Commit or Abort.
func Create(path string) (*Pending, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("write %s: is a folder: want a file name", path)
	}
	const attempts = 100
	for i := range attempts {
		tmp := fmt.Sprintf("%s.%d-%d.tmp", path, os.Getpid(), i)
		f, err := os.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", path, err)
		}
		if err := f.Close(); err != nil {
			return nil, errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(tmp))
		}
		return &Pending{path: path, tmp: tmp}, nil
	}
	return nil, fmt.Errorf("write %s: %d temporary files of this process lie beside it: remove %s.*.tmp", path, attempts, path)
}

// Name returns the temporary name.
func (p *Pending) Name() string { return p.tmp }

// Commit forces the file to disk and gives it its final name, replacing a file
// that is there. On error the temporary file is removed.
func (p *Pending) Commit() error {
	if p.done {
		return nil
	}
	if err := syncFile(p.tmp); err != nil {
		p.Abort()
		return fmt.Errorf("write %s: %w", p.path, err)
	}
	if err := os.Rename(p.tmp, p.path); err != nil {
		p.Abort()
		return fmt.Errorf("write %s: %w", p.path, err)
	}
	p.done = true
	return nil
}

// Abort removes the temporary file. After Commit it does nothing, so that it
// can be deferred.
func (p *Pending) Abort() {
	if p.done {
		return
	}
	p.done = true
	os.Remove(p.tmp) // the error that led here is the one to report
}

// Write creates path with what write puts into the file of the name it gets.
// If write fails, its error is returned with path in front and path is as
// before.
func Write(path string, write func(tmp string) error) error {
	p, err := Create(path)
	if err != nil {
		return err
	}
	defer p.Abort()
	if err := write(p.Name()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return p.Commit()
}

// syncFile reports write-back errors, which close(2) alone does not.
func syncFile(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
