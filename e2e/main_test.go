package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"kaohe.dev/e2e/port"
)

// program is bin/kaohe, natsServer a NATS server, both built once.
var program, natsServer string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "kaohe-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program, natsServer = filepath.Join(dir, "kaohe"), filepath.Join(dir, "nats-server")
	for output, pkg := range map[string]string{
		program: "./cmd/kaohe", natsServer: "github.com/nats-io/nats-server/v2",
	} {
		build := exec.Command("go", "build", "-o", output, pkg)
		build.Dir = "../services"
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build %s: %v\n%s", pkg, err, out)
			return 1
		}
	}
	return m.Run()
}

// process is a program under test.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	log  *output
	done chan struct{}
}

// output is what a program has printed so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// healing is what the log says when streams are opened anew; tight are the tests
// in which a disk is full, so that they have to be.
const healing = "the streams are opened anew"

var tight sync.Map

// start starts a program; what it prints is shown when the test fails.
func start(t testing.TB, name string, args ...string) *process {
	t.Helper()
	return startIn(t, nil, name, args...)
}

// startIn starts it with more in its environment.
func startIn(t testing.TB, more []string, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(name, args...), log: &output{}, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Env = p.log, p.log, append(os.Environ(), more...)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if _, full := tight.Load(t.Name()); !full && strings.Contains(p.log.String(), healing) {
			t.Errorf("a healer was at work, and every write succeeded:\n%s", tail(p.log.String(), 2000))
		}
		if t.Failed() {
			t.Logf("%s %s:\n%s", filepath.Base(name), strings.Join(args, " "), tail(p.log.String(), 4000))
		}
	})
	return p
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
}

// stop is SIGTERM, and wants a clean end.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(busy):
		p.t.Fatalf("it did not stop within %s of SIGTERM", busy)
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Fatalf("it ended with code %d after SIGTERM", code)
	}
}

// server is a running kaohe with a gateway.
type server struct {
	*process
	data, http, grpc string
	patience         time.Duration // how long try waits for an answer; 0: for ever
}

// up runs `kaohe up` and waits until it is ready.
func up(t testing.TB, data string, more ...string) *server {
	t.Helper()
	return upWith(t, program, data, more...)
}

// upWith is up with another program.
func upWith(t testing.TB, program, data string, more ...string) *server {
	t.Helper()
	s := &server{data: data, http: port.Free(t), grpc: port.Free(t)}
	s.process = start(t, program, append([]string{"up", "--data", data, "--http", s.http, "--grpc", s.grpc}, more...)...)
	s.waitReady()
	return s
}

func (s *server) waitReady() {
	s.t.Helper()
	await(s.t, "ready", func() error {
		select {
		case <-s.done:
			s.t.Fatal("it ended before it was ready")
		default:
		}
		return s.ready()
	})
}

// ready asks once.
func (s *server) ready() error {
	response, err := http.Get("http://" + s.http + "/readyz")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(response.Body)
		return fmt.Errorf("%s: %s", response.Status, body)
	}
	return nil
}

// busy is how long is waited for anything that must come: no clock of what is
// fast, but more than the busiest machine needs.
const busy = 3 * time.Minute

// await asks again until there is no error.
func await(t testing.TB, what string, ask func() error) {
	t.Helper()
	deadline := time.Now().Add(busy)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not %s after %s: %v", what, busy, err)
		}
		<-tick.C
	}
}

func (s *server) token() string {
	s.t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.data, "admin.token"))
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

// call asks the REST API and decodes the answer.
func (s *server) call(method, path, body string, into any) int {
	s.t.Helper()
	code, err := s.try(method, path, body, into)
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

func (s *server) try(method, path, body string, into any) (int, error) {
	ctx := context.Background()
	if s.patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.patience)
		defer cancel()
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+s.http+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+s.token())
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return response.StatusCode, err
	}
	if into == nil {
		return response.StatusCode, nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return response.StatusCode, fmt.Errorf("%s %s: %s: %q", method, path, response.Status, tail(string(raw), 500))
	}
	return response.StatusCode, nil
}

// kaohe runs a command against the server and gives what it printed.
func (s *server) kaohe(args ...string) (string, error) {
	cmd := exec.Command(program, append(args, "--addr", s.grpc, "--data", s.data, "--lang", "en")...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (s *server) mustKaohe(args ...string) string {
	s.t.Helper()
	out, err := s.kaohe(args...)
	if err != nil {
		s.t.Fatalf("kaohe %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// verify runs `kaohe verify` and gives the hash both sides have.
func (s *server) verify(month string) string {
	s.t.Helper()
	out, err := s.kaohe("verify", "--month", month, "-o", "json")
	if err != nil {
		s.t.Fatalf("verify %s: %v\n%s", month, err, out)
	}
	var result struct {
		LiveHash    string `json:"liveHash"`
		LogHash     string `json:"logHash"`
		Same        bool   `json:"same"`
		LiveEntries string `json:"liveEntries"`
	}
	if err := json.Unmarshal([]byte(lastJSON(out)), &result); err != nil {
		s.t.Fatalf("verify printed %q: %v", out, err)
	}
	if !result.Same || result.LiveHash != result.LogHash || result.LiveHash == "" {
		s.t.Fatalf("verify %s: %+v", month, result)
	}
	return result.LiveHash
}

// lastJSON cuts the progress lines before a JSON document.
func lastJSON(out string) string {
	if at := strings.Index(out, "{"); at >= 0 {
		return out[at:]
	}
	return out
}

// entry is what the tests read of a ledger entry.
type entry struct {
	ID, Type, Unit, Month, Rule, Points, State, Fact, Part, Item, RulebookVersion, Effect, OccurredAt, Clause string
	Incident                                                                                                  struct{ Kind, ID string }
	Reason                                                                                                    struct{ Zh, En string }
	Proof                                                                                                     []string
}

// entries lists a month's ledger, page by page.
func (s *server) entries(month, query string) []entry {
	s.t.Helper()
	var all []entry
	for token := ""; ; {
		var page struct {
			Entries       []entry
			NextPageToken string
		}
		code := s.call("GET", "/v1/months/"+month+"/entries?page_size=1000&page_token="+token+"&"+query, "", &page)
		if code != http.StatusOK {
			s.t.Fatalf("list entries of %s: status %d", month, code)
		}
		all = append(all, page.Entries...)
		if token = page.NextPageToken; token == "" {
			return all
		}
	}
}

// lines gives the lines of a text.
func lines(text string) []string {
	var all []string
	for scanner := bufio.NewScanner(strings.NewReader(text)); scanner.Scan(); {
		all = append(all, scanner.Text())
	}
	return all
}
