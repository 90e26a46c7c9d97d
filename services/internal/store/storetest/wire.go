package storetest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// direction is one way through a wire.
type direction int

// Requests go to the server, answers come from it.
const (
	requests direction = iota
	answers
)

// wire is a way to a server that can be cut after any byte.
type wire struct {
	listener net.Listener
	target   string
	running  sync.WaitGroup

	mu     sync.Mutex
	passed [2]int64 // bytes, by direction
	left   [2]int64 // how many more may pass before the cut; negative: it is not to be cut
	dead   bool
	ends   map[net.Conn]bool
}

// newWire lays a wire to a server; it is taken up when the test ends.
func newWire(t *testing.T, target string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener, target: target, left: [2]int64{-1, -1}, ends: map[net.Conn]bool{}}
	w.running.Go(w.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		w.cut()
		w.running.Wait()
	})
	return w
}

func (w *wire) address() string { return w.listener.Addr().String() }

func (w *wire) accept() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", w.target)
		if err != nil || !w.join(near, far) {
			_ = near.Close()
			if err == nil {
				_ = far.Close()
			}
			continue
		}
		w.running.Go(func() { w.carry(requests, far, near) })
		w.running.Go(func() { w.carry(answers, near, far) })
	}
}

// join notes the ends of a connection; a dead wire takes none.
func (w *wire) join(ends ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range ends {
		w.ends[c] = true
	}
	if w.dead {
		for _, c := range ends {
			delete(w.ends, c)
		}
	}
	return !w.dead
}

// carry carries bytes one way until an end closes or the wire is cut.
func (w *wire) carry(d direction, to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		allowed := w.take(d, n)
		if allowed > 0 {
			if _, failed := to.Write(buffer[:allowed]); failed != nil {
				err = failed
			}
		}
		if allowed < n {
			w.cut()
			err = io.ErrClosedPipe
		}
		if err != nil {
			_ = to.Close()
			_ = from.Close()
			return
		}
	}
}

// take counts bytes and gives how many of them may pass.
func (w *wire) take(d direction, n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if left := w.left[d]; left >= 0 {
		n = int(min(int64(n), left))
		w.left[d] = left - int64(n)
	}
	w.passed[d] += int64(n)
	return n
}

// cut closes all connections and lets none through.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = true
	for c := range w.ends {
		_ = c.Close()
	}
	clear(w.ends)
}

// cutAfter cuts the wire when so many bytes more have gone one way.
func (w *wire) cutAfter(d direction, bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left[d] = bytes
}

// mend lets connections through again, and tells whether the wire had been cut.
func (w *wire) mend() (was bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	was, w.dead, w.left = w.dead, false, [2]int64{-1, -1}
	return was
}

// carried gives how many bytes have gone one way.
func (w *wire) carried(d direction) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.passed[d]
}
