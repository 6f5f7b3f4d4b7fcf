// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// newLogger writes one line per record: for people by default, JSON on
// request. Quiet leaves warnings and errors.
func newLogger(w io.Writer, f Flags) *slog.Logger {
	level := slog.LevelInfo
	if f.Quiet {
		level = slog.LevelWarn
	}
	if f.Log == "json" {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(&lineHandler{w: w, level: level, mu: new(sync.Mutex)})
}

// lineHandler writes "15:04:05 message  key=value".
type lineHandler struct {
	w      io.Writer
	level  slog.Level
	mu     *sync.Mutex // one line at a time
	prefix string      // attributes of With, formatted
	group  string      // groups, each with a dot
}

// Enabled reports whether a level is written.
func (h *lineHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

// Handle writes a record.
func (h *lineHandler) Handle(_ context.Context, r slog.Record) error {
	var s strings.Builder
	s.WriteString(r.Time.Format("15:04:05 "))
	if r.Level >= slog.LevelWarn {
		s.WriteString(strings.ToLower(r.Level.String()) + ": ")
	}
	s.WriteString(r.Message)
	s.WriteString(h.prefix)
	r.Attrs(func(a slog.Attr) bool {
		s.WriteString(formatAttr(h.group, a))
		return true
	})
	s.WriteByte('\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.w, s.String())
	return err
}

// WithAttrs returns a handler that adds attributes to every record.
func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	for _, a := range attrs {
		c.prefix += formatAttr(h.group, a)
	}
	return &c
}

// WithGroup returns a handler that puts a name before the keys that follow.
func (h *lineHandler) WithGroup(name string) slog.Handler {
	c := *h
	c.group += name + "."
	return &c
}

// formatAttr quotes a value that is not one plain word.
func formatAttr(group string, a slog.Attr) string {
	value := a.Value.Resolve().String()
	if value == "" || strings.ContainsAny(value, " \t\r\n\"=") {
		value = fmt.Sprintf("%q", value)
	}
	return "  " + group + a.Key + "=" + value
}

// isTerminal reports whether a person looks at w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
