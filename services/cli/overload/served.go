package overload

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// served is a kaohe in a process of its own.
type served struct {
	cmd     *exec.Cmd
	address string // http://host:port
	admin   string // token
}

var (
	listens = regexp.MustCompile(`http://[0-9.:]+`)
	errMute = errors.New("it did not say where it listens")
)

// start starts the program with a limit and waits until it serves.
func start(ctx context.Context, o Options, dir string) (*served, error) {
	cmd := exec.CommandContext(ctx, o.Program, "up", "--data", dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--log", "error")
	cmd.Env = append(os.Environ(), "KAOHE_LANG=en", "GOMEMLIMIT="+o.Memory)
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Program, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Program, err)
	}
	s := &served{cmd: cmd}
	lines := bufio.NewScanner(out)
	for s.address == "" && lines.Scan() {
		s.address = listens.FindString(lines.Text())
	}
	if s.address == "" {
		return nil, errors.Join(fmt.Errorf("start %s: %w", o.Program, errMute), s.stop())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	token, err := os.ReadFile(filepath.Join(dir, "admin.token"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the token: %w", err), s.stop())
	}
	s.admin = strings.TrimSpace(string(token))
	return s, nil
}

// stop stops it; what was measured needs no clean end.
func (s *served) stop() error {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it says that it was killed
	return nil
}

// call calls as the administrator.
func (s *served) call(ctx context.Context, method, path, body string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.address+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+s.admin)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s %s", method, path, answer.Status, text)
	}
	return text, err
}

// token makes a token of a feed.
func (s *served) token(ctx context.Context, name string) (string, error) {
	text, err := s.call(ctx, http.MethodPost, "/v1/tokens", fmt.Sprintf(`{"name":%q,"role":"ROLE_FEED"}`, name))
	if err != nil {
		return "", err
	}
	var made struct{ Secret string }
	if err := json.Unmarshal(text, &made); err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	return made.Secret, nil
}

// decided waits until all that was taken in is decided.
func (s *served) decided(ctx context.Context) error {
	_, err := s.call(ctx, http.MethodPost, "/v1/barriers", "{}")
	return err
}

// watchEvery is how often memory is looked at.
const watchEvery = 200 * time.Millisecond

// watch gives the most memory, in MiB, the process has until the context ends.
func (s *served) watch(ctx context.Context) <-chan float64 {
	most := make(chan float64, 1)
	go func() {
		top := 0.0
		for ctx.Err() == nil {
			top = max(top, s.resident(ctx))
			pause(ctx, watchEvery)
		}
		most <- top
	}()
	return most
}

var resident = regexp.MustCompile(`(?m)^process_resident_memory_bytes (\S+)`)

// resident gives what the process has resident, in MiB; 0: it is not known.
func (s *served) resident(ctx context.Context) float64 {
	text, err := s.call(ctx, http.MethodGet, "/metrics", "")
	if err != nil {
		return 0
	}
	found := resident.FindSubmatch(text)
	if found == nil {
		return 0
	}
	bytes, _ := strconv.ParseFloat(string(found[1]), 64)
	return bytes / (1 << 20)
}
