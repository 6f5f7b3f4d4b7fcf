// SPDX-License-Identifier: BSD-3-Clause

// Command columen turns hydrodynamic models into line images.
//
//	columen JOB CONFIG.toml [--set a.b=v] [--print-config] [--dry-run]
//	        [--overwrite] [--threads N] [--out DIR] [--log json] [--quiet]
//	mpirun -n 2 columen solve configs/solve.toml
//
// columen help lists the jobs; columen JOB --help is the manual page
// of a job. Exit status: 0 done, 1 failed, 2 bad configuration or usage,
// 75 state saved, please start again.
package main

import (
	"io"
	"os"
	"runtime"

	"github.com/columen/columen/jobs/cube"
	"github.com/columen/columen/jobs/emulate"
	"github.com/columen/columen/jobs/evaluate"
	"github.com/columen/columen/jobs/generate"
	"github.com/columen/columen/jobs/inspect"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/jobs/solve"
	"github.com/columen/columen/jobs/submit"
	"github.com/columen/columen/jobs/train"
	"github.com/columen/columen/mpiutil"
)

// version of the program; CHANGELOG.md says what is in it.
const version = "0.1.0"

func main() {
	// MPI is called from this thread alone (MPI_THREAD_FUNNELED), so that the
	// main goroutine has to stay on it.
	runtime.LockOSThread()
	os.Exit(columen(program(os.Stdout, os.Stderr), table(), os.Args[1:]))
}

// columen is the whole program: step 1 here, the other steps of a job in
// run.Program.Execute. It returns the exit status.
func columen(p run.Program, jobs []run.Job, args []string) int {
	// 1 Parse. Help and version are answered here.
	call, answered := parse(p, jobs, args)
	if answered {
		return run.ExitDone
	}
	// 2 join MPI, 3 agree on the configuration, 4 build, 5 run, 6 report, 7 leave.
	return p.Execute(call)
}

// table lists the jobs in the order in which a user meets them.
func table() []run.Job {
	jobs := []run.Job{cube.Job(), solve.Job(), generate.Job(), train.Job(), emulate.Job(), evaluate.Job(), inspect.Job()}
	return append(jobs, submit.Job(jobs))
}

// program is what this binary brings to every job.
func program(stdout, stderr io.Writer) run.Program {
	return run.Program{
		Name: "columen", Version: version, Stdout: stdout, Stderr: stderr,
		Join: func() (run.Comm, error) {
			comm, err := mpiutil.Init()
			if err != nil {
				return nil, err
			}
			return run.World{Comm: comm}, nil
		},
		MPILibrary: mpiutil.Version,
	}
}
