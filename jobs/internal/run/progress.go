// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// logInterval is the time between progress lines where there is no terminal.
const logInterval = 10 * time.Second

// Progress shows how far a long step is: a bar with the remaining time on a
// terminal, a log line now and then elsewhere. Its methods may be called from
// any goroutine.
type Progress struct {
	mu    sync.Mutex
	what  string
	done  int64
	total int64
	start time.Time
	last  time.Time
	every time.Duration
	now   func() time.Time
	log   *slog.Logger
	bar   *progressbar.ProgressBar // nil without a terminal
	unit  string                   // of work, for rates; "" for none
	bytes float64                  // of data in a unit
}

// Progress begins to show a step of total units of work. On ranks other than 0
// nothing is shown.
func (e *Env) Progress(what string, total int64) *Progress {
	p := &Progress{what: what, total: total, every: logInterval, now: time.Now, log: e.Log}
	p.start = p.now()
	p.last = p.start
	if e.terminal != nil {
		p.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(e.terminal), progressbar.OptionSetDescription(what),
			progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(true),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(40))
	}
	return p
}

// Rates lets the log lines tell how many units of work are done in a second, and
// how many megabytes of data when a unit has bytes of them. It returns p.
func (p *Progress) Rates(unit string, bytes float64) *Progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unit, p.bytes = unit, bytes
	return p
}

// rates returns the rates so far as attributes of a log line.
func (p *Progress) rates(elapsed time.Duration) []any {
	if p.unit == "" || elapsed <= 0 {
		return nil
	}
	rate := float64(p.done) / elapsed.Seconds()
	return []any{p.unit + "_per_s", fmt.Sprintf("%.1f", rate), "MB_per_s", fmt.Sprintf("%.1f", rate*p.bytes/1e6)}
}

// Add says that units of work have been done.
func (p *Progress) Add(units int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += units
	if p.bar != nil {
		_ = p.bar.Add64(units) // a bar that cannot be drawn is no reason to stop
		return
	}
	now := p.now()
	if now.Sub(p.last) < p.every || p.done <= 0 || p.total <= 0 {
		return
	}
	p.last = now
	elapsed := now.Sub(p.start)
	left := time.Duration(float64(elapsed) * float64(max(p.total-p.done, 0)) / float64(p.done))
	line := []any{"done", fmt.Sprintf("%.0f%%", 100*float64(p.done)/float64(p.total)), "elapsed", elapsed.Round(time.Second), "left", left.Round(time.Second)}
	p.log.Info(p.what, append(line, p.rates(elapsed)...)...)
}

// Share returns a function that takes progress in any unit, from any goroutine,
// for a Progress of 1000 units.
func (p *Progress) Share() func(done, total int) {
	var mu sync.Mutex
	last := 0
	return func(done, total int) {
		mu.Lock()
		defer mu.Unlock()
		if now := done * 1000 / max(total, 1); now > last {
			p.Add(int64(now - last))
			last = now
		}
	}
}

// Done ends the step and returns the seconds it took.
func (p *Progress) Done() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Finish() // as in Add
	}
	elapsed := p.now().Sub(p.start)
	p.log.Info(p.what, append([]any{"seconds", fmt.Sprintf("%.3f", elapsed.Seconds())}, p.rates(elapsed)...)...)
	return elapsed.Seconds()
}
