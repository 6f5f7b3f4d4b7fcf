// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/run"
)

// parse turns the command line into a call. answered means that the command
// line asked for help or the version, which has been printed. A command line
// that cannot be parsed gives a call with an error.
func parse(p run.Program, jobs []run.Job, args []string) (call run.Call, answered bool) {
	var flags run.Flags
	answered = true
	root := rootCommand(p, jobs)
	for _, job := range jobs {
		root.AddCommand(jobCommand(job, &flags, func(args []string) {
			call = run.Call{Job: job, Args: args}
			answered = false
		}))
	}
	root.AddCommand(versionCommand(p))
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.SetArgs(args)
	cmd, err := root.ExecuteC()
	if err != nil {
		call = run.Call{Err: usage(cmd, err)}
		for _, job := range jobs {
			if cmd.Name() == job.Name {
				call.Job = job
			}
		}
		return call, false
	}
	call.Flags = flags
	return call, answered
}

// rootCommand is columen without a job: it shows the table of jobs.
func rootCommand(p run.Program, jobs []run.Job) *cobra.Command {
	root := &cobra.Command{
		Use:           p.Name,
		Short:         "Hydrodynamic models to line images, on MPI ranks",
		Long:          "columen turns hydrodynamic models into images of spectral lines, by an exact\nformal solution on MPI ranks.",
		Version:       p.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SuggestionsMinimumDistance = 3
	names := make([]string, len(jobs))
	for i, j := range jobs {
		names[i] = j.Name
	}
	allowed := strings.Join(append(names, "version", "help"), ", ")
	root.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		reason := "unknown job"
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			reason += ", did you mean " + strconv.Quote(near[0]) + "?"
		}
		return &run.UsageError{Field: "job", Value: strconv.Quote(args[0]), Reason: reason, Allowed: allowed}
	}
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		return &run.UsageError{Reason: "no job given", Allowed: allowed + "; columen help explains them"}
	}
	return root
}

// jobCommand is the sub-command of a job. A valid command line reaches chosen.
func jobCommand(job run.Job, flags *run.Flags, chosen func(args []string)) *cobra.Command {
	use, numArgs := job.ArgsUse, job.NumArgs
	if job.Config != nil {
		use, numArgs = "CONFIG.toml", 1
	}
	cmd := &cobra.Command{
		Use:                   strings.TrimSpace(job.Name + " " + use + " [flags]"),
		Short:                 job.Short,
		Long:                  job.Long,
		Example:               job.Example,
		DisableFlagsInUseLine: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != numArgs {
				return &run.UsageError{Field: "arguments", Value: fmt.Sprintf("%q", args), Reason: fmt.Sprintf("%d given", len(args)),
					Allowed: strings.TrimSpace(fmt.Sprintf("%d: columen %s %s", numArgs, job.Name, use))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("out") && flags.Out == "" {
				return &run.UsageError{Field: "--out", Value: `""`, Reason: "empty", Allowed: "a folder"}
			}
			chosen(args)
			return nil
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	if job.Config != nil {
		f.StringArrayVar(&flags.Set, "set", nil, "set a key of the configuration, `a.b=value`; paths are relative to the file; may be repeated")
		f.BoolVar(&flags.PrintConfig, "print-config", false, "print every key with value, default, unit and meaning, and leave")
		f.BoolVar(&flags.DryRun, "dry-run", false, "check configuration and inputs, say what would be written, and leave")
		f.BoolVar(&flags.Overwrite, "overwrite", false, "replace existing outputs")
		if job.Bench {
			f.BoolVar(&flags.Bench, "bench", false, "measure speed instead, short for --set bench.repeats=20")
		}
		f.IntVar(&flags.Threads, "threads", 0, "`N` threads per rank; 0 leaves it to the configuration")
		f.StringVar(&flags.Out, "out", "", "folder `DIR` for the outputs, instead of output.dir; relative to the working directory")
	}
	if job.Saves {
		f.IntVar(&flags.Margin, "margin", 0, "in a batch job: save the state and leave `S` seconds before its end; 0 means 60")
	}
	flags.Options = map[string]string{}
	for _, o := range job.Options {
		f.Var(option{o, flags}, o.Name, o.Doc)
		if o.Key == "" {
			f.Lookup(o.Name).NoOptDefVal = "yes"
		}
	}
	f.StringVar(&flags.Log, "log", "text", "log on stderr in `FORM` text or json")
	f.BoolVar(&flags.Quiet, "quiet", false, "warnings and errors only")
	return cmd
}

// option is the value of a flag of one job.
type option struct {
	run.Option
	flags *run.Flags
}

// String returns what was given, or nothing.
func (o option) String() string {
	if o.flags == nil { // pflag asks a zero value
		return ""
	}
	return o.flags.Options[o.Name]
}

// Set takes what was given.
func (o option) Set(value string) error {
	o.flags.Options[o.Name] = value
	return nil
}

// Type is shown in the help.
func (o option) Type() string {
	if o.Key == "" {
		return "bool"
	}
	return "string"
}

// versionCommand prints what a bug report needs.
func versionCommand(p run.Program) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit and the build",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			commit, tags := "unknown", "none"
			if info, ok := debug.ReadBuildInfo(); ok {
				commit = run.Commit(info)
				for _, s := range info.Settings {
					if s.Key == "-tags" {
						tags = s.Value
					}
				}
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s %s\ncommit %s\n%s %s/%s, build tags: %s\n",
				p.Name, p.Version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH, tags)
			return err
		},
	}
}

// usage gives the errors of the parser exit status 2, and says what is allowed.
func usage(cmd *cobra.Command, err error) error {
	var known *run.UsageError
	var unknown *pflag.NotExistError
	var bad *pflag.InvalidValueError
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown)
	case errors.As(err, &bad):
		kinds := map[string]string{"int": "an integer", "bool": "true or false"}
		return &run.UsageError{Field: "--" + bad.GetFlag().Name, Value: strconv.Quote(bad.GetValue()), Reason: "not a value of this flag",
			Allowed: cmp.Or(kinds[bad.GetFlag().Value.Type()], "see --help")}
	}
	return &run.UsageError{Field: "command line", Reason: err.Error(), Allowed: "see --help"}
}

// unknownFlag names the nearest flag that begins with the same letter.
func unknownFlag(cmd *cobra.Command, err *pflag.NotExistError) error {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	given, reason := "--"+err.GetSpecifiedName(), "unknown flag"
	if letters := err.GetSpecifiedShortnames(); letters != "" {
		given = "-" + letters
	} else if near := configs.Nearest(given, names); near != "" && near[:3] == given[:3] {
		reason += ", did you mean " + strconv.Quote(near) + "?"
	}
	return &run.UsageError{Field: given, Reason: reason, Allowed: strings.Join(names, ", ")}
}
