// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/checkpoint"
	"github.com/columen/columen/jobs/internal/run"
)

// forget removes the checkpoints of another configuration or data set, or of more
// epochs, which --overwrite allows. Those of this one are continued: the command that started
// a run is also the one that continues it.
func (t *task) forget() error {
	l, err := checkpoint.Store{Dir: t.dir}.Latest()
	if errors.Is(err, checkpoint.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	other := l.State.ConfigDigest != t.digest || l.State.Epoch > int64(t.cfg.Run.Epochs)
	if err := l.Close(); err != nil || !other {
		return err
	}
	t.env.Log.Info("removing the checkpoints of another configuration or data set", "folder", t.dir)
	return os.RemoveAll(t.dir)
}

// extends reports whether the outputs that exist are those of the same run with
// fewer epochs.
func extends(env *run.Env) bool {
	c := env.Config.(*configs.Train)
	d, err := digest(c)
	if err != nil {
		return false
	}
	dir, name := c.Destination()
	l, err := checkpoint.Store{Dir: filepath.Join(dir, name+".train")}.Latest()
	if err != nil {
		return false
	}
	same := l.State.ConfigDigest == d && l.State.Epoch < int64(c.Run.Epochs)
	return l.Close() == nil && same
}
