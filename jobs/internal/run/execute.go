// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/columen/columen/configs"
)

// Program is what the binary brings along.
type Program struct {
	Name       string // "columen"
	Version    string
	Join       func() (Comm, error) // joins MPI
	MPILibrary func() string        // version line of the MPI library, after Join
	Stdout     io.Writer
	Stderr     io.Writer
}

// Call is a parsed command line. Err is set when it could not be parsed, and
// then only the name of the job may be known.
type Call struct {
	Job   Job
	Flags Flags
	Args  []string
	Err   error
}

// Execute runs a job from the joining of MPI to its leaving and returns the
// exit status. A panic becomes a one-line error; COLUMEN_DEBUG=1 adds the
// stack. Step 1, parsing, is behind the caller: even a bad command line joins
// MPI first, so that one rank can speak for all.
func (p Program) Execute(call Call) (code int) {
	// 2 Join MPI.
	comm, err := p.join(call.Job)
	if err != nil {
		return p.leaveAlone(call, err)
	}
	s := &session{program: p, call: call, comm: comm}
	defer func() {
		if cause := recover(); cause != nil {
			code = s.panicked(cause)
		}
	}()
	ctx, stop := s.watchSignals()
	defer stop()

	// 3 to 6: the job, and what surrounds it.
	err = comm.Agree(s.run(ctx))
	s.discard()
	if err != nil && comm.Rank() == 0 {
		p.printError(call, err)
	}

	// 7 Leave.
	if finalErr := comm.Finalize(); err == nil && finalErr != nil {
		err = finalErr
		p.printError(call, err)
	}
	return ExitCode(err)
}

// session is one call of Execute.
type session struct {
	program Program
	call    Call
	comm    Comm
	env     *Env
	outputs atomic.Pointer[Outputs]     // for the goroutine that waits for signals
	log     atomic.Pointer[slog.Logger] // likewise
	started time.Time
	counted float64 // of this rank's processor time [s] that the manifest has
}

// run is steps 3 to 6 of a job. Every return after an Agree is taken by all
// ranks together.
func (s *session) run(ctx context.Context) error {
	s.started = time.Now()
	if err := s.comm.Agree(firstError(s.call.Err, s.call.Flags.validate())); err != nil {
		return err
	}
	s.env = s.newEnv()
	s.log.Store(s.env.Log)
	env, job := s.env, s.call.Job
	if job.Config == nil {
		return ofAll(s.comm.Agree(job.Run(ctx, env)))
	}

	// 3 Agree on the configuration, and on whether there is anything to do.
	if err := s.agreeOnConfig(); err != nil {
		return err
	}
	if env.Flags.PrintConfig {
		return configs.Print(env.Stdout, env.Config)
	}
	stop, err := s.agreeOnOutputs()
	if err == nil && stop && env.Flags.DryRun && job.Plan != nil {
		return s.comm.Agree(job.Plan(ctx, env))
	}
	if err != nil || stop {
		if err == nil {
			err = s.after(ctx)
		}
		return err
	}

	// 4 and 5 Build and run.
	if err := s.comm.Agree(job.Run(ctx, env)); err != nil {
		return err
	}
	if err := s.comm.Agree(firstError(s.countCores(), s.recordPlaces(), s.recordMemory())); err != nil {
		return err
	}

	// 6 Report: a signal that came late still means an end without outputs.
	if err := env.Check(ctx); err != nil {
		return err
	}
	if s.comm.Rank() != 0 {
		return nil
	}
	if err := s.finish(); err != nil {
		return err
	}
	return s.after(ctx)
}

// after calls what follows when the outputs are there.
func (s *session) after(ctx context.Context) error {
	if s.call.Job.After == nil || s.env.Flags.DryRun || s.comm.Rank() != 0 {
		return nil
	}
	return s.call.Job.After(ctx, s.env)
}

// finish gives the outputs their names, and the manifest last. All that can
// fill a disk is written before the first file gets its name.
func (s *session) finish() error {
	env := s.env
	if err := env.Outputs.complete(); err != nil {
		return err
	}
	if err := env.Manifest.finish(s.started, env.Config.Inputs(), env.Outputs.finals); err != nil {
		return err
	}
	env.Manifest.CoreSeconds += CoreSeconds() - s.counted
	path := manifestPath(env.Config)
	if err := env.Manifest.write(partial(path)); err != nil {
		return fmt.Errorf("%s: manifest not written: %s", path, cause(err))
	}
	defer os.Remove(partial(path)) // absent when all went well
	if err := env.Outputs.commit(); err != nil {
		return err
	}
	if err := os.Rename(partial(path), path); err != nil {
		return fmt.Errorf("%s: manifest cannot get its name: %s", path, cause(err))
	}
	for _, f := range env.Manifest.Outputs {
		env.Log.Info("wrote", "file", f.Path, "bytes", f.Bytes)
	}
	s.logMemory()
	env.Log.Info("done", "seconds", fmt.Sprintf("%.2f", time.Since(s.started).Seconds()), "manifest", path)
	return s.tidy()
}

// tidy lets the job remove what it no longer needs.
func (s *session) tidy() error {
	if s.call.Job.Tidy == nil || s.env.Flags.DryRun {
		return nil
	}
	return s.call.Job.Tidy(s.env)
}

// discard removes partial files; on success there are none left.
func (s *session) discard() {
	if o := s.outputs.Load(); o != nil {
		o.Discard()
	}
}

// panicked reports a panic of this rank alone and ends all ranks.
func (s *session) panicked(cause any) int {
	s.discard()
	s.program.printError(s.call, fmt.Errorf("internal error: %v (COLUMEN_DEBUG=1 shows where)", cause))
	if os.Getenv("COLUMEN_DEBUG") == "1" {
		fmt.Fprintf(s.program.Stderr, "%s\n", debug.Stack())
	}
	if s.comm.Size() > 1 {
		time.Sleep(forwarding)
	}
	s.comm.Abort(ExitFailed)
	return ExitFailed
}

// leaveAlone reports that MPI could not be joined. Every process is on its own
// then; the launcher's rank 0 speaks, and the others give it time to, because
// launchers end all processes when one fails.
func (p Program) leaveAlone(call Call, err error) int {
	err = firstError(call.Err, err)
	if launcherRank() == 0 {
		p.printError(call, err)
	} else {
		time.Sleep(500 * time.Millisecond)
	}
	return max(ExitCode(err), ExitFailed)
}

// printError writes an error, each line after the name of program and job.
func (p Program) printError(call Call, err error) {
	name := strings.TrimSpace(p.Name + " " + call.Job.Name)
	for _, line := range strings.Split(strings.TrimRight(err.Error(), "\n"), "\n") {
		fmt.Fprintf(p.Stderr, "%s: %s\n", name, line)
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
