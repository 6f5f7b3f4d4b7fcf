// SPDX-License-Identifier: BSD-3-Clause

package h5

import (
	"strings"
	"testing"
)

func TestValidateSlab(t *testing.T) {
	shape := []int{4, 5, 6}
	for _, c := range []struct {
		name          string
		offset, count []int
		n             int
		want          string // part of the error, or "" for none
	}{
		{"whole", []int{0, 0, 0}, []int{4, 5, 6}, 120, ""},
		{"corner", []int{3, 4, 5}, []int{1, 1, 1}, 1, ""},
		{"past the end", []int{3, 0, 0}, []int{2, 1, 1}, 2, "outside"},
		{"overflowing sum", []int{1, 0, 0}, []int{1<<63 - 1, 1, 1}, 1, "outside"},
		{"negative", []int{-1, 0, 0}, []int{1, 1, 1}, 1, "outside"},
		{"empty", []int{0, 0, 0}, []int{0, 1, 1}, 0, "outside"},
		{"wrong rank", []int{0, 0}, []int{1, 1}, 1, "3 entries"},
		{"short slice", []int{0, 0, 0}, []int{2, 2, 2}, 7, "7 elements, want 8"},
	} {
		err := validateSlab(shape, c.offset, c.count, c.n)
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v: want one with %q", c.name, err, c.want)
		}
	}
}

func TestValidateOptions(t *testing.T) {
	for _, c := range []struct {
		opts Options
		want string
	}{
		{Options{}, ""},
		{Options{Chunk: []int{2, 5}, Deflate: 9, Shuffle: true}, ""},
		{Options{Deflate: 1}, "without a chunk"},
		{Options{Chunk: []int{2, 5}, Deflate: 10}, "level 10"},
		{Options{Chunk: []int{2}}, "want 2 entries"},
		{Options{Chunk: []int{2, 6}}, "between 1 and 5"},
	} {
		err := c.opts.validate([]int{4, 5})
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: error %v: want one with %q", c.opts, err, c.want)
		}
	}
}

func TestFoldKeepsTheCause(t *testing.T) {
	stack := "unable to close file\nunable to flush\nunable to flush\n" +
		"file write failed: time = Sun Nov 22 2026\n"
	if got, want := fold(stack), "unable to close file: unable to flush: file write failed: time = Sun Nov 22 2026"; got != want {
		t.Errorf("fold: %q: want %q", got, want)
	}
	sys := "file write failed: time = x, filename = 'a.h5', errno = 28, error message = 'No space left on device', buf = 0x1"
	if got, want := fold(sys), "file write failed: No space left on device"; got != want {
		t.Errorf("fold: %q: want %q", got, want)
	}
	if got := fold(""); got == "" {
		t.Error("an empty stack gives an empty message")
	}
}
