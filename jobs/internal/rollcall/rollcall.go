// SPDX-License-Identifier: BSD-3-Clause

// Package rollcall lets ranks that wait for another one name it. Every rank notes
// from time to time, in a file of its own in a folder that all see, where it is:
// MPI cannot be asked by a rank that is stuck inside it. A rank whose notes have
// stopped has died or hangs; one that notes that it waits for nobody is late.
package rollcall

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Where is what a rank says of itself.
type Where struct {
	Step  int64   `json:"step"`
	Phase string  `json:"phase"` // of the step
	Wait  string  `json:"wait"`  // what it waits for in a communication, "" for nothing
	WaitS float64 `json:"wait_s"`
}

// String is where the rank is, in words.
func (w Where) String() string { return fmt.Sprintf("step %d, %s", w.Step, w.Phase) }

// Book is the folder of notes as one rank sees it.
type Book struct {
	dir        string
	rank, size int
	period     time.Duration
	ask        func() (wait string, since time.Duration)
	at         atomic.Pointer[Where]
	quit       chan struct{}
	ended      sync.WaitGroup
	once       sync.Once
}

// Open begins to note every period where a rank is, in a folder that is made.
// ask tells which communication the rank is in, "" for none, and for how long; it
// is called from another goroutine.
func Open(dir string, rank, size int, period time.Duration, ask func() (string, time.Duration)) (*Book, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	b := &Book{dir: dir, rank: rank, size: size, period: period, ask: ask, quit: make(chan struct{})}
	b.at.Store(&Where{Phase: "preparing"})
	if rank == 0 { // of a job that was killed
		os.Remove(b.claim())
	}
	if err := b.write(); err != nil {
		return nil, err
	}
	b.ended.Add(1)
	go func() {
		defer b.ended.Done()
		tick := time.NewTicker(period)
		defer tick.Stop()
		for {
			select {
			case <-b.quit:
				return
			case <-tick.C:
				_ = b.write() // a note that is missing is that of a rank that does not answer
			}
		}
	}()
	return b, nil
}

// Note says where this rank is from now on.
func (b *Book) Note(step int64, phase string) { b.at.Store(&Where{Step: step, Phase: phase}) }

func (b *Book) path(rank int) string { return filepath.Join(b.dir, strconv.Itoa(rank)) }

func (b *Book) write() error {
	w := *b.at.Load()
	if wait, since := b.ask(); wait != "" {
		w.Wait, w.WaitS = wait, since.Seconds()
	}
	text, err := json.Marshal(w)
	if err != nil {
		return err
	}
	return os.WriteFile(b.path(b.rank), text, 0o666)
}

// Close ends the notes of this rank; the last rank removes the folder.
func (b *Book) Close() {
	b.once.Do(func() {
		close(b.quit)
		b.ended.Wait()
		os.Remove(b.path(b.rank))
		os.Remove(b.dir) // stays while others have notes in it
	})
}

// Burn removes the folder with the notes of all ranks, which are about to end.
func (b *Book) Burn() {
	for range 3 { // a rank may write at this moment
		if os.RemoveAll(b.dir) == nil {
			return
		}
	}
}

// namesMax bounds the ranks of each kind that Absent names.
const namesMax = 4

// claim is the file that the rank makes which speaks for all.
func (b *Book) claim() string { return filepath.Join(b.dir, "speaker") }

// Absent says which ranks the others wait for, in words, to the first rank that
// asks; the others get an error.
func (b *Book) Absent() (words string, err error) {
	if err := b.write(); err != nil {
		return "", err
	}
	now, err := os.Stat(b.path(b.rank))
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(b.claim(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return "", err
	}
	f.Close() // empty
	var silent, late, waiting []string
	for r := range b.size {
		w, age := b.read(r, now.ModTime())
		switch {
		case w == nil:
			silent = append(silent, fmt.Sprintf("rank %d of %d has left no note", r, b.size))
		case age > b.patience():
			silent = append(silent, fmt.Sprintf("rank %d of %d has not answered for %.0f s, last seen in %v", r, b.size, age.Seconds(), w))
		case w.Wait == "":
			late = append(late, fmt.Sprintf("rank %d of %d has not arrived, it is in %v", r, b.size, w))
		default:
			waiting = append(waiting, fmt.Sprintf("rank %d waits in %s since %.0f s, %v", r, w.Wait, w.WaitS, w))
		}
	}
	return strings.Join(append(append(some(silent), some(late)...), some(waiting)...), "; "), nil
}

// patience is the age of a note from which its rank does not answer: the clocks of
// file servers are coarse.
func (b *Book) patience() time.Duration { return 2*b.period + time.Second }

// read returns the note of a rank and its age by the clock of the folder, nil if
// there is none.
func (b *Book) read(rank int, now time.Time) (*Where, time.Duration) {
	for range 3 { // it may be written at this moment
		info, err := os.Stat(b.path(rank))
		if err != nil {
			return nil, 0
		}
		text, err := os.ReadFile(b.path(rank))
		w := new(Where)
		if err == nil && json.Unmarshal(text, w) == nil {
			return w, now.Sub(info.ModTime())
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, 0
}

func some(list []string) []string {
	if more := len(list) - namesMax; more > 0 {
		return append(list[:namesMax:namesMax], fmt.Sprintf("and %d more", more))
	}
	return list
}
