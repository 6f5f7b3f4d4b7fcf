// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/jobs/internal/samples"
)

// The work folder DIR/NAME.work keeps what is done until the data set is
// complete. Its first file says what it is the work of.

// workVersion changes with the contents of work files.
const workVersion = 2

// identity is what must be equal for work to be continued.
type identity struct {
	Version int    `json:"version"`
	Program string `json:"program_version"`
	Digest  string `json:"config_digest"`
	Inputs  string `json:"inputs"` // of the snapshots: names, sizes and times
}

func identityOf(env *run.Env) identity {
	return identity{Version: workVersion, Program: env.Manifest.Program, Digest: env.Manifest.Digest, Inputs: inputsOf(env)}
}

// inputsOf tells a snapshot that was replaced between two runs, without reading
// it: the hash of names, sizes and times of all inputs, or "" without any.
func inputsOf(env *run.Env) string {
	inputs := env.Config.Inputs()
	if len(inputs) == 0 {
		return ""
	}
	h := sha256.New()
	for _, in := range inputs {
		if info, err := os.Stat(in.Path); err == nil { // whoever opens it reports the error
			fmt.Fprintln(h, info.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// identityName is the file of the identity in the work folder.
const identityName = "work.json"

// workDir is the work folder of a configuration.
func workDir(cfg configs.Job) string { return cfg.(*configs.Generate).WorkDir() }

// resumes reports whether there is unfinished work of this configuration.
func resumes(env *run.Env) bool {
	var found identity
	return readJSON(filepath.Join(workDir(env.Config), identityName), &found) == nil && found == identityOf(env)
}

// tidy removes the work folder, unless this run has made a part of the work only.
func tidy(env *run.Env) error {
	if env.Config.(*configs.Generate).Part != nil {
		return nil
	}
	return os.RemoveAll(workDir(env.Config))
}

// openWork makes the work folder, or goes on in the one that is there. One of
// another configuration is refused, and replaced with --overwrite.
func openWork(env *run.Env) error {
	dir := workDir(env.Config)
	if names, err := listNames(dir); err == nil && !resumes(env) {
		if !env.Flags.Overwrite && !onlyBegun(names) {
			return otherWork(env, "--overwrite to drop it, or another output.dir or output.name")
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, identityName), identityOf(env))
}

func otherWork(env *run.Env, allowed string) error {
	return &configs.Error{Problems: []configs.Problem{{File: env.Args[0], Field: "output.name", Value: strconv.Quote(workDir(env.Config)),
		Reason: "is the unfinished work of another configuration or version", Allowed: allowed}}}
}

// onlyBegun reports whether a work folder was left before it got its identity.
func onlyBegun(names map[string]bool) bool {
	for name := range names {
		if !strings.HasPrefix(name, identityName) || !strings.HasSuffix(name, ".tmp") {
			return false
		}
	}
	return true
}

// publish makes the outputs on rank 0: shards, statistics and manifest.
func (t *task) publish() error {
	dir, name := t.cfg.Destination()
	partial := func(file string) string { return t.env.Outputs.Partial(filepath.Join(dir, file)) }
	m := &dataset.Manifest{
		Schema: dataset.ManifestSchema, Kind: t.Kind(), Grid: t.Shape.Grid, Channels: t.Shape.Channels, Flat: t.Shape.Flat,
		Species: t.factory.Line.Species, Transition: t.factory.Line.Label, FrequenciesHz: t.factory.FrequenciesHz,
		CellSizeM: t.CellSizeM(), VTurbMS: t.LineWidthMS(), SplitBy: t.cfg.Split.By, Seed: uint64(t.cfg.Data.Seed),
		Compat: t.compat(), Quirks: t.Quirks.Names(), ConfigDigest: t.env.Manifest.Digest, Normalization: t.norm, Range: t.span,
	}
	if t.cfg.Data.Models > 0 {
		m.Parameters = samples.Parameters(t.cfg)
	}
	samples, folder := 0, t.folder(t.shardPass())
	for _, sh := range t.Shards {
		var entry dataset.ShardEntry
		if err := readJSON(filepath.Join(folder, entryName(sh)), &entry); err != nil {
			return err
		}
		if err := hand(filepath.Join(folder, sh.Name), partial(sh.Name)); err != nil {
			return err
		}
		m.Shards = append(m.Shards, entry)
		samples += entry.Samples
	}
	if dropped := t.Number - samples; dropped > 0 {
		t.env.Log.Warn("outliers dropped: their velocities span more than 100 km/s", "samples", dropped, "of", t.Number)
	}
	if err := dataset.WriteStatistics(partial(statisticsName(name)), t.norm); err != nil {
		return err
	}
	if err := m.Write(partial(manifestName(name))); err != nil {
		return err
	}
	t.env.Log.Info("data set", "samples", samples, "shards", len(m.Shards), "bytes", int64(samples)*int64(recordBytes(t.Shape)-recordTail))
	return nil
}

// compat says in the manifest whether there are quirks: those of the published
// set, or some of them.
func (t *task) compat() string {
	if len(t.Quirks.Names()) == 0 {
		return ""
	}
	if t.cfg.Compat.Mode == "coemunet" {
		return dataset.CompatPublished
	}
	return dataset.CompatSwitched
}

// hand gives a finished shard a second name, its output's, and leaves the first
// so that a restart finds it. Where the file system has no links it is moved, and
// a restart makes it again.
func hand(from, to string) error {
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Link(from, to); err == nil {
		return nil
	}
	return os.Rename(from, to)
}
