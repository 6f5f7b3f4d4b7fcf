// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/columen/columen/configs"
)

// Manifest records how outputs came to be. It is written when they are
// complete, beside them.
type Manifest struct {
	Schema  int            `json:"schema"` // 1
	Job     string         `json:"job"`
	Digest  string         `json:"config_digest"`
	Config  map[string]any `json:"config"` // every key, with defaults
	Program string         `json:"program_version"`
	Commit  string         `json:"git_commit"` // with "+" when the tree was modified
	Go      string         `json:"go_version"`
	MPI     string         `json:"mpi_library"`
	Modules []string       `json:"modules"` // module@version of every dependency
	Host    string         `json:"host"`
	Ranks   int            `json:"ranks"`
	Threads int            `json:"threads_per_rank"`
	Start   time.Time      `json:"start"`
	End     time.Time      `json:"end"`
	Inputs  []FileRecord   `json:"inputs"`
	Outputs []FileRecord   `json:"outputs"`
	Phases  []Phase        `json:"phases"`

	// CoreSeconds is the processor time of all threads of all ranks, in user code
	// and in the system, with that of earlier runs as far as the job knows it.
	// Continued says that earlier runs did a part of the work.
	CoreSeconds float64 `json:"core_seconds"`
	Continued   bool    `json:"continued,omitempty"`

	Places     []Place  `json:"places"`            // of each rank, with the processors that it may use
	PeakBytes  []int64  `json:"peak_memory_bytes"` // resident memory of each rank at most, 0 where the system does not say
	References []string `json:"references"`        // publications whose methods or data the run used
}

// FileRecord identifies a file by its contents.
type FileRecord struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Phase is the wall time of a part of a job over the ranks [s].
type Phase struct {
	Name          string  `json:"name"`
	SecondsMin    float64 `json:"seconds_min"`
	SecondsMedian float64 `json:"seconds_median"`
	SecondsMax    float64 `json:"seconds_max"`
}

// AddPhase records the seconds that each rank, or rank 0 alone, spent in a
// part of the job.
func (m *Manifest) AddPhase(name string, seconds ...float64) {
	if len(seconds) == 0 {
		panic("run: phase " + name + " without a time")
	}
	s := slices.Sorted(slices.Values(seconds))
	m.Phases = append(m.Phases, Phase{name, s[0], 0.5 * (s[(len(s)-1)/2] + s[len(s)/2]), s[len(s)-1]})
}

// Cite adds a publication once.
func (m *Manifest) Cite(reference string) {
	if !slices.Contains(m.References, reference) {
		m.References = append(m.References, reference)
	}
}

// ReadManifest reads the manifest that a job left beside its outputs.
func ReadManifest(path, job string) (*Manifest, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m := &Manifest{}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%s: %w: allowed: the manifest of a finished columen %s", path, err, job)
	}
	if m.Schema != 1 || m.Job != job {
		return nil, fmt.Errorf("%s: schema %d of job %q: allowed: schema 1 of job %q, the manifest of a finished columen %s", path, m.Schema, m.Job, job, job)
	}
	return m, nil
}

// Made reports whether the file at path has the contents of one of the outputs.
func (m *Manifest) Made(path string) bool {
	return slices.ContainsFunc(m.Outputs, func(r FileRecord) bool { return intact(r, path) })
}

// newManifest fills what is known before the work begins.
func (s *session) newManifest() *Manifest {
	m := &Manifest{Schema: 1, Job: s.call.Job.Name, Program: s.program.Version, Go: runtime.Version(), Ranks: s.comm.Size(), Start: s.started.UTC()}
	m.Host, _ = os.Hostname() // a machine without a name has an empty one
	if s.program.MPILibrary != nil {
		m.MPI = s.program.MPILibrary()
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		m.Commit = Commit(info)
		for _, d := range info.Deps {
			m.Modules = append(m.Modules, d.Path+"@"+d.Version)
		}
	}
	return m
}

// Commit returns the git commit of a build, with "+" when files were modified,
// or "unknown".
func Commit(info *debug.BuildInfo) string {
	commit, modified := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = "+"
		}
	}
	return commit + modified
}

// finish hashes the files; outputs still have their partial names.
func (m *Manifest) finish(start time.Time, inputs []configs.Input, outputs []string) error {
	m.Inputs, m.Outputs = nil, nil
	for _, in := range inputs {
		r, err := recordFile(in.Path)
		if err != nil {
			return err
		}
		m.Inputs = append(m.Inputs, r)
	}
	for _, path := range outputs {
		r, err := recordFile(partial(path))
		if err != nil {
			return err
		}
		r.Path = path
		m.Outputs = append(m.Outputs, r)
	}
	m.End = time.Now().UTC()
	m.AddPhase("total", time.Since(start).Seconds())
	return nil
}

// write makes the manifest file, or leaves none.
func (m *Manifest) write(path string) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(path) // the error that led here is the one to report
	}
	return err
}

// recordFile reads a file to its end.
func recordFile(path string) (FileRecord, error) {
	f, err := os.Open(path)
	if err != nil {
		return FileRecord{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return FileRecord{}, err
	}
	return FileRecord{Path: path, Bytes: n, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}

// done reports whether a manifest shows this very job finished, with inputs
// and outputs as they are now. Files are matched by base name: a folder that
// was moved with its contents stays done.
func done(path, job, digest string, inputs []configs.Input, outputs []string) bool {
	data, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	var m Manifest
	if json.Unmarshal(data, &m) != nil || m.Schema != 1 || m.Job != job || m.Digest != digest {
		return false
	}
	if len(m.Inputs) != len(inputs) || len(m.Outputs) != len(outputs) {
		return false
	}
	for i, in := range inputs {
		if !intact(m.Inputs[i], in.Path) {
			return false
		}
	}
	for i, out := range outputs {
		if !intact(m.Outputs[i], out) {
			return false
		}
	}
	return true
}

// intact reports whether the file at path has the contents of a record.
func intact(r FileRecord, path string) bool {
	info, err := os.Stat(path)
	if err != nil || info.Size() != r.Bytes || filepath.Base(r.Path) != filepath.Base(path) {
		return false
	}
	now, err := recordFile(path)
	return err == nil && now.SHA256 == r.SHA256
}
