package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// plainEvery is how often progress is told where no bar can be drawn.
const plainEvery = 5 * time.Second

// progress shows how far long work has come: a bar on a terminal, a line now
// and then elsewhere.
type progress struct {
	out   io.Writer
	label string
	total int64
	at    int64
	bar   *progressbar.ProgressBar
	told  time.Time
}

// progress starts to show work of a total size; 0 is unknown.
func (s *session) progress(label string, total int64, bytes bool) *progress {
	p := &progress{out: s.Err, label: label, total: total, told: time.Now()}
	if width(s.Err) == 0 || s.Getenv("TERM") == "dumb" {
		return p
	}
	options := []progressbar.Option{
		progressbar.OptionSetWriter(s.Err), progressbar.OptionSetDescription(label),
		progressbar.OptionThrottle(100 * time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetWidth(30), progressbar.OptionShowCount(),
	}
	if bytes {
		options = append(options, progressbar.OptionShowBytes(true))
	}
	if total <= 0 {
		total = -1
	}
	p.bar = progressbar.NewOptions64(total, options...)
	return p
}

// set says how far the work has come.
func (p *progress) set(at int64) {
	p.at = at
	if p.bar != nil {
		_ = p.bar.Set64(at)
		return
	}
	if time.Since(p.told) < plainEvery {
		return
	}
	p.told = time.Now()
	if p.total > 0 {
		_, _ = fmt.Fprintf(p.out, "%s %d%%\n", p.label, 100*at/p.total)
		return
	}
	_, _ = fmt.Fprintf(p.out, "%s %d\n", p.label, at)
}

// of says how far the work has come, and what it is taken to be in all by now.
func (p *progress) of(at, total int64) {
	if total != p.total && total > 0 {
		p.total = total
		if p.bar != nil {
			p.bar.ChangeMax64(total)
		}
	}
	p.set(at)
}

// add says that so much more is done.
func (p *progress) add(more int64) { p.set(p.at + more) }

// done takes the bar away.
func (p *progress) done() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
