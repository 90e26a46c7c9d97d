package adversary

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNoTextAndNoHistoryStopsAService pushes what stopped services for good: NULs
// and other things nobody sees in ids and words, and 700 long replies to one
// ticket. What cannot be dealt with is refused with the reason, what is accepted
// is decided, also after a kill, and the disk does not fill.
func TestNoTextAndNoHistoryStopsAService(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := up(t, data)
	s.pushes(twoUnits)
	event := func(id, kind string, payload map[string]any) map[string]any {
		return map[string]any{"id": id, "source": "96766", "occurredAt": "2026-03-02T09:00:00+08:00", kind: payload}
	}
	opened := map[string]any{"ticket": "T1", "unit": "chengqu", "kind": "TICKET_KIND_FAULT"}
	codes := s.codes([]map[string]any{
		event("open", "ticketOpened", opened),
		event("a\x00b", "ticketResumed", map[string]any{"ticket": "T1"}),
		event("1", "ticketResumed", map[string]any{"ticket": "T1\x00"}),
		event("2", "ticketReplied", map[string]any{"ticket": "T1", "result": "REPLY_RESULT_DONE", "text": "done\x00"}),
		event("3", "ticketResumed", map[string]any{"ticket": "T\u200b1"}),
		event("4", "ticketResumed", map[string]any{"ticket": "=T1"}),
		event("5", "ticketResumed", map[string]any{"ticket": "../T1"}),
		event("6", "unitRegistered", map[string]any{"unit": "ChengQu", "nameZh": "城区", "kind": "UNIT_KIND_OUTLET"}),
		event("7", "ticketReplied", map[string]any{"ticket": "T1", "result": "REPLY_RESULT_IN_PROGRESS", "text": "line\n\tline\r\nline e\u0301"}),
	})
	want := " control_character control_character control_character invisible_character formula dots twin "
	if got := strings.Join(codes, " "); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	accepted, last := 0, ""
	for from := 0; from < 700; from += 25 {
		var events []map[string]any
		for i := range 25 {
			events = append(events, event(fmt.Sprint("long-", from+i), "ticketReplied", map[string]any{
				"ticket": "T1", "result": "REPLY_RESULT_IN_PROGRESS", "text": strings.Repeat("长", 4000),
			}))
		}
		for _, code := range s.codes(events) {
			if last = code; code == "" {
				accepted++
			}
		}
	}
	if accepted < 100 || accepted > 400 || last != "too_much_of_one" {
		t.Errorf("%d of 700 long replies were accepted, the last was answered %q", accepted, last)
	}
	decided := func() {
		if code := s.call("POST", "/v1/barriers", "{}", nil); code != http.StatusOK {
			t.Errorf("barrier: status %d", code)
		}
		must(t, s.ready())
	}
	decided()
	s.kill()
	s = up(t, data)
	s.pushes(`[{"id":"late","source":"96766","occurredAt":"2026-03-02T09:00:00+08:00","ticketOpened":{"ticket":"T2","kind":"TICKET_KIND_FAULT","unit":"chengqu","dueAt":"2026-03-03T09:00:00+08:00"}}]`)
	decided()
	var ledger struct{ Entries []struct{ Ticket string } }
	s.call("GET", "/v1/months/2026-03/entries?unit=chengqu", "", &ledger)
	if !slices.ContainsFunc(ledger.Entries, func(e struct{ Ticket string }) bool { return e.Ticket == "T2" }) {
		t.Errorf("entries: %+v", ledger.Entries)
	}
	if kept := size(t, data); kept > 256<<20 {
		t.Errorf("%d MB are kept of 8 MB of replies", kept>>20)
	}
}

// codes pushes events and gives why each was refused; empty: it was not.
func (s *server) codes(events []map[string]any) (codes []string) {
	s.t.Helper()
	body, err := json.Marshal(events)
	must(s.t, err)
	var answer struct {
		Verdicts []struct{ Error struct{ Code string } }
	}
	if code := s.call("POST", "/v1/events", string(body), &answer); code != http.StatusOK {
		s.t.Fatalf("push: status %d", code)
	}
	for _, v := range answer.Verdicts {
		codes = append(codes, v.Error.Code)
	}
	return codes
}

func size(t *testing.T, dir string) (bytes int64) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	}))
	return bytes
}
