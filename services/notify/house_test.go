package notify_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/prometheus/client_golang/prometheus"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/embedded"
	"kaohe.dev/services/internal/secret"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/sqlitestore"
	"kaohe.dev/services/notify"
)

// house is real streams and documents, and a notifier on them.
type house struct {
	t     testing.TB
	bus   *bus.Bus
	store store.Store
	hooks *notify.Hooks
	dir   string

	mu    sync.Mutex
	card  *ledgerv1.Scorecard // what every month stands at
	fault func(string) error
	most  int64
	allow notify.Allow
	key   *secret.Key
}

func build(t testing.TB) *house {
	t.Helper()
	server, err := embedded.Start(embedded.Options{Dir: t.TempDir(), SyncEvery: time.Hour})
	must(t, err)
	t.Cleanup(func() { server.Stop() })
	b, err := bus.Connect(bus.Options{InProcess: server.Server})
	must(t, err)
	t.Cleanup(b.Close)
	must(t, b.Ensure(t.Context()))
	h := &house{t: t, bus: b, dir: t.TempDir()}
	h.key, err = secret.New("the key of this instance")
	must(t, err)
	h.store, err = sqlitestore.Open(t.Context(), filepath.Join(h.dir, "state"))
	must(t, err)
	t.Cleanup(func() { must(t, h.store.Close()) })
	must(t, h.store.Ensure(t.Context(), notify.Collections()...))
	h.allow, err = notify.ParseAllow([]string{"127.0.0.1"}) // where receivers of tests are
	must(t, err)
	h.hooks = notify.NewHooks(h.store, h.key, h.allow, time.Now)
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// quick retries within a test's patience.
func quick() notify.Retry {
	return notify.Retry{First: 10 * time.Millisecond, Longest: 50 * time.Millisecond, GiveUp: 30 * time.Second}
}

// start runs a notifier; what it gives stops it, and so does the end of the test.
func (h *house) start(retry notify.Retry) (stop func()) {
	h.t.Helper()
	n := h.notifier(retry)
	return func() { must(h.t, n.Stop(context.Background())) }
}

// notifier runs until it is stopped, at the latest by the end of the test.
func (h *house) notifier(retry notify.Retry) *notify.Notifier {
	h.t.Helper()
	n, err := notify.New(notify.Options{
		Bus: h.bus, Store: h.store, Retry: retry, Metrics: notify.NewMetrics(prometheus.NewRegistry()), MostPending: h.most,
		Timeout: 5 * time.Second, Allow: h.allow, Key: h.key,
		Scorecard: func(context.Context, string, string) (*ledgerv1.Scorecard, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			return h.card, nil
		},
		Fault: func(boundary string) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			if h.fault == nil {
				return nil
			}
			return h.fault(boundary)
		},
	})
	must(h.t, err)
	must(h.t, n.Start(h.t.Context()))
	h.t.Cleanup(func() { must(h.t, n.Stop(context.Background())) })
	return n
}

func (h *house) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

// hook registers a receiver, and lets it verify what it gets.
func (h *house) hook(r *receiver, filter *statev1.Webhook) string {
	h.t.Helper()
	filter.Name, filter.Url = "test", r.URL
	end, err := h.bus.End(h.t.Context(), bus.Ledger)
	must(h.t, err)
	filter.After = end
	id, secret, err := h.hooks.Create(h.t.Context(), filter)
	must(h.t, err)
	verifier, err := webhooks.NewWebhook(secret)
	must(h.t, err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.verifier = verifier
	return id
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

func posting(id string, change ...func(*ledgerv1.Entry)) *ledgerv1.Record {
	e := &ledgerv1.Entry{
		Id: id, Type: ledgerv1.EntryType_ENTRY_TYPE_POSTING, Unit: "chengqu", Month: "2026-03", Item: "CS10", Rule: "ticket_overdue",
		Points: "-5.00", Effect: ledgerv1.Effect_EFFECT_POINTS, Fact: "ticket_overdue/T/1", Ticket: "T",
		Incident: &ledgerv1.Incident{Kind: "ticket", Id: "T"}, OccurredAt: flow.At(time.Now()), DetectedAt: flow.At(time.Now()),
	}
	for _, c := range change {
		c(e)
	}
	return &ledgerv1.Record{Record: &ledgerv1.Record_Entry{Entry: e}}
}

func warning(id string) *ledgerv1.Record {
	return &ledgerv1.Record{Record: &ledgerv1.Record_Notice{Notice: &ledgerv1.Notice{
		Id: id, Type: ledgerv1.EntryType_ENTRY_TYPE_POSTING, Matter: "complaint/C/1", Level: factv1.AlertLevel_ALERT_LEVEL_WARNING,
		Unit: "chengqu", Month: "2026-03", Rule: "complaint_answered_late", Incident: &ledgerv1.Incident{Kind: "complaint", Id: "C"},
		OccurredAt: flow.At(time.Now()), DetectedAt: flow.At(time.Now()), Person: "Li",
	}}}
}

// receiver is a real HTTP server that verifies every request by the library of
// Standard Webhooks, and answers what it is told to.
type receiver struct {
	*httptest.Server
	t        testing.TB
	mu       sync.Mutex
	verifier *webhooks.Webhook
	answer   func(e event.Event, nth int) int
	taken    []event.Event
	seen     map[string]int
	got      chan struct{}
}

func receive(t testing.TB) *receiver {
	r := &receiver{t: t, seen: map[string]int{}, got: make(chan struct{}, 1)}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	raw, err := io.ReadAll(request.Body)
	if err != nil {
		r.t.Error(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.verifier.Verify(raw, request.Header); err != nil {
		r.t.Errorf("the signature is not right: %v", err)
	}
	e := event.New()
	if err := e.UnmarshalJSON(raw); err != nil {
		r.t.Errorf("no CloudEvent: %v in %s", err, raw)
	}
	if err := e.Validate(); err != nil {
		r.t.Errorf("no valid CloudEvent: %v in %s", err, raw)
	}
	if id := request.Header.Get("webhook-id"); id != e.ID() {
		r.t.Errorf("webhook-id %s of event %s", id, e.ID())
	}
	r.seen[e.ID()]++
	status := http.StatusNoContent
	if r.answer != nil {
		status = r.answer(e, r.seen[e.ID()])
	}
	if status < 300 {
		r.taken = append(r.taken, e)
	}
	w.WriteHeader(status)
	select {
	case r.got <- struct{}{}:
	default:
	}
}

func (r *receiver) answers(answer func(e event.Event, nth int) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func always(status int) func(event.Event, int) int {
	return func(event.Event, int) int { return status }
}

// ids gives what was taken, in order.
func (r *receiver) ids() (ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.taken {
		ids = append(ids, e.ID())
	}
	return ids
}

func (r *receiver) tries(id string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[id]
}

// waits until the receiver has taken exactly this, in order.
func (r *receiver) waits(want ...string) {
	r.t.Helper()
	await(r.t, func() error {
		if got := r.ids(); fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("taken %v, want %v", got, want)
		}
		return nil
	})
}

// data gives the notification in what was taken as the nth.
func (r *receiver) data(nth int) *apiv1.Notification {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	n := &apiv1.Notification{}
	must(r.t, protojson.Unmarshal(r.taken[nth].Data(), n))
	return n
}

// await asks again until there is no error, at most half a minute.
func await(t testing.TB, ask func() error) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		<-tick.C
	}
}

// letters waits until a webhook has so many deliveries in a state, and gives them.
func (h *house) letters(id, state string, n int) (found []*statev1.Delivery) {
	h.t.Helper()
	await(h.t, func() (err error) {
		found, _, err = h.hooks.Deliveries(h.t.Context(), id, state, nil, 1000)
		if err == nil && len(found) != n {
			err = fmt.Errorf("%d %s deliveries, want %d: %v", len(found), state, n, found)
		}
		return err
	})
	return found
}

var errCrash = errors.New("a crash, for the test")
