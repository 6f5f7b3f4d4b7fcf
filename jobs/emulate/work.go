// SPDX-License-Identifier: BSD-3-Clause

package emulate

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/internal/atomicfile"
	"github.com/columen/columen/jobs/internal/run"
)

// work is the folder DIR/NAME.emulate, which keeps the images of finished models
// until those of all models are there.
type work struct {
	t   *task
	dir string
}

// stamp is what a file looked like: enough to see that it is another one now,
// without reading it.
type stamp struct {
	Path  string    `json:"path"`
	Bytes int64     `json:"bytes"`
	Time  time.Time `json:"modified"`
}

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, err
	}
	return stamp{filepath.Base(path), info.Size(), info.ModTime().UTC()}, nil
}

// identity is what must be equal for work to be continued.
type identity struct {
	Program string `json:"program_version"`
	Digest  string `json:"config_digest"`
	Weights stamp  `json:"weights"`
}

const identityName = "work.json"

func workDir(cfg configs.Job) string {
	dir, name := cfg.Destination()
	return filepath.Join(dir, name+".emulate")
}

func identityOf(env *run.Env) identity {
	s, _ := stampOf(env.Config.(*configs.Emulate).Network.Weights) // what cannot be read was refused before
	return identity{env.Manifest.Program, env.Manifest.Digest, s}
}

// resumes reports whether there is unfinished work of this configuration.
func resumes(env *run.Env) bool {
	var found identity
	return readJSON(filepath.Join(workDir(env.Config), identityName), &found) == nil && found == identityOf(env)
}

// tidy removes the work folder.
func tidy(env *run.Env) error {
	if env.Config.(*configs.Emulate).Many == nil {
		return nil // it has none
	}
	return os.RemoveAll(workDir(env.Config))
}

// openWork makes the work folder, or goes on in the one that is there. One of
// another configuration or other weights is refused, and replaced with --overwrite.
func (t *task) openWork() (*work, error) {
	w := &work{t, workDir(t.cfg)}
	if _, err := os.Stat(w.dir); err == nil && !resumes(t.env) {
		if !t.env.Flags.Overwrite {
			return nil, t.problem("output.name", strconv.Quote(w.dir), "is the unfinished work of another configuration, program or network", "--overwrite to drop it, or another output.dir or output.name")
		}
		if err := os.RemoveAll(w.dir); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(w.dir, 0o777); err != nil {
		return nil, err
	}
	return w, writeJSON(filepath.Join(w.dir, identityName), identityOf(t.env))
}

// stampPath is the file that says that a model is done.
func (w *work) stampPath(path string) string {
	return filepath.Join(w.dir, configs.Stem(path)+".done.json")
}

// done reports whether all images of a model, as it is now, are there.
func (w *work) done(path string) bool {
	now, err := stampOf(path)
	var then stamp
	if err != nil || readJSON(w.stampPath(path), &then) != nil || then != now {
		return false
	}
	for _, final := range productsOf(w.t.cfg, path, w.t.cfg.Views) {
		if _, err := os.Stat(w.inFolder(final)); err != nil {
			return false
		}
	}
	return true
}

// keep moves the images of some views of a model into the folder.
func (w *work) keep(path string, views []configs.View) error {
	for _, final := range productsOf(w.t.cfg, path, views) {
		if err := os.Rename(w.t.env.Outputs.Partial(final), w.inFolder(final)); err != nil {
			return w.t.env.Outputs.NotWritten(final, err)
		}
	}
	return nil
}

// finish says that a model is done.
func (w *work) finish(path string) error {
	s, err := stampOf(path)
	if err != nil {
		return err
	}
	return writeJSON(w.stampPath(path), s)
}

// publish gives the images a second name, that of the outputs, and leaves the
// first so that a restart finds them. Where the file system has no links they are
// moved.
func (w *work) publish() error {
	for _, path := range w.t.cfg.Many.Files {
		for _, final := range productsOf(w.t.cfg, path, w.t.cfg.Views) {
			to := w.t.env.Outputs.Partial(final)
			if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if os.Link(w.inFolder(final), to) == nil {
				continue
			}
			if err := os.Rename(w.inFolder(final), to); err != nil {
				return w.t.env.Outputs.NotWritten(final, err)
			}
		}
	}
	return nil
}

func writeJSON(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(tmp string) error { return os.WriteFile(tmp, data, 0o666) })
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}
