package budget

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// Pace is how fast a body must come and an answer be read: who stands still is
// not waited for.
type Pace struct {
	// Whole is how long a whole body may take to come.
	Whole time.Duration
	// Step is how long each step of a body may take to come, and each step of an
	// answer to be read.
	Step time.Duration
}

// stepBytes is how many bytes are a step.
const stepBytes = 64 << 10

// HTTP holds whoever is served to the pace.
func (p Pace) HTTP(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := &pacedAnswer{ResponseWriter: w, control: http.NewResponseController(w), step: p.Step}
		out.begin() // what the connection carried before does not count
		if r.Body != nil && r.Body != http.NoBody {
			in := &pacedBody{ReadCloser: r.Body, control: out.control, end: time.Now().Add(p.Whole), step: p.Step}
			in.begin()
			r.Body = in
		}
		next.ServeHTTP(out, r)
		out.begin() // for what is still to be flushed
	})
}

// pacedBody is a body that must come step by step.
type pacedBody struct {
	io.ReadCloser
	control *http.ResponseController
	end     time.Time
	step    time.Duration
	left    int // of the step
}

func (b *pacedBody) begin() {
	b.left = stepBytes
	at := time.Now().Add(b.step)
	if at.After(b.end) {
		at = b.end
	}
	_ = b.control.SetReadDeadline(at) // where there is none, in tests, nobody is slow
}

// Read reads. What comes after the body is not the body's: a call may wait long.
func (b *pacedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.left -= n
	switch {
	case errors.Is(err, io.EOF):
		_ = b.control.SetReadDeadline(time.Time{})
	case err == nil && b.left <= 0:
		b.begin()
	}
	return n, err
}

// pacedAnswer is an answer that must be read step by step.
type pacedAnswer struct {
	http.ResponseWriter
	control *http.ResponseController
	step    time.Duration
}

func (a *pacedAnswer) begin() { _ = a.control.SetWriteDeadline(time.Now().Add(a.step)) }

// Unwrap lets http.ResponseController reach what is behind.
func (a *pacedAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Write writes.
func (a *pacedAnswer) Write(p []byte) (written int, err error) {
	for len(p) > 0 && err == nil {
		var n int
		a.begin()
		n, err = a.ResponseWriter.Write(p[:min(len(p), stepBytes)])
		p, written = p[n:], written+n
	}
	return written, err
}

// FlushError flushes.
func (a *pacedAnswer) FlushError() error {
	a.begin()
	return a.control.Flush()
}
