package e2e

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
)

// wire carries the bytes from one node to another, until it is cut.
type wire struct {
	address, to string

	mu   sync.Mutex
	cut  bool
	open map[net.Conn]bool
}

func newWire(t testing.TB, to string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{address: listener.Addr().String(), to: to, open: map[net.Conn]bool{}}
	t.Cleanup(func() { _ = listener.Close(); w.set(true) })
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			go w.carry(from)
		}
	}()
	return w
}

func (w *wire) carry(from net.Conn) {
	to, err := net.Dial("tcp", w.to)
	if err != nil {
		_ = from.Close()
		return
	}
	defer from.Close()
	defer to.Close()
	if !w.add(from, to) {
		return
	}
	go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
	_, _ = io.Copy(from, to)
}

func (w *wire) add(ends ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, end := range ends {
		w.open[end] = true
	}
	return !w.cut
}

// set cuts the wire, or mends it.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	for end := range w.open {
		_ = end.Close()
		delete(w.open, end)
	}
}

// wires are all connections between the nodes, by who dials whom.
type wires map[[2]int]*wire

// lay lets the nodes talk to each other by wires alone: nobody hears of an
// address at which a node could be reached past them.
func (c cluster) lay() wires {
	all := wires{}
	for i, n := range c {
		n.kill()
		text := mustRead(n.t, n.config)
		for j, other := range c {
			if i == j {
				text = strings.Replace(text, "nats-route://"+n.route, "nats-route://127.0.0.1:1", 1)
				text = strings.Replace(text, "name: kaohe", "name: kaohe\n  advertise: \"127.0.0.1:1\"", 1)
				continue
			}
			all[[2]int{i, j}] = newWire(n.t, other.route)
			text = strings.Replace(text, "nats-route://"+other.route, "nats-route://"+all[[2]int{i, j}].address, 1)
		}
		if err := os.WriteFile(n.config, []byte(text), 0o600); err != nil {
			n.t.Fatal(err)
		}
	}
	for _, n := range c {
		n.start()
	}
	c.awaitHealth()
	return all
}

// isolate cuts a node off from the others, or connects it again.
func (w wires) isolate(node int, cut bool) {
	for ends, wire := range w {
		if ends[0] == node || ends[1] == node {
			wire.set(cut)
		}
	}
}

// register tells kaohe of the unit that overdue tickets are of.
func (s *server) register() {
	s.t.Helper()
	unit := `{"id":"u","source":"registry","occurredAt":"2026-01-01T00:00:00Z","unitRegistered":{"unit":"chengqu","nameZh":"城区","kind":"UNIT_KIND_OUTLET"}}`
	await(s.t, "registered", func() error { return s.offer(unit) })
}

// offer pushes once; nil: it is acknowledged.
func (s *server) offer(events string) error {
	var answer struct{ Rejected, Code, Message string }
	code, err := s.try("POST", "/v1/events", events, &answer)
	if err == nil && (code != http.StatusOK || answer.Rejected != "" && answer.Rejected != "0") {
		err = fmt.Errorf("status %d, %+v", code, answer)
	}
	return err
}

// holds makes sure that so many tickets are overdue, in the ledger and by the
// log.
func (s *server) holds(tickets int) {
	s.t.Helper()
	s.verify(demoMonth)
	if n := len(s.entries(demoMonth, "state=active&rule=ticket_overdue")); n != tickets {
		s.t.Errorf("%d tickets are overdue, %d were acknowledged", n, tickets)
	}
}

// The leader goes on living, and its clients go on talking to it, but the others
// do not hear it: what it says is stored only if they do.
func TestALeaderThatIsCutOffAcknowledgesNothingThatIsLost(t *testing.T) {
	c := startCluster(t, [3]string{t.TempDir(), t.TempDir(), t.TempDir()})
	wires := c.lay()
	s := c.serve(t)
	s.register()
	acknowledged := 0
	push := func() error {
		err := s.offer(overdue(acknowledged, acknowledged+50))
		if err == nil {
			acknowledged += 50
		}
		return err
	}
	await(t, "pushed", push)
	s.holds(acknowledged)
	leader := c.leader("FEED")
	at := 0
	for c[at] != leader {
		at++
	}
	wires.isolate(at, true)
	offered := make(chan error, 1)
	go func() { offered <- push() }()
	others := append(append(cluster{}, c[at+1:]...), c[:at]...)
	await(t, "another leader", func() error {
		if others.leader("FEED") == leader {
			return errors.New(leader.name + " leads still")
		}
		return nil
	})
	t.Logf("offered while the leader was cut off: %v", <-offered)
	wires.isolate(at, false)
	c.awaitHealth()
	await(t, "pushed after it was healed", push)
	s.holds(acknowledged)
}
