// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/columen/columen/configs"
)

// newEnv makes the environment of a job before its configuration is known.
func (s *session) newEnv() *Env {
	env := &Env{Comm: s.comm, Args: s.call.Args, Flags: s.call.Flags, Stdout: io.Discard, Outputs: &Outputs{}, Threads: threads(s.call.Flags.Threads)}
	env.report = func(err error) { s.program.printError(s.call, err) }
	stderr := io.Discard
	if s.comm.Rank() == 0 {
		env.Stdout, stderr = s.program.Stdout, s.program.Stderr
	}
	env.Log = newLogger(stderr, s.call.Flags)
	if isTerminal(stderr) && !s.call.Flags.Quiet && s.call.Flags.Log != "json" {
		env.terminal = stderr
	}
	env.Manifest = s.newManifest()
	return env
}

// agreeOnConfig loads the configuration on every rank and checks that all have
// the same and see the same inputs.
func (s *session) agreeOnConfig() error {
	env, path := s.env, s.call.Args[0]
	cfg := s.call.Job.Config()
	sets, err := env.Flags.sets(s.call.Job.Options)
	if err == nil {
		err = configs.Load(path, sets, cfg)
	}
	if err := s.comm.Agree(err); err != nil {
		return err
	}
	digest := configs.Digest(cfg)
	common := []byte(digest)
	if err := s.comm.Agree(s.comm.Bcast(common)); err != nil {
		return err
	}
	if string(common) != digest {
		err = fmt.Errorf("%s: rank %d read another configuration than rank 0: digest %.12s: allowed: %.12s, the same file on every node", path, s.comm.Rank(), digest, common)
	}
	env.Config = cfg
	env.Threads = threads(cfg.NumThreads())
	env.Manifest.Digest = digest
	resolved, resolveErr := configs.Resolved(cfg)
	err = firstError(err, resolveErr)
	env.Manifest.Config = resolved
	env.Manifest.Threads = env.Threads
	if err == nil && !env.Flags.PrintConfig {
		err = firstError(cfg.CheckSize(path, s.comm.Size()), checkInputs(path, cfg))
	}
	return s.comm.Agree(err)
}

// checkInputs reports every input that is no readable file.
func checkInputs(path string, cfg configs.Job) error {
	var problems []configs.Problem
	for _, in := range cfg.Inputs() {
		f, err := os.Open(in.Path)
		reason := ""
		if err != nil {
			reason = cause(err)
		} else {
			if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
				reason = "not a regular file"
			}
			f.Close()
		}
		if reason != "" {
			problems = append(problems, configs.Problem{File: path, Field: in.Field, Value: strconv.Quote(in.Path), Reason: reason, Allowed: "a readable file; relative paths start at the folder of the TOML file"})
		}
	}
	if problems != nil {
		return &configs.Error{Problems: problems}
	}
	return nil
}

// agreeOnOutputs lets rank 0 decide what the output policy says and tells all
// ranks. stop means that there is nothing to do.
func (s *session) agreeOnOutputs() (stop bool, err error) {
	env := s.env
	finals := s.call.Job.Outputs(env.Config)
	env.Outputs = newOutputs(finals, s.comm.Rank() == 0)
	s.outputs.Store(env.Outputs)
	flag := []byte{0}
	if s.comm.Rank() == 0 {
		stop, err = s.decide(finals)
		if stop {
			flag[0] = 1
		}
	}
	if err := s.comm.Agree(err); err != nil {
		return false, ofAll(err)
	}
	err = s.comm.Agree(s.comm.Bcast(flag))
	return bytes.Equal(flag, []byte{1}), err
}

// decide is the output policy, on rank 0.
func (s *session) decide(finals []string) (stop bool, err error) {
	env := s.env
	manifest := manifestPath(env.Config)
	if err := s.replaceable(append([]string{manifest}, finals...)); err != nil {
		return false, err
	}
	if !env.Flags.Overwrite {
		existing := existingFiles(append([]string{manifest}, finals...))
		if len(existing) > 0 {
			if done(manifest, s.call.Job.Name, env.Manifest.Digest, env.Config.Inputs(), finals) {
				env.Log.Info("already done: same configuration and inputs, outputs intact", "manifest", manifest)
				return true, s.tidy()
			}
			if job := s.call.Job; job.Resumes == nil || !job.Resumes(env) {
				return false, s.outputProblem(existing[0], "exists and is not the finished result of this configuration", "--overwrite, or another output.dir or output.name")
			}
		}
	}
	if env.Flags.DryRun {
		env.Log.Info("dry run: the configuration is valid, nothing is written", "ranks", s.comm.Size(), "threads", env.Threads)
		for _, f := range finals {
			env.Log.Info("would write", "file", f)
		}
		return true, nil
	}
	dir, _ := env.Config.Destination()
	if err := probeFolder(dir); err != nil {
		return false, s.outputProblem(dir, cause(err), "a folder that can be made and written")
	}
	// A manifest describes finished outputs; the old one ends with them.
	if err := os.Remove(manifest); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, s.outputProblem(manifest, cause(err), "a file that can be replaced")
	}
	return false, nil
}

// replaceable refuses outputs whose place is taken by what --overwrite must not
// replace: a folder, or one of the inputs.
func (s *session) replaceable(outputs []string) error {
	for _, out := range outputs {
		info, err := os.Stat(out)
		if err != nil {
			continue // nothing there; a folder that cannot be written is found later
		}
		if !info.Mode().IsRegular() {
			return s.outputProblem(out, "a folder or special file is in the place of the output", "another output.dir or output.name")
		}
		for _, in := range s.env.Config.Inputs() {
			if input, err := os.Stat(in.Path); err == nil && os.SameFile(info, input) {
				return s.outputProblem(out, "the output would replace an input, "+in.Field, "another output.dir or output.name")
			}
		}
	}
	return nil
}

func (s *session) outputProblem(value, reason, allowed string) error {
	return &configs.Error{Problems: []configs.Problem{{File: s.call.Args[0], Field: "output.dir", Value: strconv.Quote(value), Reason: reason, Allowed: allowed}}}
}

// probeFolder makes a folder and checks that a file can be made in it.
func probeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".columen-*.tmp")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// existingFiles returns those of the paths at which something is.
func existingFiles(paths []string) []string {
	var found []string
	for _, p := range paths {
		if _, err := os.Lstat(p); err == nil {
			found = append(found, p)
		}
	}
	return found
}

// manifestPath returns DIR/NAME.JOB.json.
func manifestPath(cfg configs.Job) string {
	dir, name := cfg.Destination()
	return filepath.Join(dir, name+"."+cfg.JobName()+".json")
}

// cause returns the reason of a file error without the path.
func cause(err error) string {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}
