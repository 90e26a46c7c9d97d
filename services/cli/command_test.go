package cli_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kaohe.dev/services/app"
	"kaohe.dev/services/cli"
)

// screen is a writer that can be read while a command runs.
type screen struct {
	mu    sync.Mutex
	text  bytes.Buffer
	wrote chan struct{}
}

func newScreen() *screen { return &screen{wrote: make(chan struct{}, 1)} }

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.wrote <- struct{}{}:
	default:
	}
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until the screen shows a text.
func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	limit := time.After(time.Minute)
	for !strings.Contains(s.String(), text) {
		select {
		case <-s.wrote:
		case <-limit:
			t.Fatalf("after a minute it shows %q, want %q", s.String(), text)
		}
	}
}

// client runs commands against a running kaohe.
type client struct {
	t         *testing.T
	app       *app.App
	addr, dir string
}

func running(t *testing.T, dir, grpc string) *client {
	t.Helper()
	config := app.Defaults()
	config.Data, config.HTTP, config.GRPC = dir, "127.0.0.1:0", grpc
	a, err := app.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return &client{t: t, app: a, addr: a.GRPCAddr(), dir: dir}
}

func (c *client) args(args []string) []string {
	return append(args, "--addr", c.addr, "--data", c.dir, "--lang", "en")
}

func run(ctx context.Context, in string, args ...string) (code int, out, err string) {
	var stdout, stderr bytes.Buffer
	code = cli.Run(ctx, args, cli.Terminal{In: strings.NewReader(in), Out: &stdout, Err: &stderr, Getenv: func(string) string { return "" }})
	return code, stdout.String(), stderr.String()
}

func (c *client) run(in string, args ...string) (int, string, string) {
	c.t.Helper()
	return run(c.t.Context(), in, c.args(args)...)
}

// must runs a command that succeeds, and gives what it printed.
func (c *client) must(in string, args ...string) string {
	c.t.Helper()
	code, out, err := c.run(in, args...)
	if code != 0 {
		c.t.Fatalf("kaohe %s: exit %d: %s", strings.Join(args, " "), code, err)
	}
	return out
}

const feed = `{"id":"u1","source":"mine","occurredAt":"2026-01-01T00:00:00+08:00","unitRegistered":{"unit":"chengqu","nameZh":"城区营业部","nameEn":"Urban outlet","kind":"UNIT_KIND_OUTLET","customers":"20000"}}

{"id":"t1","source":"mine","occurredAt":"2026-03-02T09:00:00+08:00","ticketOpened":{"ticket":"T1","kind":"TICKET_KIND_FAULT","category":"no signal","unit":"chengqu","customer":"C1","dueAt":"2026-03-03T09:00:00+08:00"}}
`

const praise = `{"id":"p1","source":"mine","occurredAt":"2026-03-05T09:00:00+08:00","praiseGiven":{"unit":"chengqu"}}
`

func TestTheMainJobOnTheCommandLine(t *testing.T) {
	c := running(t, t.TempDir(), "127.0.0.1:0")
	c.must(feed, "push")
	watched := newScreen()
	watching, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(watching, c.args([]string{"watch", "--after", "0"}),
			cli.Terminal{In: strings.NewReader(""), Out: watched, Err: watched, Getenv: func(string) string { return "" }})
	}()
	watched.await(t, "-5.00")
	watched.await(t, "97.50")
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("watch ended with %d", code)
	}

	entries, err := csv.NewReader(strings.NewReader(c.must("", "ledger", "--month", "2026-03", "-o", "csv"))).ReadAll()
	if err != nil || len(entries) != 2 || entries[1][3] != "-5.00" {
		t.Fatalf("ledger %v, error %v", entries, err)
	}
	c.must("", "objection", "raise", entries[1][8], "--grounds", "late-paper")
	for command, wants := range map[string][]string{
		"units":                                 {"chengqu", "Urban outlet", "20000"},
		"scores --month 2026-03":                {"Urban outlet", "97.50", "1 / 300"},
		"scores --month 2026-03 --unit chengqu": {"CS10", "total 97.50", "repair quota"},
		"explain " + entries[1][8]:              {"-5.00", "overdue ticket", "mine/t1", "六.1"},
		"ticket T1":                             {"ticket opened", "violated", "-5.00"},
		"quarantine":                            {"(none)"},
		"month status --month 2026-03":          {"2026-03  open", "items nobody assessed: 11", "97.50"},
		"objection list --month 2026-03":        {"late-paper", "ticket_overdue"},
		"month late --month 2026-03":            {"(none)"},
		"verify --month 2026-03":                {"the same"},
		"audit --what ticket_opened":            {"admin", "ticket opened", "ticket=T1", "mine/t1"},
	} {
		out := c.must("", strings.Fields(command)...)
		for _, want := range wants {
			if !strings.Contains(out, want) {
				t.Errorf("kaohe %s shows\n%s\nwant %q", command, out, want)
			}
		}
		if strings.Contains(out, "\x1b") {
			t.Errorf("kaohe %s colours what is no terminal", command)
		}
		var any map[string]any
		if err := json.Unmarshal([]byte(c.must("", append(strings.Fields(command), "-o", "json")...)), &any); err != nil {
			t.Errorf("kaohe %s -o json: %v", command, err)
		}
	}
	if code, _, err := c.run("", "ticket", "nowhere"); code != 1 || !strings.Contains(err, "nowhere") {
		t.Errorf("an unknown ticket: exit %d, %q", code, err)
	}
}

func TestPushNamesTheLinesItRefused(t *testing.T) {
	c := running(t, t.TempDir(), "127.0.0.1:0")
	in := feed + strings.Replace(praise, "chengqu", "nowhere", 1) + "nonsense\n" + praise
	code, _, err := c.run(in, "push", "--batch", "2")
	for _, want := range []string{"-:4: p1: praise_given.unit=nowhere", "-:5: not an event as JSON", "accepted 3, duplicates 0, rejected 2"} {
		if !strings.Contains(err, want) {
			t.Errorf("push said %q, want %q", err, want)
		}
	}
	if code != 1 {
		t.Errorf("exit %d, want 1", code)
	}
	if _, _, err := c.run(feed+praise, "push"); !strings.Contains(err, "accepted 0, duplicates 3, rejected 0") {
		t.Errorf("pushed twice: %q", err)
	}
}

func TestWatchGoesOnWhereItWasAfterARestart(t *testing.T) {
	dir := t.TempDir()
	c := running(t, dir, "127.0.0.1:0")
	shown := newScreen()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, c.args([]string{"watch", "--after", "0"}),
			cli.Terminal{In: strings.NewReader(""), Out: shown, Err: shown, Getenv: func(string) string { return "" }})
	}()
	c.must(feed, "push")
	shown.await(t, "-5.00")
	if err := c.app.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	shown.await(t, "connecting again")
	again := running(t, dir, c.addr)
	again.must(praise, "push")
	shown.await(t, "3.00")
	if n := strings.Count(shown.String(), "  -5.00  "); n != 1 {
		t.Errorf("the first entry is shown %d times:\n%s", n, shown)
	}
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("watch ended with %d", code)
	}
}

func TestAnUnreachableServerSaysHowToStartOne(t *testing.T) {
	code, _, err := run(t.Context(), "", "units", "--addr", "127.0.0.1:1", "--token", "x", "--lang", "en")
	if code != 1 || !strings.Contains(err, "kaohe up") || !strings.Contains(err, "127.0.0.1:1") {
		t.Errorf("exit %d, said %q", code, err)
	}
	code, _, err = run(t.Context(), "", "units", "--data", t.TempDir(), "--lang", "zh")
	if code != 1 || !strings.Contains(err, "没有访问令牌") {
		t.Errorf("without a token: exit %d, said %q", code, err)
	}
}

func TestAWrongTokenSaysWhatToDo(t *testing.T) {
	c := running(t, t.TempDir(), "127.0.0.1:0")
	code, _, err := c.run("", "units", "--token", "wrong")
	if code != 1 || !strings.Contains(err, "--data") {
		t.Errorf("exit %d, said %q", code, err)
	}
}

func TestUpSaysWhereToLookAndStopsCleanly(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, dir := newScreen(), filepath.Join(t.TempDir(), "data")
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, []string{"up", "--data", dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--lang", "en"},
			cli.Terminal{In: strings.NewReader(""), Out: out, Err: out, Getenv: func(string) string { return "" }})
	}()
	out.await(t, "stop with Ctrl-C")
	token, err := os.ReadFile(filepath.Join(dir, "admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), strings.TrimSpace(string(token))) {
		t.Error("the token is printed where it would stay in a log")
	}
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("it ended with %d: %s", code, out)
	}
}

func TestRulebookCheckShowsTheLineAndTheRemedy(t *testing.T) {
	code, shown, _ := run(t.Context(), "", "rulebook", "show")
	if code != 0 || !strings.Contains(shown, "version:") {
		t.Fatalf("show: exit %d, %q", code, shown)
	}
	if code, out, err := run(t.Context(), shown, "rulebook", "check", "-", "--lang", "en"); code != 0 || !strings.Contains(out, "can be used") {
		t.Errorf("the default: exit %d, %s %s", code, out, err)
	}
	broken := strings.Replace(shown, "effective_month:", "effective_moon:", 1)
	code, out, _ := run(t.Context(), broken, "rulebook", "check", "-", "--lang", "en")
	if code != 1 || !strings.Contains(out, "line ") || !strings.Contains(out, "effective_moon") {
		t.Errorf("a broken one: exit %d, %s", code, out)
	}
}

func TestTheDemoPlaysAMonthOfSixUnits(t *testing.T) {
	if testing.Short() {
		t.Skip("it plays a whole month")
	}
	dir := filepath.Join(t.TempDir(), "demo")
	code, out, err := run(t.Context(), "", "demo", "--speed", "0", "--once", "--month", "2026-03", "--data", dir,
		"--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--lang", "en")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	last := lines[len(lines)-1]
	if code != 0 || !strings.HasPrefix(last, "2026-04-01 00:00  ") || !strings.Contains(out, "#token=") {
		t.Fatalf("exit %d, %s\n%s", code, err, out)
	}
	for _, unit := range []string{"Town outlet", "New district outlet", "Yaozhou outlet", "Yijun outlet", "Station outlet", "Maintenance contractor"} {
		if !strings.Contains(last, unit) {
			t.Errorf("the last line %q lacks %s", last, unit)
		}
	}
}
