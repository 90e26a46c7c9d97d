package budget_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"kaohe.dev/services/internal/budget"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAPieceAndTheWholeAreCounted(t *testing.T) {
	whole := int64(25)
	p := budget.NewPieces(iotest.OneByteReader(strings.NewReader(strings.Repeat("x", 100))), 10, &whole)
	read := func(n int) error {
		for range n {
			if _, err := p.ReadByte(); err != nil {
				return err
			}
		}
		return nil
	}
	must(t, read(10))
	if err := read(1); !errors.Is(err, budget.ErrPiece) {
		t.Errorf("the eleventh of a piece: %v", err)
	}
	p.Next()
	must(t, read(10))
	p.Next()
	if n, err := io.ReadFull(p, make([]byte, 9)); n != 5 || !errors.Is(err, budget.ErrWhole) {
		t.Errorf("of the whole %d were left: %v", n, err)
	}
}

func TestSharesAreTakenAndGivenBack(t *testing.T) {
	s := budget.NewShares(10, 6)
	a, b, more := s.Open("a"), s.Open("b"), s.Open("a")
	for _, step := range []struct {
		share *budget.Share
		bytes int64
		want  bool
	}{{a, 4, true}, {more, 3, false}, {more, 2, true}, {b, 5, false}, {b, 4, true}, {b, 1, false}} {
		if got := step.share.Take(step.bytes); got != step.want {
			t.Errorf("taking %d: %t", step.bytes, got)
		}
	}
	if s.Fits("a", 1) || s.Fits("c", 1) {
		t.Error("more fits than there is room for")
	}
	a.Close()
	a.Close()
	if s.Taken() != 6 || !s.Fits("a", 4) || s.Fits("a", 5) {
		t.Errorf("%d taken after one was given back", s.Taken())
	}
}

func TestConnectionsAreCountedByAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	door := budget.NewDoor(8, 4)
	counted := door.Listen(l)
	defer func() { must(t, counted.Close()) }()
	accepted := make(chan net.Conn)
	go func() {
		for {
			c, err := counted.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	}()
	dial := func(from string) net.Conn {
		t.Helper()
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := d.Dial("tcp", l.Addr().String())
		must(t, err)
		return c
	}
	var inside []net.Conn
	for range 4 {
		dial("127.0.0.1")
		inside = append(inside, <-accepted)
	}
	dial("127.0.0.1")
	crowded := <-accepted
	closed := dial("127.0.0.1")
	must(t, closed.SetReadDeadline(time.Now().Add(20*time.Second)))
	if _, err := closed.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the sixth is let in: %v", err)
	}
	dial("127.0.0.2")
	other := <-accepted
	for c, want := range map[net.Conn]bool{inside[0]: false, crowded: true, other: false} {
		if got := door.Crowded(c.RemoteAddr().String()); got != want {
			t.Errorf("%s crowded: %t", c.RemoteAddr(), got)
		}
	}
	must(t, inside[0].Close())
	if door.Crowded(crowded.RemoteAddr().String()) {
		t.Error("there is a place, and it is still one too many")
	}
}

func TestAddressesOfOneNetworkAreOne(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7:1": "192.0.2.7", "[::ffff:192.0.2.7]:1": "192.0.2.7", "[2001:db8:1:2:3::4]:9": "2001:db8:1:2::/64", "[fe80::1%eth0]:9": "fe80::/64",
	} {
		a, err := net.ResolveTCPAddr("tcp", address)
		must(t, err)
		if got := budget.Host(a); got != want {
			t.Errorf("%s counts as %s, want %s", address, got, want)
		}
	}
}

// An answer that nobody reads ends, and so does a body that does not come; who
// keeps the pace may take longer than a step.
func TestWhoStandsStillIsNotWaitedFor(t *testing.T) {
	ended := make(chan error, 1)
	pace := budget.Pace{Whole: time.Minute, Step: 300 * time.Millisecond}
	server := httptest.NewServer(pace.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		for i := 0; i < 1000 && err == nil; i++ {
			_, err = w.Write(bytes.Repeat([]byte("x"), 1<<20))
		}
		ended <- err
	})))
	defer server.Close()
	for name, request := range map[string]string{
		"an answer": "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"a body":    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nxxx",
	} {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		must(t, err)
		_, err = io.WriteString(c, request)
		must(t, err)
		select {
		case err := <-ended:
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("%s ended with %v", name, err)
			}
		case <-time.After(30 * time.Second):
			t.Errorf("%s is waited for", name)
		}
		must(t, c.Close())
	}
}
