// SPDX-License-Identifier: BSD-3-Clause

package rollcall

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAbsent has one rank that waits, one that computes, one whose notes have
// stopped and one that never came.
func TestAbsent(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".ranks")
	open := func(rank int, wait string) *Book {
		b, err := Open(dir, rank, 4, 10*time.Millisecond, func() (string, time.Duration) { return wait, 3 * time.Second })
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	first, busy, stopped := open(0, "the reduction of bucket 3"), open(1, ""), open(2, "")
	first.Note(17, "optimiser")
	busy.Note(17, "backward")
	stopped.Note(16, "forward")
	time.Sleep(50 * time.Millisecond)
	close(stopped.quit) // as if it had been stopped
	stopped.ended.Wait()
	old := time.Now().Add(-20 * time.Second)
	if err := os.Chtimes(stopped.path(2), old, old); err != nil {
		t.Fatal(err)
	}
	words, err := first.Absent()
	for _, want := range []string{"rank 2 of 4 has not answered for 20 s, last seen in step 16, forward", "rank 3 of 4 has left no note",
		"rank 1 of 4 has not arrived, it is in step 17, backward", "rank 0 waits in the reduction of bucket 3 since 3 s, step 17, optimiser"} {
		if !strings.Contains(words, want) {
			t.Errorf("no %q in %q", want, words)
		}
	}
	if err != nil {
		t.Error(err)
	}
	if words, err := busy.Absent(); err == nil {
		t.Errorf("rank 1 says %q although rank 0 has spoken", words)
	}
	os.Remove(first.claim())
	first.Close()
	busy.Close()
	if _, err := os.Stat(dir); err != nil {
		t.Error("the folder went while rank 2 had a note in it")
	}
	first.Burn()
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder is still there")
	}
}

// TestManyAbsent names a few of many.
func TestManyAbsent(t *testing.T) {
	b, err := Open(filepath.Join(t.TempDir(), "ranks"), 0, 100, time.Second, func() (string, time.Duration) { return "Barrier", time.Second })
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if words, err := b.Absent(); err != nil || !strings.Contains(words, "and 95 more") || strings.Count(words, "rank ") != 5 {
		t.Error(words)
	}
}
