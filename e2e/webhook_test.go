package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// told is what the tests read of a notification.
type told struct {
	ID, Type, Subject, Unit, Level string
	Data                           struct {
		Entry    struct{ ID, Rule, Clock string }
		Notice   struct{ ID, Matter, Person string }
		Standing struct{ Total string }
	}
}

// receiver is a server that is told, and refuses while it is down.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	down bool
	all  []told
}

func receive(t testing.TB) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		var one told
		raw, err := io.ReadAll(request.Body)
		if err == nil {
			err = json.Unmarshal(raw, &one)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil || r.down || request.Header.Get("webhook-signature") == "" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		r.all = append(r.all, one)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) isDown(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
}

// short gives type, subject and level of what was told, sorted.
func (r *receiver) short() (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.all {
		all = append(all, one.short())
	}
	slices.Sort(all)
	return all
}

func (t told) short() string {
	return strings.TrimPrefix(t.Type, "kaohe.") + " " + t.Subject + " " + t.Level
}

// once is short with what came again under an id it had taken out: a receiver
// takes each id once.
func (r *receiver) once() (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := map[string]bool{}
	for _, one := range r.all {
		if !seen[one.ID] {
			all = append(all, one.short())
		}
		seen[one.ID] = true
	}
	slices.Sort(all)
	return all
}

func (r *receiver) waits(t testing.TB, want ...string) {
	t.Helper()
	slices.Sort(want)
	await(t, "told", func() error {
		if got := r.short(); !slices.Equal(got, want) {
			return fmt.Errorf("told %q, want %q", got, want)
		}
		return nil
	})
}

// push sends events, given as JSON without id, source and brackets.
func (s *server) push(events ...string) {
	s.t.Helper()
	for i, e := range events {
		events[i] = fmt.Sprintf(`{"id":"e%d-%d","source":"test",%s}`, time.Now().UnixNano(), i, e)
	}
	var answer struct{ Accepted string }
	if code := s.call("POST", "/v1/events", "["+strings.Join(events, ",")+"]", &answer); code != http.StatusOK || answer.Accepted != fmt.Sprint(len(events)) {
		s.t.Fatalf("pushed %v: %d, %+v", events, code, answer)
	}
}

// The whole way: a complaint forwarded a day ago is told, warned of and late,
// each once, whatever restarts; while the receiver is down nothing is lost; a
// rebuild tells nothing again, and an import nothing at all.
func TestNotificationsFromEventToReceiver(t *testing.T) {
	t.Parallel()
	r := receive(t)
	data := filepath.Join(t.TempDir(), "data")
	s := up(t, data, "--webhook-retry", "100ms", "--webhook-allow", "127.0.0.1")
	secret := s.mustKaohe("webhook", "add", r.URL, "--name", "SMS")
	if !strings.Contains(secret, "whsec_") {
		t.Fatalf("add printed %q", secret)
	}
	var list struct {
		Webhooks []struct{ ID, Pending string }
	}
	if out := s.mustKaohe("webhook", "list", "-o", "json"); strings.Contains(out, "whsec_") || json.Unmarshal([]byte(out), &list) != nil {
		t.Fatalf("list printed %s", out)
	}
	id := list.Webhooks[0].ID
	s.mustKaohe("webhook", "test", id)
	ago := func(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339Nano) }
	for _, unit := range []string{"chengqu", "xiang"} {
		s.push(`"occurredAt":"2026-01-01T00:00:00Z","unitRegistered":{"unit":"` + unit + `","nameZh":"单位","kind":"UNIT_KIND_OUTLET","customers":"67"}`)
	}
	s.push(
		`"occurredAt":"`+ago(48*time.Hour)+`","complaintFiled":{"complaint":"C1","customer":"K","unit":"chengqu","cause":"COMPLAINT_CAUSE_OTHER","level":"COMPLAINT_LEVEL_HOTLINE"}`,
		`"occurredAt":"`+ago(25*time.Hour)+`","complaintForwarded":{"complaint":"C1","person":"李"}`)
	want := []string{
		"webhook.test  ", "notice.raised complaint/C1 information", "notice.raised complaint/C1 warning",
		"notice.raised complaint/C1 breach", "entry.posted complaint/C1 breach",
	}
	r.waits(t, want...)

	r.isDown(true)
	when := time.Now().Add(-time.Minute)
	quota := "month/" + when.In(time.FixedZone("CST", 8*3600)).Format("2006-01")
	event := func(what string) string { return `"occurredAt":"` + when.UTC().Format(time.RFC3339Nano) + `",` + what }
	fault := func(ticket, unit string) string {
		return event(`"ticketOpened":{"ticket":"` + ticket + `","kind":"TICKET_KIND_FAULT","unit":"` + unit + `"}`)
	}
	s.push(fault("T1", "chengqu"), fault("T2", "chengqu")) // 67 customers may report 1.005 faults
	await(t, "queued", func() error {
		if out := s.mustKaohe("webhook", "list", "-o", "json"); !strings.Contains(out, `"3"`) {
			return fmt.Errorf("not three wait: %s", out)
		}
		return nil
	})
	s.kill()
	s = up(t, data, "--webhook-retry", "100ms", "--webhook-allow", "127.0.0.1")
	r.isDown(false)
	want = append(want, "notice.raised "+quota+" warning", "notice.raised "+quota+" breach", "entry.posted "+quota+" breach")
	r.waits(t, want...)

	imported := `"clock":"import:x",`
	s.push(imported+fault("T3", "xiang"), imported+fault("T4", "xiang"), event(`"ticketMerged":{"ticket":"T2","into":"T1"}`))
	want = append(want, "notice.withdrawn "+quota+" breach", "entry.reversed "+quota+" breach")
	r.waits(t, want...)
	s.call("POST", "/v1/barriers", "{}", nil)
	s.stop()
	if out, ok := command(t, "rebuild", "--data", data); !ok {
		t.Fatalf("rebuild: %s", out)
	}
	s = up(t, data, "--webhook-allow", "127.0.0.1")
	s.push(event(`"ticketUnmerged":{"ticket":"T2"}`))
	r.waits(t, append(want, "notice.raised "+quota+" breach", "entry.posted "+quota+" breach")...)
}
