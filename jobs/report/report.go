// SPDX-License-Identifier: BSD-3-Clause

// Package report is the job that makes a page of the lines of columen scale and
// of the table of columen evaluate.
//
//	$ columen report out/scale/strong.jsonl
//	$ columen report out/small.evaluation.json
package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/columen/columen/internal/atomicfile"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/jobs/internal/series"
)

// generator marks a page as one of this program, which it may replace.
const generator = `<meta name="generator" content="columen report">`

// Job returns the row of the job in the table.
func Job() run.Job {
	return run.Job{
		Name:  "report",
		Short: "Make a page of figures and tables from scaling runs and evaluations",
		Long: `Report reads what columen scale recorded and writes one HTML page that needs
nothing else: speed-up and efficiency with their spread, where the time went, the
kernels under the roofline of the machine, what the laws of scaling say, and for
each figure the command and the configuration behind it. The same numbers are in
a CSV file, with a row per run (per method of evaluations alone); the main
figures are PNG files, too.

Further files may be lines of other studies, or the evaluation.json that
columen evaluate wrote with [compare], whose table of solver and emulator then
stands first; such a file may also be alone. Laws are fitted only to at least 5 rank counts with 5 repeats each; runs
whose ranks outnumber the cores are drawn hollow and enter no fit. What is
predicted for more ranks than were measured is labelled as simulated.

The files have the name of the first, and replace those of an earlier report.`,
		Example: "  columen report out/scale/strong.jsonl\n  columen report out/scale/strong.jsonl out/small.evaluation.json --out docs\n" +
			"  columen report out/small.evaluation.json",
		ArgsUse: "FILE [FILE...]",
		NumArgs: 1,
		Most:    100,
		Folder:  true,
		Run: func(_ context.Context, env *run.Env) error {
			if env.Comm.Rank() != 0 {
				return nil
			}
			return execute(env)
		},
	}
}

// input is what the files hold.
type input struct {
	files       []*series.File
	evaluations []evaluation
}

func execute(env *run.Env) error {
	in, err := read(env.Args)
	if err != nil {
		return err
	}
	dir := filepath.Dir(env.Args[0])
	if env.Flags.Out != "" {
		dir = env.Flags.Out
	}
	stem := filepath.Join(dir, strings.TrimSuffix(filepath.Base(env.Args[0]), filepath.Ext(env.Args[0])))
	if err := replaceable(stem + ".html"); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	p, err := newPage(in)
	if err != nil {
		return err
	}
	page, err := p.html()
	if err != nil {
		return err
	}
	products := map[string][]byte{stem + ".html": page}
	if len(in.files) > 0 {
		if products[stem+".csv"], err = csvOf(in.files); err != nil {
			return err
		}
	} else if products[stem+".csv"], err = csvOfMethods(in.evaluations); err != nil {
		return err
	}
	for _, x := range p.Checks {
		env.Log.Info(x)
	}
	for name, c := range p.pictures() {
		var b bytes.Buffer
		if err := c.PNG(&b); err != nil {
			return err
		}
		products[stem+"-"+name+".png"] = b.Bytes()
	}
	for _, path := range keys(products) {
		if err := atomicfile.Write(path, func(tmp string) error { return os.WriteFile(tmp, products[path], 0o666) }); err != nil {
			return err
		}
		env.Log.Info("wrote", "file", path, "bytes", len(products[path]))
	}
	return nil
}

// read reads all files: those that end with .json are evaluations, all others
// lines of columen scale.
func read(paths []string) (*input, error) {
	in := &input{}
	for _, path := range paths {
		if filepath.Ext(path) == ".json" {
			e, err := readEvaluation(path)
			if err != nil {
				return nil, err
			}
			in.evaluations = append(in.evaluations, e)
			continue
		}
		f, err := series.Read(path)
		if err != nil {
			return nil, err
		}
		if len(f.Lines()) == 0 {
			return nil, fmt.Errorf("%s: no run with a time among %d: allowed: at least one that passed its check", path, len(f.Rows))
		}
		in.files = append(in.files, f)
	}
	return in, nil
}

// replaceable refuses to replace a page that is not a report.
func replaceable(path string) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && bytes.Contains(data, []byte(generator)) {
		return nil
	}
	reason := "exists and is no page of columen report"
	if err != nil {
		reason = err.Error()
	}
	return &run.UsageError{Field: "output", Value: strconv.Quote(path), Reason: reason, Allowed: "a new name or an earlier report; --out names another folder"}
}
