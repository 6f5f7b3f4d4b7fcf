// SPDX-License-Identifier: BSD-3-Clause

// Package run is what every job shares: joining and leaving MPI, agreeing on
// the configuration, logging, progress, signals, the output policy, the
// manifest and the exit status. Program.Execute is the whole life of a job.
//
// Exit status: 0 done, 1 failed, 2 bad configuration or usage, 75 state saved,
// please start again. Of all ranks only rank 0 prints the error, once every
// rank knows of it.
//
// Output policy: a job writes to hidden partial files, which are renamed when
// everything has succeeded and removed when anything fails or a signal comes.
// The manifest DIR/NAME.JOB.json is written last. Existing outputs are refused
// without --overwrite; when the manifest shows the same configuration and
// inputs, and the outputs are intact, there is nothing to do.
package run
