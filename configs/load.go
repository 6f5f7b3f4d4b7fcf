// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"github.com/BurntSushi/toml"
)

// Job is the configuration of one job: *Solve, *Cube, *Train and so on.
type Job interface {
	// JobName returns the name of the sub-command.
	JobName() string
	// Inputs returns the files that the job reads.
	Inputs() []Input
	// Destination returns the folder and the stem of the name of every output.
	Destination() (dir, name string)
	// NumThreads returns parallel.threads: threads per rank, 0 for all cores.
	NumThreads() int
	// CheckSize returns an *Error when the ranks that the file asks for are not
	// as many as the size processes that were started.
	CheckSize(file string, size int) error
	// validate checks what concerns more than one key and fills defaults that
	// depend on other keys.
	validate(r *report)
}

// Input is a file that a job reads.
type Input struct {
	Field string // dotted path of the key that names it
	Path  string
}

// maxFileBytes bounds what Load reads: a configuration is typed by a person,
// and a snapshot given by mistake should not be read to its end.
const maxFileBytes = 1 << 20

// Load reads the TOML file at path into job, applies the assignments sets
// ("a.b=value", in order) and validates. Relative paths in the file start at
// the folder of the file. The error is an *Error that holds every problem.
func Load(path string, sets []string, job Job) error {
	const allowed = "a readable TOML file"
	refuse := func(reason string) error {
		return &Error{Problems: []Problem{{File: path, Reason: reason, Allowed: allowed}}}
	}
	info, err := os.Stat(path)
	if err != nil {
		return refuse(cause(err))
	}
	if !info.Mode().IsRegular() {
		return refuse("not a regular file")
	}
	if info.Size() > maxFileBytes {
		return refuse(fmt.Sprintf("%d bytes, more than the %d of any configuration", info.Size(), maxFileBytes))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return refuse(cause(err))
	}
	return Decode(data, path, sets, job)
}

// Decode is Load for a file that is already in memory. path names it in errors,
// and its folder is where relative paths start.
func Decode(data []byte, path string, sets []string, job Job) error {
	r := &report{file: path, origins: origins{}}
	tree := map[string]any{}
	if _, err := toml.Decode(string(data), &tree); err != nil {
		return syntaxError(path, err)
	}
	if chain, ok := job.(*Submit); ok {
		tree = chain.adapt(tree, path)
	}
	override(tree, sets, r)
	b := &binder{report: r, dir: filepath.Dir(path)}
	b.table(reflect.ValueOf(job).Elem(), tree, "")
	job.validate(r)
	return r.err()
}

// DecodeTable is Decode for a file that is no job's, into a struct with the same
// tags. What concerns more than one key is left to the caller.
func DecodeTable(data []byte, path string, into any) error {
	r := &report{file: path, origins: origins{}}
	tree := map[string]any{}
	if _, err := toml.Decode(string(data), &tree); err != nil {
		return syntaxError(path, err)
	}
	b := &binder{report: r, dir: filepath.Dir(path)}
	b.table(reflect.ValueOf(into).Elem(), tree, "")
	return r.err()
}

// syntaxError turns a parser error into a Problem with the line.
func syntaxError(path string, err error) error {
	p := Problem{File: path, Reason: err.Error(), Allowed: "TOML 1.0"}
	var parse toml.ParseError
	if errors.As(err, &parse) {
		p.File = fmt.Sprintf("%s:%d", path, parse.Position.Line)
		p.Field, p.Reason = parse.LastKey, parse.Message
	}
	return &Error{Problems: []Problem{p}}
}

// cause returns the reason of a file error without the path, which the message
// names already.
func cause(err error) string {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}
