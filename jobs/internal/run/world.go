// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"errors"

	"github.com/columen/columen/mpiutil"
)

// World is the Comm of MPI's ranks.
type World struct {
	*mpiutil.Comm
}

// Agree returns nil where err is nil on every rank. An error that the ranks
// have agreed on before is returned as it is.
func (w World) Agree(err error) error {
	agreed := mpiutil.Agree(w.Comm, err)
	var before, now *mpiutil.AgreedError
	if errors.As(err, &before) && errors.As(agreed, &now) && now.Failed == now.Size {
		return err
	}
	return agreed
}

// ofAll makes an error that the ranks agreed on one of all ranks, where it does
// not matter which of them met it.
func ofAll(err error) error {
	var agreed *mpiutil.AgreedError
	if !errors.As(err, &agreed) {
		return err
	}
	all := *agreed
	all.Failed = all.Size
	return &all
}

// Bcast replaces data on every rank by that of rank 0.
func (w World) Bcast(data []byte) error { return mpiutil.Bcast(w.Comm, data, 0) }

// Ranks returns the communicator of a job: that of MPI, or of one rank alone.
// Jobs whose parts talk to each other need more than Comm offers.
func (e *Env) Ranks() (*mpiutil.Comm, error) {
	w, ok := e.Comm.(World)
	if !ok {
		return nil, errors.New("run: a job of one process without mpiutil.Init")
	}
	return w.Comm, nil
}
