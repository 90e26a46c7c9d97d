package adversary

import (
	"bytes"
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

// program is bin/kaohe, built once.
var program string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "kaohe-adversary")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "kaohe")
	build := exec.Command("go", "build", "-o", program, "./cmd/kaohe")
	build.Dir = "../../services"
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build kaohe: %v\n%s", err, out)
		return 1
	}
	return m.Run()
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

// server is a running kaohe.
type server struct {
	t                testing.TB
	cmd              *exec.Cmd
	log              *output
	done             chan struct{}
	data, http, grpc string
}

// up runs `kaohe up` and waits until it is ready.
func up(t testing.TB, data string, more ...string) *server {
	t.Helper()
	s := launch(t, data, more...)
	await(t, "ready", s.ready)
	return s
}

// launch runs `kaohe up`; what it prints is shown when the test fails.
func launch(t testing.TB, data string, more ...string) *server {
	t.Helper()
	s := &server{t: t, log: &output{}, done: make(chan struct{}), data: data, http: port.Free(t), grpc: port.Free(t)}
	s.cmd = exec.Command(program, append([]string{"up", "--data", data, "--http", s.http, "--grpc", s.grpc}, more...)...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	must(t, s.cmd.Start())
	go func() {
		_ = s.cmd.Wait()
		close(s.done)
	}()
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			log := s.log.String()
			t.Logf("kaohe said:\n%s", log[max(0, len(log)-4000):])
		}
	})
	return s
}

// kill is kill -9.
func (s *server) kill() {
	_ = s.cmd.Process.Signal(syscall.SIGKILL)
	<-s.done
}

func (s *server) ready() error {
	select {
	case <-s.done:
		s.t.Fatal("it ended before it was ready")
	default:
	}
	return s.asked()
}

// asked asks once whether it is ready.
func (s *server) asked() error {
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

// await asks again until there is no error, at most two minutes.
func await(t testing.TB, what string, ask func() error) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not %s after two minutes: %v", what, err)
		}
		<-tick.C
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// admin is the administrator's token.
func (s *server) admin() string {
	s.t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.data, "admin.token"))
	must(s.t, err)
	return strings.TrimSpace(string(raw))
}

// call asks the REST API as the administrator, decodes the answer and gives its
// status.
func (s *server) call(method, path, body string, into any) int {
	s.t.Helper()
	request, err := http.NewRequest(method, "http://"+s.http+path, strings.NewReader(body))
	must(s.t, err)
	request.Header.Set("Authorization", "Bearer "+s.admin())
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	must(s.t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	must(s.t, err)
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			s.t.Fatalf("%s %s: %s: %q", method, path, response.Status, raw)
		}
	}
	return response.StatusCode
}

// pushes sends events and wants all of them accepted.
func (s *server) pushes(events string) {
	s.t.Helper()
	var answer struct {
		Rejected string
		Verdicts []struct{ Error struct{ Code, Field string } }
	}
	if code := s.call("POST", "/v1/events", events, &answer); code != http.StatusOK || answer.Rejected != "" {
		s.t.Fatalf("push: status %d, %+v", code, answer)
	}
}

// tokenOf makes a token of a role.
func (s *server) tokenOf(role string, units ...string) string {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"name": role, "role": "ROLE_" + strings.ToUpper(role), "units": units})
	must(s.t, err)
	var made struct{ Secret string }
	if code := s.call("POST", "/v1/tokens", string(body), &made); code != http.StatusOK || made.Secret == "" {
		s.t.Fatalf("make a token of %s: status %d", role, code)
	}
	return made.Secret
}
