// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"strconv"
	"strings"
	"testing"
)

// TestUnseen: calibrated by one rank and by the time of messages, the simulation
// predicts what was measured on two ranks, of a strong and a weak series, to 25 %:
// of the solver, and of training.
func TestUnseen(t *testing.T) {
	for _, file := range []string{"measured", "training"} {
		t.Run(file, func(t *testing.T) { checkUnseen(t, "testdata/"+file+".jsonl") })
	}
}

// checkUnseen expects the two predictions of a file to be good.
func checkUnseen(t *testing.T, path string) {
	in, err := read([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPage(in)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, f := range p.Parts[0].Figures {
		if !f.Simulated {
			continue
		}
		last := f.Tables[len(f.Tables)-1]
		for _, row := range last.Rows {
			ratio, err := strconv.ParseFloat(row[len(row)-1].Value, 64)
			if err != nil || ratio < 1-trust || ratio > 1+trust {
				t.Errorf("%s on %s ranks: simulated/measured %s", row[0].Text, row[1].Text, row[len(row)-1].Value)
			}
			found++
		}
		if note := f.Notes[len(f.Notes)-1]; !strings.Contains(note, "at most, within the 25 %") {
			t.Errorf("note %q", note)
		}
	}
	if found != 2 {
		t.Errorf("%d predictions were checked, want those of two ranks in both series", found)
	}
}
