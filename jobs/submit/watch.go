// SPDX-License-Identifier: BSD-3-Clause

package submit

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/slurm"
)

// watch shows how far the jobs are until all have ended, where --watch asks for
// it. A job that failed is an error, with the end of its log. A signal ends the
// watching, not the jobs.
func (s submitter) watch(ctx context.Context, env *run.Env) error {
	if env.Flags.Options["watch"] == "" {
		return nil
	}
	c := env.Config.(*configs.Submit)
	record, err := readRecord(recordPath(c))
	if err != nil {
		return err
	}
	var ids []int
	entries := map[int]Entry{}
	for _, e := range record.Jobs {
		ids = append(ids, e.ID)
		entries[e.ID] = e
	}
	w := watcher{env: env, entries: entries, shown: map[string]string{}}
	every := time.Duration(c.Slurm.PollS) * time.Second
	for {
		states, err := s.client.States(ctx, ids)
		if err == nil {
			if w.show(states) {
				return w.verdict(states)
			}
		} else if ctx.Err() == nil {
			env.Log.Warn("Slurm does not answer; asking again", "said", err)
		}
		select {
		case <-ctx.Done():
			env.Log.Info("the jobs go on; the same command with --watch looks at them again")
			return nil
		case <-time.After(every):
		}
	}
}

// watcher knows what has been shown.
type watcher struct {
	env     *run.Env
	entries map[int]Entry
	shown   map[string]string // by job or array task
}

// show logs what has changed and reports whether all jobs have ended.
func (w watcher) show(states []slurm.State) bool {
	ended := true
	for _, st := range states {
		ended = ended && st.Ended()
		line := []any{"id", st.ID, "state", strings.ToLower(st.Word)}
		if st.Word == "PENDING" && st.Reason != "" && st.Reason != "None" {
			line = append(line, "waits_for", st.Reason)
		}
		if st.Nodes != "" {
			line = append(line, "nodes", st.Nodes)
		}
		text := ""
		if st.Word == "RUNNING" {
			text = lastProgress(tail(w.log(st)))
		}
		key := fmt.Sprint(line, text)
		if w.shown[st.ID] == key {
			continue
		}
		w.shown[st.ID] = key
		if st.Elapsed != "" && st.Word != "PENDING" {
			line = append(line, "elapsed", st.Elapsed)
		}
		if text != "" {
			line = append(line, "says", text)
		}
		w.env.Log.Info(w.entries[st.JobID].Name, line...)
	}
	return ended && len(states) > 0
}

// log returns the path of the log of a job or array task.
func (w watcher) log(st slurm.State) string {
	_, task, _ := strings.Cut(st.ID, "_")
	id := strconv.Itoa(st.JobID)
	return strings.NewReplacer("%j", id, "%A", id, "%a", task).Replace(w.entries[st.JobID].Log)
}

// verdict is the error of the first job that failed; those behind it were not
// started.
func (w watcher) verdict(states []slurm.State) error {
	for _, st := range states {
		if st.Good() || st.Word == "CANCELLED" && st.Reason == "Dependency" {
			continue
		}
		path := w.log(st)
		text := tail(path)
		e := w.entries[st.JobID]
		what := fmt.Sprintf("job %s (%s) ended as %s", e.Name, st.ID, st.Word)
		if slurm.OutOfMemory(st, text) {
			what = fmt.Sprintf("job %s (%s) was killed for memory: more slurm.memory_mb, or more nodes for as many tasks", e.Name, st.ID)
		} else if line := complaint(text); line != "" {
			what += ": " + line
		}
		return fmt.Errorf("%s; its log is %s", what, path)
	}
	w.env.Log.Info("all jobs are done", "jobs", len(w.entries))
	return nil
}

// readRecord reads what a submission left.
func readRecord(path string) (*Record, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &Record{}
	if err := json.Unmarshal(data, r); err != nil || r.Schema != 1 || len(r.Jobs) == 0 {
		return nil, fmt.Errorf("%s: not the record of submitted jobs: allowed: what columen submit wrote", filepath.Clean(path))
	}
	return r, nil
}

// tailBytes of a log hold its last lines.
const tailBytes = 8192

// tail returns the end of a file, or nothing where there is none yet.
func tail(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	data := make([]byte, min(info.Size(), tailBytes))
	n, _ := f.ReadAt(data, info.Size()-int64(len(data))) // what was read is good enough
	return string(data[:n])
}

// lastProgress returns the last line of a log that is the program's, without its
// time of day.
func lastProgress(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	line := strings.TrimSpace(lines[len(lines)-1])
	if len(line) > 9 && line[2] == ':' && line[5] == ':' {
		return line[9:]
	}
	return line
}

// complaint returns the last error of the program in a log.
func complaint(text string) string {
	found := ""
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "columen ") || strings.HasPrefix(line, "columen: ") || strings.Contains(line, "error:") {
			found = strings.TrimSpace(line)
		}
	}
	return found
}
