// SPDX-License-Identifier: BSD-3-Clause

package submit

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/columen/columen/configs"
)

// reportOf returns the job of a step that makes a page of files. They must exist
// or come from an earlier step.
func (c *chain) reportOf(i int, step configs.Step, program string, made map[string]bool) ([]built, error) {
	var problems []configs.Problem
	for k, path := range step.Files {
		info, err := os.Stat(path)
		p := configs.Problem{Field: fmt.Sprintf("step.%d.files.%d", i, k), Value: strconv.Quote(path), Allowed: "a readable file, or an output of an earlier step"}
		switch {
		case err != nil && !made[path]:
			p.Reason = "does not exist, and no earlier step makes it"
		case err == nil && info.IsDir():
			p.Reason = "is a folder"
		case filepath.Ext(path) != ".json" && filepath.Ext(path) != ".jsonl":
			p.Reason, p.Allowed = "is neither JSON Lines of columen scale nor the JSON of an evaluation", "names that end with .jsonl or .evaluation.json"
		default:
			continue
		}
		problems = append(problems, p)
	}
	if problems != nil {
		return nil, &configs.Error{Problems: problems}
	}
	j := c.base(step)
	j.Proof = absolute(step.Page())
	j.Command = []string{program, step.Job}
	for _, path := range step.Files {
		j.Command = append(j.Command, absolute(path))
	}
	made[step.Page()] = true
	return []built{{Job: j, label: step.Name}}, nil
}

func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil { // only where the working directory is gone
		return path
	}
	return abs
}
