package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"kaohe.dev/e2e/port"
)

// restart starts the server again where it was.
func (s *server) restart(more ...string) {
	s.t.Helper()
	s.process = start(s.t, program, append([]string{"up", "--data", s.data, "--http", s.http, "--grpc", s.grpc}, more...)...)
	s.waitReady()
}

// units tells how many units are known.
func (s *server) units() (int, error) {
	var answer struct{ Units []struct{ Unit string } }
	code, err := s.try("GET", "/v1/units", "", &answer)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("status %d", code)
	}
	return len(answer.Units), err
}

// known wants a unit to be known: the first events came through.
func (s *server) known() error {
	if n, err := s.units(); err != nil || n == 0 {
		return fmt.Errorf("%d units: %w", n, err)
	}
	return nil
}

// pipe is a file that is read as it is written.
func pipe(t testing.TB) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// rows are requests in the layout of boston311, each of them late.
func rows(from, to int) string {
	var text strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&text, "%d,03/02/2026 09:00:00 AM,Signal,NORTH,Call,03/03/2026 09:00:00 AM,,,\n", i)
	}
	return text.String()
}

// The server is killed in the middle of a push and of an import, and comes back:
// the command says that it waits, goes on by itself, ends well, and nothing is
// missing or there twice.
func TestACommandWaitsForAServerThatComesBack(t *testing.T) {
	const all, first = 6000, 2500
	header := "CASE_ENQUIRY_ID,OPEN_DT,TYPE,Department,Source,TARGET_DT,CLOSED_DT,CLOSURE_CODE,OnTime_Status\n"
	unit := `{"id":"u","source":"registry","occurredAt":"2026-01-01T00:00:00Z","unitRegistered":{"unit":"chengqu","nameZh":"城区","kind":"UNIT_KIND_OUTLET"}}` + "\n"
	tickets := func(from, to int) string {
		return strings.ReplaceAll(strings.Trim(overdue(from, to), "[]"), "}},{", "}}\n{") + "\n"
	}
	for name, c := range map[string]struct {
		args          []string
		before, after string
	}{
		"push": {[]string{"push", "--batch", "500"}, unit + tickets(0, first), tickets(first, all)},
		"import": {[]string{"import", "--map", "boston311", "--as-of", "2026-04-20T00:00:00Z", "--create-units", "--rejects", "/dev/null"},
			header + rows(0, first), rows(first, all)},
	} {
		t.Run(name, func(t *testing.T) {
			s := up(t, t.TempDir())
			file := pipe(t)
			p := start(t, program, append(c.args, "--addr", s.grpc, "--data", s.data, "--lang", "en", file)...)
			out, err := os.OpenFile(file, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			write := func(text string) {
				if _, err := out.WriteString(text); err != nil {
					t.Error(err)
				}
			}
			write(c.before)
			await(t, "begun", s.known)
			s.kill()
			go func() { write(c.after); _ = out.Close() }()
			await(t, "told that it waits", func() error {
				if !strings.Contains(p.log.String(), "trying again in") {
					return errors.New(tail(p.log.String(), 300))
				}
				return nil
			})
			s.restart()
			<-p.done
			if code := p.cmd.ProcessState.ExitCode(); code != 0 {
				t.Fatalf("it ended with code %d", code)
			}
			if code := s.call("POST", "/v1/barriers", `{}`, nil); code != http.StatusOK {
				t.Fatalf("barrier: status %d", code)
			}
			if n := len(s.entries(demoMonth, "state=active&rule=ticket_overdue")); n != all {
				t.Errorf("%d tickets are overdue, want %d", n, all)
			}
			s.verify(demoMonth)
		})
	}
}

// Who has never answered is not waited for.
func TestACommandTellsAtOnceThatNobodyIsThere(t *testing.T) {
	s := &server{process: &process{t: t}, data: t.TempDir(), grpc: port.Free(t)}
	if err := os.WriteFile(filepath.Join(s.data, "admin.token"), []byte("token"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := write(t, "one.ndjson", strings.Trim(overdue(0, 1), "[]"))
	if out, err := s.kaohe("push", file); err == nil || !strings.Contains(out, "cannot be reached") || strings.Contains(out, "trying again") {
		t.Errorf("%v\n%s", err, out)
	}
}

// The page says that the server is away, comes back with it, and shows what
// happened meanwhile, without being loaded anew.
func TestThePageComesBackByItself(t *testing.T) {
	path := findBrowser(t)
	s := up(t, t.TempDir())
	s.pushes(aMonth)
	b := view(t, path, s, s.token(), "en")
	b.shows("#live", "Live")
	b.shows("#count", "entries")
	before := b.text("#count")
	s.kill()
	b.shows("#live", "Reconnecting")
	s.restart()
	s.pushes(overdue(2, 3))
	b.shows("#live", "Live")
	await(t, "shown what happened meanwhile", func() error {
		if after := b.text("#count"); after == before || after == "" {
			return fmt.Errorf("%q, as before", after)
		}
		return nil
	})
}
