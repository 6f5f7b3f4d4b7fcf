// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/columen/columen/configs"
)

// team is a set of ranks inside the test process.
type team struct {
	size    int
	mu      sync.Mutex
	cond    *sync.Cond
	waiting int
	round   int
	err     error
	data    []byte
	aborted int
}

// member is one rank of a team; it implements Comm.
type member struct {
	*team
	rank int
}

func newTeam(size int) *team {
	t := &team{size: size}
	t.cond = sync.NewCond(&t.mu)
	return t
}

// meet runs put on every rank and then, when all have, take on every rank.
func (m member) meet(put, take func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range []func(){put, take} {
		round := m.round
		f()
		if m.waiting++; m.waiting == m.size {
			m.waiting, m.round = 0, m.round+1
			m.cond.Broadcast()
		}
		for m.round == round {
			m.cond.Wait()
		}
	}
}

func (m member) Rank() int { return m.rank }
func (m member) Size() int { return m.size }

func (m member) Agree(err error) (agreed error) {
	m.meet(func() {
		if err != nil && m.err == nil {
			m.err = err
		}
	}, func() { agreed = m.err })
	m.meet(func() { m.err = nil }, func() {})
	return agreed
}

func (m member) Bcast(data []byte) error {
	m.meet(func() {
		if m.rank == 0 {
			m.data = bytes.Clone(data)
		}
	}, func() { copy(data, m.data) })
	return nil
}

func (m member) Finalize() error { return nil }

func (m member) Abort(code int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.aborted = code
}

// result is what one rank printed and returned.
type result struct {
	code           int
	stdout, stderr string
}

// execute runs a call on every rank of a team; edit may change it per rank.
func execute(size int, call Call, edit func(rank int, c *Call)) ([]result, *team) {
	t := newTeam(size)
	results := make([]result, size)
	var wg sync.WaitGroup
	for rank := range size {
		wg.Go(func() {
			mine := call
			if edit != nil {
				edit(rank, &mine)
			}
			var stdout, stderr bytes.Buffer
			p := Program{Name: "columen", Version: "test", Stdout: &stdout, Stderr: &stderr,
				Join:       func() (Comm, error) { return member{t, rank}, nil },
				MPILibrary: func() string { return "a team of goroutines" }}
			code := p.Execute(mine)
			results[rank] = result{code, stdout.String(), stderr.String()}
		})
	}
	wg.Wait()
	return results, t
}

// folder is a test folder with a configuration and its input.
type folder struct {
	dir, config string
}

func newFolder(t *testing.T) folder {
	t.Helper()
	f := folder{dir: t.TempDir()}
	f.config = filepath.Join(f.dir, "cube.toml")
	f.write(t, "cube.toml", `
[model]
snapshot = "wind.dat"
[model.amrvac]
length_cm = 1.0
density_gcc = 1.0
velocity_cms = 1.0
mean_mol_weight = 2.0
[cube]
cells = [4, 4, 4]
co_per_h2 = 1e-4
v_turb_ms = 0.0
[output]
dir = "out"
name = "wind"
`)
	f.write(t, "wind.dat", "gas")
	return f
}

func (f folder) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// left returns the names in the output folder.
func (f folder) left() []string {
	entries, _ := os.ReadDir(filepath.Join(f.dir, "out"))
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// call is a job that writes two files on rank 0 and then returns after(env).
func (f folder) call(after func(ctx context.Context, e *Env) error) Call {
	return Call{
		Args: []string{f.config},
		Job: Job{
			Name:   "cube",
			Config: func() configs.Job { return new(configs.Cube) },
			Outputs: func(cfg configs.Job) []string {
				dir, name := cfg.Destination()
				return []string{filepath.Join(dir, name+".h5"), filepath.Join(dir, name+".png")}
			},
			Run: func(ctx context.Context, e *Env) error {
				if e.Comm.Rank() == 0 {
					for _, path := range e.Outputs.Paths() {
						if err := os.WriteFile(e.Outputs.Partial(path), []byte("contents of "+filepath.Base(path)), 0o644); err != nil {
							return err
						}
					}
				}
				if after == nil {
					return nil
				}
				return after(ctx, e)
			},
		},
	}
}

// one checks that exactly rank 0 printed, and all ranks have one exit status.
func one(t *testing.T, results []result, code int) string {
	t.Helper()
	for rank, r := range results {
		if r.code != code {
			t.Errorf("rank %d: exit status %d, want %d: %s", rank, r.code, code, r.stderr)
		}
		if rank > 0 && r.stdout+r.stderr != "" {
			t.Errorf("rank %d printed %q", rank, r.stdout+r.stderr)
		}
	}
	return results[0].stderr
}

func names(want ...string) string { return fmt.Sprint(want) }
