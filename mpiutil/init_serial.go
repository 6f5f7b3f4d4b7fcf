// SPDX-License-Identifier: BSD-3-Clause

//go:build !mpi

package mpiutil

import "os"

// Init joins the other ranks of the job. In this build, without tag mpi, it
// returns a communicator of one rank, and a *LauncherError if the environment
// shows that more were started. See the package documentation.
func Init() (*Comm, error) {
	if err := CheckLauncher(os.Getenv, 1); err != nil {
		return nil, err
	}
	return newInProcess(1, os.Exit)[0], nil
}

// Version names the MPI library; it is "in-process" in this build.
func Version() string { return "in-process" }
