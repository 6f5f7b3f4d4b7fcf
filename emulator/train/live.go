// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The files in the folder of a run that grow with every epoch.
const (
	historyName = "history.jsonl"
	eventsName  = "events.out.tfevents.columen"
)

// live are the open history files.
type live struct {
	history, events *os.File
}

// newLive begins both files with the epochs so far.
func newLive(dir string, history []Epoch) (live, error) {
	var l live
	err := os.MkdirAll(dir, 0o777)
	if err == nil {
		l.history, err = os.Create(filepath.Join(dir, historyName))
	}
	if err == nil {
		l.events, err = os.Create(filepath.Join(dir, eventsName))
	}
	if err != nil {
		l.close()
		return live{}, err
	}
	begin := 0.0
	if len(history) > 0 {
		begin = history[0].Time
	}
	if err := writeAll(l.events, versionEvent(begin)); err != nil {
		l.close()
		return live{}, err
	}
	for _, e := range history {
		if err := l.add(e); err != nil {
			l.close()
			return live{}, err
		}
	}
	return l, nil
}

// add appends an epoch to both files.
func (l *live) add(e Epoch) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("history of epoch %d: %w", e.Epoch, err)
	}
	return errors.Join(writeAll(l.history, append(line, '\n')), writeAll(l.events, epochEvent(e)))
}

func writeAll(f *os.File, data []byte) error {
	if _, err := f.Write(data); err != nil {
		return fmt.Errorf("history not written: %w", err)
	}
	return nil
}

// close closes what is open. What was written is complete without it.
func (l *live) close() {
	for _, f := range []*os.File{l.history, l.events} {
		if f != nil {
			f.Close()
		}
	}
}

// WriteHistory writes epochs as JSON Lines.
func WriteHistory(w io.Writer, history []Epoch) error {
	enc := json.NewEncoder(w)
	for _, e := range history {
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	return nil
}
