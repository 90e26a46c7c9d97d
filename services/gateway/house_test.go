package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/app"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/certs"
	"kaohe.dev/services/internal/embedded"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/sqlitestore"
	"kaohe.dev/services/scoring"
)

const token = "a token for tests"

// house is a gateway with real streams and documents beneath it.
type house struct {
	t     testing.TB
	bus   *bus.Bus
	store store.Store
	g     *gateway.Gateway

	certificate *certs.Pair
	// change changes the options of what is opened; may be nil.
	change func(*gateway.Options)
}

// build makes streams and documents, without a gateway.
func build(t testing.TB) *house {
	t.Helper()
	server, err := embedded.Start(embedded.Options{Dir: t.TempDir(), SyncEvery: time.Hour})
	must(t, err)
	t.Cleanup(func() { server.Stop() })
	b, err := bus.Connect(bus.Options{InProcess: server.Server})
	must(t, err)
	t.Cleanup(b.Close)
	must(t, b.Ensure(t.Context()))
	s, err := sqlitestore.Open(t.Context(), t.TempDir())
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return &house{t: t, bus: b, store: s}
}

// open starts a gateway; it is stopped with the test, or by close.
func (h *house) open() *house {
	h.t.Helper()
	options := h.options()
	if h.change != nil {
		h.change(&options)
	}
	g, err := gateway.New(options)
	must(h.t, err)
	must(h.t, g.Start(h.t.Context()))
	h.g = g
	h.t.Cleanup(func() { h.close(g) })
	return h
}

func (h *house) options() gateway.Options {
	return gateway.Options{
		Bus: h.bus, Store: h.store, HTTP: "127.0.0.1:0", GRPC: "127.0.0.1:0", Token: token,
		Services: app.Services(), CustomerKey: []byte("key"), SecretsKey: "the key of this instance", Registry: prometheus.NewRegistry(),
		Certificate: h.certificate,
	}
}

func (h *house) close(g *gateway.Gateway) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	must(h.t, g.Stop(ctx))
}

// services runs all machines.
func (h *house) services() *house {
	h.t.Helper()
	names, machines := []string{}, []flow.Machine{}
	for _, s := range app.Services() {
		machines, names = append(machines, flow.NewMachine(s)), append(names, s.Name)
	}
	metrics := run.NewMetrics(prometheus.NewRegistry())
	for i, m := range append(machines, scoring.New()) {
		options := run.Options{
			Machine: m, Bus: h.bus, Store: h.store, Stream: bus.Facts, Upstream: names[:1],
			Now: time.Now, Logger: slog.New(slog.DiscardHandler), Metrics: metrics,
		}
		switch i {
		case 0:
			options.Stream, options.Upstream, options.Downstream = bus.Feed, nil, []string{scoring.Name}
		case len(machines):
			options.Upstream = names
		}
		runner, err := run.New(options)
		must(h.t, err)
		must(h.t, runner.Start(h.t.Context()))
		h.t.Cleanup(func() { must(h.t, runner.Stop(context.Background())) })
	}
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answer is what the API said.
type answer struct {
	code   int
	header http.Header
	body   string
}

func (a answer) into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("%v in %d %q", err, a.code, a.body)
	}
}

func (h *house) request(method, path, body string, headers ...string) *http.Request {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, "http://"+h.g.HTTPAddr()+path, strings.NewReader(body))
	must(h.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept-Language", "en")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func (h *house) call(method, path, body string, headers ...string) answer {
	h.t.Helper()
	response, err := http.DefaultClient.Do(h.request(method, path, body, headers...))
	must(h.t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	must(h.t, err)
	return answer{response.StatusCode, response.Header, string(raw)}
}

// verdicts pushes a body and gives the verdicts in short: A, D or R(code field).
func (h *house) verdicts(body string, headers ...string) string {
	h.t.Helper()
	a := h.call("POST", "/v1/events", body, headers...)
	if a.code != 200 {
		var problem struct{ Code, Message string }
		a.into(h.t, &problem)
		if problem.Message == "" {
			h.t.Fatalf("an error without a message: %d %s", a.code, a.body)
		}
		return fmt.Sprintf("%d %s", a.code, problem.Code)
	}
	var r struct {
		Verdicts []struct {
			Status string
			Error  struct{ Code, Field, Reason string }
		}
	}
	a.into(h.t, &r)
	var short []string
	for _, v := range r.Verdicts {
		s := strings.TrimPrefix(v.Status, "EVENT_STATUS_")[:1]
		if s == "R" {
			s += fmt.Sprintf("(%s %s)", v.Error.Code, v.Error.Field)
			if v.Error.Reason == "" {
				h.t.Fatalf("a refusal without a reason: %s", a.body)
			}
		}
		short = append(short, s)
	}
	return strings.Join(short, " ")
}

// record appends records to the ledger as scoring would.
func (h *house) record(records ...*ledgerv1.Record) {
	h.t.Helper()
	var messages []bus.Message
	for _, r := range records {
		raw, err := proto.Marshal(r)
		must(h.t, err)
		messages = append(messages, bus.Message{Subject: bus.LedgerRecords, Data: raw})
	}
	_, err := h.bus.Append(h.t.Context(), messages)
	must(h.t, err)
}

func posting(id, unit string) *ledgerv1.Record {
	return &ledgerv1.Record{Record: &ledgerv1.Record_Entry{Entry: &ledgerv1.Entry{
		Id: id, Type: ledgerv1.EntryType_ENTRY_TYPE_POSTING, Unit: unit, Month: "2026-03", Item: "CS10", Rule: "overdue",
		Points: "-5.00", Fact: "fact/" + id, Ticket: "T" + id,
	}}}
}

func reversal(of string) *ledgerv1.Record {
	r := posting("r"+of, "a")
	e := r.GetEntry()
	e.Type, e.Reverses, e.Points, e.Fact = ledgerv1.EntryType_ENTRY_TYPE_REVERSAL, of, "5.00", "fact/"+of
	return r
}

func scored(unit, total string) *ledgerv1.Record {
	return &ledgerv1.Record{Record: &ledgerv1.Record_Scorecard{Scorecard: &ledgerv1.Scorecard{Unit: unit, Month: "2026-03", Total: total}}}
}

// sse reads server-sent events.
type sse struct {
	t     testing.TB
	lines *bufio.Scanner
	end   func()
}

type sent struct {
	event, id, data string
}

func (h *house) stream(query, last string) *sse {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	r := h.request("GET", "/v1/stream?"+query, "").WithContext(ctx)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	response, err := http.DefaultClient.Do(r)
	must(h.t, err)
	if response.StatusCode != 200 {
		h.t.Fatalf("stream: %s", response.Status)
	}
	s := &sse{h.t, bufio.NewScanner(response.Body), func() { cancel(); _ = response.Body.Close() }}
	h.t.Cleanup(s.end)
	return s
}

// next gives the next event; ok is false when the stream ended.
func (s *sse) next() (e sent, ok bool) {
	for s.lines.Scan() {
		line := s.lines.Text()
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && e.data != "":
			return e, true
		case name == "event":
			e.event = value
		case name == "id":
			e.id = value
		case name == "data":
			e.data = value
		}
	}
	return e, false
}

// entries gives the ids of the next n entries, scores aside.
func (s *sse) entries(n int) (ids []string, last string) {
	s.t.Helper()
	for len(ids) < n {
		e, ok := s.next()
		if !ok {
			s.t.Fatalf("the stream ended after %v", ids)
		}
		last = e.id
		if e.event == "entry" {
			var entry struct{ ID string }
			must(s.t, json.NewDecoder(bytes.NewReader([]byte(e.data))).Decode(&entry))
			ids = append(ids, entry.ID)
		}
	}
	return ids, last
}
