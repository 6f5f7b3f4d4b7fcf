// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/run"
)

// A run with [part] is one of several that know nothing of each other, such as
// the tasks of a batch array, which start when there is room. Claims need ranks
// that begin a pass together; parts need nothing but the work folder, since each
// has its own items of the first pass, by which nearly all time is spent.

// makePart makes the samples of one part and leaves them in the work folder.
func (t *task) makePart(ctx context.Context) error {
	env, part := t.env, t.cfg.Part
	env.Log.Info("generate a part", "part", part.Number, "of", part.Of, "work", t.workDir)
	t.cite()
	complete := false
	var err error
	if t.comm.Rank() == 0 {
		complete = t.complete()
		if !complete {
			err = joinWork(env)
		}
	}
	if err := env.Comm.Agree(err); err != nil {
		return err
	}
	flag := []byte{0}
	if complete {
		flag[0] = 1
		env.Log.Info("the data set is there already: nothing to do")
	}
	if err := env.Comm.Agree(env.Comm.Bcast(flag)); err != nil || flag[0] == 1 {
		return err
	}
	if err := t.share(ctx, t.raw()); err != nil {
		return err
	}
	return t.report()
}

// complete reports whether the data set of this configuration is done.
func (t *task) complete() bool {
	m, err := run.ReadManifest(filepath.Join(t.cfg.Output.Dir, t.cfg.Output.Name+".generate.json"), "generate")
	return err == nil && m.Digest == t.env.Manifest.Digest
}

// joinWork makes the work folder, or joins the one of this configuration. Others
// may do the same at this moment: the first identity stays, and appears whole.
func joinWork(env *run.Env) error {
	if env.Flags.Overwrite {
		return &run.UsageError{Field: "--overwrite", Reason: "a part shares its work folder with others", Allowed: "removing " + workDir(env.Config) + " before the first part"}
	}
	dir := workDir(env.Config)
	path := filepath.Join(dir, identityName)
	data, err := json.Marshal(identityOf(env))
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, identityName+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // renamed where the file system has no links
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	err = os.Link(f.Name(), path)
	if err != nil && !errors.Is(err, fs.ErrExist) && !resumes(env) {
		err = os.Rename(f.Name(), path)
		if err != nil {
			return err
		}
	}
	if !resumes(env) {
		return otherWork(env, "its removal, or another output.dir or output.name")
	}
	return nil
}

// mine reports whether an item of the first pass is this run's.
func (t *task) mine(item int) bool {
	p := t.cfg.Part
	return p == nil || item%p.Of == p.Number-1
}

// addParts adds what the parts have cost to the manifest.
func (t *task) addParts() {
	found, err := filepath.Glob(filepath.Join(t.workDir, "part-*-of-*.generate.json"))
	if err != nil || t.comm.Rank() != 0 {
		return
	}
	for _, path := range found {
		if m, err := run.ReadManifest(path, "generate"); err == nil && m.Digest == t.env.Manifest.Digest {
			t.env.Manifest.CoreSeconds += m.CoreSeconds
			t.env.Manifest.Continued = true
		}
	}
}

// claimsName is the folder of the claims of a pass. Parts have their own.
func claimsName(p pass, part *configs.Part) string {
	if part == nil {
		return p.name + ".claims"
	}
	return p.name + ".claims-" + strconv.Itoa(part.Number)
}
