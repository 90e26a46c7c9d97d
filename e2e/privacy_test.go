package e2e

import (
	"bytes"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The customer's own reference goes no further than the door: not into the
// streams, not into the documents, not into the log.
func TestNoPhoneNumberIsKept(t *testing.T) {
	t.Parallel()
	const phone = "13812345678"
	data := t.TempDir()
	s := up(t, data, "--log", "debug")
	events := `[{"id":"u","source":"registry","occurredAt":"2026-01-01T00:00:00Z","unitRegistered":{"unit":"chengqu","nameZh":"城区","kind":"UNIT_KIND_OUTLET"}},
{"id":"o","source":"96766","occurredAt":"2026-03-02T09:00:00+08:00","ticketOpened":{"ticket":"T1","kind":"TICKET_KIND_FAULT","unit":"chengqu","customer":"` + phone + `","dueAt":"2026-03-03T09:00:00+08:00"}},
{"id":"c","source":"96766","occurredAt":"2026-03-02T10:00:00+08:00","complaintFiled":{"complaint":"C1","customer":"` + phone + `","unit":"chengqu","cause":"COMPLAINT_CAUSE_ATTITUDE","level":"COMPLAINT_LEVEL_HOTLINE"}},
{"id":"p","source":"96766","occurredAt":"2026-03-02T10:00:00+08:00","praiseGiven":{"unit":"chengqu","customer":"` + phone + `"}},
{"id":"h","source":"96766","occurredAt":"2026-03-02T10:00:00+08:00","hallSurveyed":{"survey":"S1","unit":"chengqu","method":"SURVEY_METHOD_CALLBACK","customer":"` + phone + `","satisfied":true}},
{"id":"bad","source":"96766","occurredAt":"2026-03-02T10:00:00+08:00","ticketOpened":{"ticket":"T2","kind":"TICKET_KIND_FAULT","unit":"nowhere","customer":"` + phone + `"}},
{"id":"o","source":"96766","occurredAt":"2026-03-02T09:00:00+08:00","ticketOpened":{"ticket":"T3","kind":"TICKET_KIND_FAULT","unit":"chengqu","customer":"` + phone + `"}}]`
	var answer struct{ Accepted, Rejected string }
	if code := s.call("POST", "/v1/events", events, &answer); code != http.StatusOK || answer.Accepted != "5" || answer.Rejected != "2" {
		t.Fatalf("push: status %d, %+v", code, answer)
	}
	if code := s.call("POST", "/v1/barriers", "{}", nil); code != http.StatusOK {
		t.Fatalf("barrier: status %d", code)
	}
	s.stop()
	searched := 0
	err := filepath.WalkDir(data, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(name)
		searched += len(raw)
		if bytes.Contains(raw, []byte(phone)) {
			t.Errorf("%s holds the number", name)
		}
		return err
	})
	if err != nil || searched < 10_000 {
		t.Fatalf("searched %d bytes: %v", searched, err)
	}
	if strings.Contains(s.log.String(), phone) {
		t.Error("the log holds the number")
	}
}
