// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// File is what a file of a study holds.
type File struct {
	Path  string
	Study Study
	Rows  []Row
}

// TornError says that the last line was not written to its end: the writer was
// ended in the middle. Lines before it are good.
type TornError struct {
	Path   string
	Line   int   // from 1
	Offset int64 // of its first byte
	Bytes  int   // that are there
}

// Error names the line and says what to do.
func (e *TornError) Error() string {
	return fmt.Sprintf("%s:%d: half-written line of %d bytes at byte %d: allowed: lines that end; the columen scale that wrote the file cuts it off and goes on", e.Path, e.Line, e.Bytes, e.Offset)
}

// Read reads the file of a study. It returns a *TornError, with all lines before
// it, when the last line was not written to its end.
func Read(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Decode(data, path)
}

// Decode is Read for a file in memory; path names it in errors.
func Decode(data []byte, path string) (*File, error) {
	f := &File{Path: path}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, fmt.Errorf("%s: empty file: allowed: the JSON Lines that columen scale writes", path)
	}
	for at, line := 0, 1; at < len(data); line++ {
		end := bytes.IndexByte(data[at:], '\n')
		if end < 0 {
			return f, &TornError{path, line, int64(at), len(data) - at}
		}
		if err := f.add(data[at:at+end], line); err != nil {
			return nil, err
		}
		at += end + 1
	}
	return f, nil
}

// add takes one line.
func (f *File) add(text []byte, line int) error {
	refuse := func(reason, allowed string) error {
		return fmt.Errorf("%s:%d: %s: allowed: %s", f.Path, line, reason, allowed)
	}
	var head struct {
		Kind, Study string
		Schema      int
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return refuse("no JSON object: "+err.Error(), "the JSON Lines that columen scale writes")
	}
	switch {
	case line == 1 && head.Kind != KindStudy:
		return refuse(fmt.Sprintf("kind %q", head.Kind), `"study", the first line of a file that columen scale wrote`)
	case line == 1:
		if head.Schema != Schema {
			return refuse(fmt.Sprintf("schema %d", head.Schema), fmt.Sprintf("%d, that of this program", Schema))
		}
		return json.Unmarshal(text, &f.Study)
	case head.Kind == KindStudy:
		return refuse(fmt.Sprintf("a second study begins, %.12s after %.12s", head.Study, f.Study.Digest), "one study in a file; columen report takes several files")
	case head.Study != f.Study.Digest:
		return refuse(fmt.Sprintf("a row of study %.12s in the file of %.12s", head.Study, f.Study.Digest), "rows of one study; columen report takes several files")
	case head.Kind != KindRun && head.Kind != KindRefused:
		return refuse(fmt.Sprintf("kind %q", head.Kind), "run, refused")
	}
	var r Row
	if err := json.Unmarshal(text, &r); err != nil {
		return refuse(err.Error(), "a row of columen scale")
	}
	if err := r.valid(); err != nil {
		return refuse(err.Error(), "a row of columen scale")
	}
	f.Rows = append(f.Rows, r)
	return nil
}

// valid checks what the statistics rely on.
func (r Row) valid() error {
	switch {
	case r.Series == "" || r.Law != Strong && r.Law != Weak:
		return fmt.Errorf("series %q with law %q", r.Series, r.Law)
	case r.Point.Ranks < 1 || r.Point.Threads < 1:
		return fmt.Errorf("%d ranks with %d threads", r.Point.Ranks, r.Point.Threads)
	case r.Kind == KindRun && !(r.Seconds > 0):
		return fmt.Errorf("a run of %g seconds", r.Seconds)
	case r.Kind == KindRun && (r.Check == nil || !(r.Check.Error <= r.Check.Tolerance)):
		return errors.New("a time without a check that was passed")
	}
	return nil
}

// Writer appends rows to the file of a study.
type Writer struct {
	path string
	file *os.File
}

// Create begins the file of a study.
func Create(path string, s Study) (*Writer, error) {
	w, err := lock(path, os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, err
	}
	// Its name is durable before a row is.
	if err := errors.Join(w.Append(s), syncFolder(path)); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// Continue opens the file of a study that an earlier run began, and returns what
// it holds. A half-written last line is cut off; cut says how many bytes it had.
// A file of another study than digest is refused.
func Continue(path, digest string) (w *Writer, f *File, cut int, err error) {
	if w, err = lock(path, 0); err != nil {
		return nil, nil, 0, err
	}
	f, err = Read(path)
	var torn *TornError
	if errors.As(err, &torn) && torn.Line > 1 {
		cut = torn.Bytes
		err = errors.Join(w.file.Truncate(torn.Offset), w.file.Sync())
	}
	if err == nil && f.Study.Digest != digest {
		err = fmt.Errorf("%s: holds study %.12s, and this is %.12s: allowed: the study that the file began with; another output.name, or --overwrite", path, f.Study.Digest, digest)
	}
	if err != nil {
		w.Close()
		return nil, nil, 0, err
	}
	return w, f, cut, nil
}

// lock opens a file for appending, for one process at a time.
func lock(path string, flags int) (*Writer, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|flags, 0o666)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: cannot be locked: %w: allowed: one columen scale at a time", path, err)
	}
	return &Writer{path, file}, nil
}

// Append writes one line, all of it in one write, and makes it durable. A line
// of which the disk takes only a part is taken back.
func (w *Writer) Append(line any) error {
	data, err := json.Marshal(line)
	if err != nil {
		return err
	}
	info, err := w.file.Stat()
	if err != nil {
		return err
	}
	if _, err := w.file.Write(append(data, '\n')); err != nil {
		return errors.Join(fmt.Errorf("%s: row not written: %w", w.path, cause(err)), w.file.Truncate(info.Size()))
	}
	return w.file.Sync()
}

// Close releases the file.
func (w *Writer) Close() error { return w.file.Close() }

func syncFolder(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
