// SPDX-License-Identifier: BSD-3-Clause

package run

// Comm is what this package needs of the ranks that run a job together. All
// methods but Rank, Size and Abort are collective.
type Comm interface {
	// Rank returns the number of this process, from 0.
	Rank() int
	// Size returns the number of processes.
	Size() int
	// Agree returns nil when err is nil on every rank, and otherwise an error
	// on every rank, with the same ExitCode.
	Agree(err error) error
	// Bcast replaces data on every rank by that of rank 0, which has the same
	// length.
	Bcast(data []byte) error
	// Finalize leaves MPI.
	Finalize() error
	// Abort ends all ranks at once.
	Abort(code int)
}

// Alone is the Comm of a single process without MPI.
type Alone struct{}

// Rank returns 0.
func (Alone) Rank() int { return 0 }

// Size returns 1.
func (Alone) Size() int { return 1 }

// Agree returns err.
func (Alone) Agree(err error) error { return err }

// Bcast does nothing: there is nobody else.
func (Alone) Bcast([]byte) error { return nil }

// Finalize does nothing.
func (Alone) Finalize() error { return nil }

// Abort does nothing: the caller ends the only process.
func (Alone) Abort(int) {}
