package e2e

import (
	"bufio"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"kaohe.dev/e2e/port"
)

// services are the targets that decide.
var services = []string{"ticket-ingest", "sla-timer", "complaint-escalation", "survey", "quality", "scoring"}

// fleet is kaohe in several processes: a gateway and replicas that each run
// every service, on one NATS server and one store.
type fleet struct {
	*server
	t        testing.TB
	replicas []*process
	shared   []string
}

func startFleet(t testing.TB, nats string, replicas int, more ...string) *fleet {
	t.Helper()
	dir := t.TempDir()
	f := &fleet{shared: append([]string{
		"--data", filepath.Join(dir, "kaohe"), "--nats", nats, "--store", "sqlite:" + filepath.Join(dir, "state"), "--partitions", "4", "--log", "info",
	}, more...)}
	for range replicas {
		f.replicas = append(f.replicas, f.replica(t))
	}
	f.server = &server{data: filepath.Join(dir, "kaohe"), http: port.Free(t), grpc: port.Free(t)}
	f.t = t
	f.startGateway()
	return f
}

// startGateway starts the gateway, again at its old address.
func (f *fleet) startGateway() { f.gatewayAt(program, f.server) }

// gatewayAt starts a gateway of a release at an address.
func (f *fleet) gatewayAt(release string, s *server) {
	s.process = start(f.t, release, append([]string{"serve", "--target", "gateway", "--http", s.http, "--grpc", s.grpc}, f.shared...)...)
	s.waitReady()
}

// replica starts one more.
func (f *fleet) replica(t testing.TB) *process { return f.replicaOf(t, program) }

// replicaOf starts one more, of a release.
func (f *fleet) replicaOf(t testing.TB, release string) *process {
	return start(t, release, append([]string{"serve", "--target", strings.Join(services, ",")}, f.shared...)...)
}

// owned tells which parts a process runs, by its log.
func owned(p *process) map[string]bool {
	parts := map[string]bool{}
	for lines := bufio.NewScanner(strings.NewReader(p.log.String())); lines.Scan(); {
		if _, rest, found := strings.Cut(lines.Text(), "changes hands\" part="); found {
			var part string
			var here bool
			if _, err := fmt.Sscanf(rest, "%s here=%t", &part, &here); err == nil {
				if delete(parts, part); here {
					parts[part] = true
				}
			}
		}
	}
	return parts
}

// natsAlone starts one nats-server.
func natsAlone(t testing.TB) string {
	t.Helper()
	return "nats://" + startNATS(t, t.TempDir())
}

func (f *fleet) awaitOwners(want map[*process]int) {
	f.t.Helper()
	await(f.t, "shared out", func() error {
		for p, n := range want {
			if got := len(owned(p)); got != n {
				return fmt.Errorf("a replica runs %d parts, want %d", got, n)
			}
		}
		return nil
	})
}

// behindWire starts one more replica that reaches NATS by a wire, and the wire.
func (f *fleet) behindWire(nats string) (*process, *wire) {
	f.t.Helper()
	w := newWire(f.t, strings.TrimPrefix(nats, "nats://"))
	apart := *f
	apart.shared = append(slices.Clone(f.shared), "--nats", "nats://"+w.address)
	return apart.replica(f.t), w
}

// A replica that reaches the store and not the streams lives, and decides
// nothing: the others take over as if it were dead.
func TestAReplicaCutOffFromNATSIsReplaced(t *testing.T) {
	nats := natsAlone(t)
	f := startFleet(t, nats, 1)
	apart, wire := f.behindWire(nats)
	parts := 4 * len(services)
	f.awaitOwners(map[*process]int{f.replicas[0]: parts / 2, apart: parts / 2})
	wire.set(true)
	f.awaitOwners(map[*process]int{f.replicas[0]: parts})
	f.register()
	if err := f.offer(overdue(0, 50)); err != nil {
		t.Fatal(err)
	}
	f.decided()
	f.holds(50)
	wire.set(false)
	f.awaitOwners(map[*process]int{f.replicas[0]: parts / 2, apart: parts / 2})
}

func (f *fleet) pushPart(feed []string) {
	f.t.Helper()
	for from := 0; from < len(feed); from += 200 {
		chunk := feed[from:min(from+200, len(feed))]
		if code := f.call("POST", "/v1/events", "["+strings.Join(chunk, ",")+"]", nil); code != http.StatusOK {
			f.t.Fatalf("push: status %d", code)
		}
	}
}

func (f *fleet) decided() time.Duration {
	f.t.Helper()
	began := time.Now()
	if code := f.call("POST", "/v1/barriers", "{}", nil); code != http.StatusOK {
		f.t.Fatalf("barrier: status %d", code)
	}
	return time.Since(began)
}

func TestReplicasShareThePartsAndTakeOverFromTheDead(t *testing.T) {
	file := feedFile(t)
	one := up(t, t.TempDir())
	pushAndEnd(one, file)
	want := one.verify(demoMonth)
	one.stop()

	feed := lines(mustRead(t, file))
	quarter := len(feed) / 4
	parts := 4 * len(services)
	f := startFleet(t, natsAlone(t), 2)
	a, b := f.replicas[0], f.replicas[1]
	f.awaitOwners(map[*process]int{a: parts / 2, b: parts / 2})
	f.pushPart(feed[:quarter])
	f.decided()

	// One stands still: the other takes over, and when the first wakes up and
	// goes on with what it remembers, it does no harm.
	if err := a.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	f.pushPart(feed[quarter : 2*quarter])
	t.Logf("decided %v after a replica stood still", f.decided().Round(time.Millisecond))
	if err := a.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	f.awaitOwners(map[*process]int{a: parts / 2, b: parts / 2})
	f.pushPart(feed[2*quarter : 3*quarter])
	f.decided()

	// One dies, and later another joins.
	b.kill()
	f.pushPart(feed[3*quarter:])
	t.Logf("decided %v after a replica died", f.decided().Round(time.Millisecond))
	f.awaitOwners(map[*process]int{a: parts})
	c := f.replica(t)
	f.awaitOwners(map[*process]int{a: parts / 2, c: parts / 2})
	a.stop()
	f.awaitOwners(map[*process]int{c: parts})
	if code := f.call("POST", "/v1/barriers", `{"clock":"demo","to":"2026-04-20T00:00:00Z"}`, nil); code != http.StatusOK {
		t.Fatalf("barrier: status %d", code)
	}
	if got := f.verify(demoMonth); got != want {
		t.Fatalf("replicas arrive at hash %s, one process at %s", got, want)
	}
	if _, err := f.kaohe("ticket", "GD202603-0029"); err != nil {
		t.Errorf("a ticket kept in a part: %v", err)
	}
}

func TestAnotherNumberOfPartitionsIsRefused(t *testing.T) {
	data := t.TempDir()
	up(t, data).stop()
	other := start(t, program, "up", "--data", data, "--partitions", "4", "--http", port.Free(t), "--grpc", port.Free(t))
	<-other.done
	if out := other.log.String(); other.cmd.ProcessState.ExitCode() == 0 || !strings.Contains(out, "--partitions 1") {
		t.Fatalf("it ended with %d and said %q", other.cmd.ProcessState.ExitCode(), out)
	}
}
