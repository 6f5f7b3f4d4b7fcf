// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/columen/columen/configs"
)

// Job is one row of the table of sub-commands.
type Job struct {
	Name    string // sub-command
	Short   string // one line for the table
	Long    string // manual page
	Example string // real command lines
	// Config returns an empty configuration. A job with Config takes one
	// argument, the TOML file; a job without takes NumArgs arguments and has
	// neither outputs nor a manifest.
	Config  func() configs.Job
	ArgsUse string // arguments in the usage line of a job without Config
	NumArgs int
	// Options are further flags, most of them short for an assignment.
	Options []Option
	// Alone means that the job needs no MPI and does not join it: login nodes
	// often have none that works.
	Alone bool
	// Saves means that what is done is kept when the job is interrupted, so that it
	// is worth while to stop before the time of a batch job is over.
	Saves bool
	// Bench offers --bench, short for --set bench.repeats=20.
	Bench bool
	// Outputs returns the final path of every file that the job will write.
	Outputs func(cfg configs.Job) []string
	// Plan, which may be nil, says on a dry run what Run would do, after looking
	// at the inputs. It is called on every rank.
	Plan func(ctx context.Context, env *Env) error
	// Resumes, which may be nil, reports on rank 0 whether a run of this very
	// configuration was ended before it was done: outputs that exist are then
	// its own, and Run goes on with it.
	Resumes func(env *Env) bool
	// Tidy, which may be nil, removes on rank 0 what a finished run no longer
	// needs. It is called after the manifest was written, and when there is
	// nothing to do, because the run before may have been killed in between.
	Tidy func(env *Env) error
	// After, which may be nil, is called on rank 0 once the outputs have their
	// names, and when there is nothing to do.
	After func(ctx context.Context, env *Env) error
	// Run does the work on every rank. An error that not all ranks have must
	// be agreed before the next collective. Of a job without Config, rank 0 does
	// the work.
	Run func(ctx context.Context, env *Env) error
}

// Option is a flag of one job: short for an assignment to Key, or a switch when
// Key is empty.
type Option struct {
	Name, Key, Doc string
	Text           bool // the value is a string, whatever it looks like
}

// Flags are the options common to all jobs. The zero value is a normal run.
type Flags struct {
	Set         []string          // assignments to keys of the configuration, in order
	PrintConfig bool              // print the configuration and leave
	DryRun      bool              // check and plan, write nothing
	Overwrite   bool              // replace existing outputs
	Bench       bool              // measure speed, where the job offers it
	Threads     int               // threads per rank; 0 leaves it to the configuration
	Out         string            // output folder, relative to the working directory
	Log         string            // "text" or "json"; "" is text
	Quiet       bool              // warnings and errors only
	Margin      int               // stop so long before the end of a batch job [s]
	Options     map[string]string // values of Job.Options that were given; "yes" of a switch
}

// validate checks the values that have few choices.
func (f Flags) validate() error {
	if f.Log != "" && f.Log != "text" && f.Log != "json" {
		return &UsageError{"--log", strconv.Quote(f.Log), "unknown form of the log", "text, json"}
	}
	if f.Threads < 0 {
		return &UsageError{"--threads", strconv.Itoa(f.Threads), "out of range", "an integer of at least 0; 0 takes all cores of the rank"}
	}
	if f.Margin < 0 {
		return &UsageError{"--margin", strconv.Itoa(f.Margin), "out of range", "an integer of at least 0 [s]"}
	}
	return nil
}

// sets returns all assignments to the configuration: those of --set and those
// of the flags that are short for one.
func (f Flags) sets(options []Option) ([]string, error) {
	var sets []string
	for _, o := range options { // before --set, which is the more exact
		value, given := f.Options[o.Name]
		if !given || o.Key == "" {
			continue
		}
		if o.Text {
			value = strconv.Quote(value)
		}
		sets = append(sets, o.Key+"="+value)
	}
	if f.Bench { // before the others, which may say how often
		sets = append(sets, "bench.repeats=20")
	}
	sets = append(sets, f.Set...)
	if f.Threads > 0 {
		sets = append(sets, "parallel.threads="+strconv.Itoa(f.Threads))
	}
	if f.Out != "" {
		dir, err := filepath.Abs(f.Out)
		if err != nil {
			return nil, err
		}
		sets = append(sets, "output.dir="+dir)
	}
	return sets, nil
}

// Env is what a job gets to work with.
type Env struct {
	Comm     Comm
	Args     []string
	Flags    Flags
	Config   configs.Job // loaded, validated and the same on all ranks; nil for a job without
	Log      *slog.Logger
	Stdout   io.Writer   // results for people; discards on all ranks but 0
	Outputs  *Outputs    // where to write; the same on all ranks
	Manifest *Manifest   // what will be recorded; written by rank 0
	Threads  int         // threads this rank should use
	terminal io.Writer   // where a progress bar can be drawn, or nil
	report   func(error) // says on any rank why all of them end
}

// Check is collective: it returns an error on every rank when a signal reached
// any of them. A job calls it between steps.
func (e *Env) Check(ctx context.Context) error {
	return ofAll(e.Comm.Agree(context.Cause(ctx)))
}

// threads returns the number of threads for a configured number, where 0 means
// all cores of this rank. A rank that is bound to cores has those; ranks that
// are not bound share the cores of the machine.
func threads(configured int) int {
	if configured > 0 {
		return configured
	}
	cores := runtime.GOMAXPROCS(0)
	if runtime.NumCPU() == onlineCPUs() {
		cores /= ranksOnThisNode()
	}
	return max(cores, 1)
}
