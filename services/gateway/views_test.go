package gateway_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/gateway"
)

// A browser that reconnects misses nothing and sees nothing twice.
func TestStreamResumesExactlyOnce(t *testing.T) {
	h := build(t).open()
	first := h.stream("month=2026-03", "")
	var want []string
	for i := range 100 {
		want = append(want, fmt.Sprint(i))
	}
	go func() {
		for _, id := range want {
			h.record(posting(id, "a"), posting(id, "a"), scored("a", id)) // said twice, as after a crash
		}
	}()
	got, last := first.entries(30)
	first.end()
	for len(got) < len(want) {
		n := min(17, len(want)-len(got))
		s := h.stream("month=2026-03", last)
		var more []string
		more, last = s.entries(n)
		s.end()
		got = append(got, more...)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("got %v", got)
	}
	all, _ := h.stream("month=2026-03", "0").entries(len(want))
	if !slices.Equal(all, want) {
		t.Fatalf("from the beginning: %v", all)
	}
}

func TestStreamGivesOnlyWhatIsAskedFor(t *testing.T) {
	h := build(t).open()
	s := h.stream("month=2026-03&unit=b", "0")
	h.record(posting("1", "a"), scored("a", "90"), posting("2", "b"), scored("b", "95"), posting("3", "a"), posting("4", "b"))
	if got, _ := s.entries(2); !slices.Equal(got, []string{"2", "4"}) {
		t.Fatalf("got %v", got)
	}
	again := h.stream("unit=b", "0")
	if got, _ := again.entries(2); !slices.Equal(got, []string{"2", "4"}) {
		t.Fatalf("from documents: %v", got)
	}
}

func TestStreamFromAPlaceThatIsNotThere(t *testing.T) {
	h := build(t).open()
	if a := h.call("GET", "/v1/stream?last_event_id=77", ""); a.code != 400 || !strings.Contains(a.body, "no_such_place") {
		t.Errorf("%d %s", a.code, a.body)
	}
	if a := h.call("GET", "/v1/stream", "", "Last-Event-ID", "x"); a.code != 400 || !strings.Contains(a.body, "bad_event_id") {
		t.Errorf("%d %s", a.code, a.body)
	}
}

func TestStopEndsStreams(t *testing.T) {
	h := build(t).open()
	s := h.stream("", "")
	h.close(h.g)
	if e, ok := s.next(); ok {
		t.Fatalf("got %v from a stopped gateway", e)
	}
	h.close(h.g) // twice is harmless
}

// list gives the ids of a month's entries, page by page.
func (h *house) list(query string, page int) (ids []string) {
	h.t.Helper()
	for token := ""; ; {
		a := h.call("GET", fmt.Sprintf("/v1/months/2026-03/entries?%s&page_size=%d&page_token=%s", query, page, token), "")
		var r struct {
			Entries []struct {
				ID, State, ReversedBy, Sequence string
				PostedAt                        time.Time
			}
			NextPageToken string
		}
		if a.into(h.t, &r); a.code != 200 {
			h.t.Fatalf("%d %s", a.code, a.body)
		}
		for _, e := range r.Entries {
			if e.Sequence == "" || e.PostedAt.IsZero() {
				h.t.Errorf("%s has no place or no instant", e.ID)
			}
			ids = append(ids, e.ID)
		}
		if token = r.NextPageToken; token == "" {
			return ids
		}
	}
}

func TestEntriesByFilterAndPage(t *testing.T) {
	h := build(t).open()
	s := h.stream("", "")
	other := posting("4", "b")
	other.GetEntry().Rule = "rework"
	h.record(posting("1", "a"), posting("2", "b"), posting("3", "a"), other, reversal("1"), posting("1", "a"), posting("5", "a"))
	s.entries(6)
	for query, want := range map[string]string{
		"": "1 2 3 4 r1 5", "unit=a": "1 3 r1 5", "rule=rework": "4", "unit=b&rule=overdue": "2",
		"state=active": "2 3 4 5", "state=reversed": "1 r1", "unit=a&state=active": "3 5", "unit=a&rule=overdue&state=reversed": "1 r1",
		"unit=nobody": "", "order_by=sequence+desc": "5 r1 4 3 2 1", "order_by=sequence+desc&unit=a": "5 r1 3 1",
	} {
		for _, page := range []int{1, 2, 100} {
			if got := strings.Join(h.list(query, page), " "); got != want {
				t.Errorf("%q by %d: %q, want %q", query, page, got, want)
			}
		}
	}
	if a := h.call("GET", "/v1/months/2026-03/entries?page_token=nonsense", ""); a.code != 400 || !strings.Contains(a.body, "bad_page_token") {
		t.Errorf("%d %s", a.code, a.body)
	}
	if a := h.call("GET", "/v1/months/2026-03/entries?order_by=points", ""); a.code != 400 || !strings.Contains(a.body, "order_by") {
		t.Errorf("%d %s", a.code, a.body)
	}
	if a := h.call("GET", "/v1/months/2026-03/entries?page_size=1001", ""); a.code != 400 || !strings.Contains(a.body, "page_size") {
		t.Errorf("%d %s", a.code, a.body)
	}
}

func TestViewsGoOnAfterARestart(t *testing.T) {
	h := build(t).open()
	s := h.stream("", "")
	h.record(posting("1", "a"))
	s.entries(1)
	h.close(h.g)
	h.record(reversal("1"), posting("2", "a"))
	h.open()
	if got := strings.Join(h.list("", 10), " "); got != "1 r1 2" {
		t.Fatalf("got %q", got)
	}
	if got := strings.Join(h.list("state=active", 10), " "); got != "2" {
		t.Fatalf("active: %q", got)
	}
}

func TestScorecardIsTheNewest(t *testing.T) {
	h := build(t).open()
	s := h.stream("", "")
	for i := range 50 {
		total := fmt.Sprintf("%d.00", 99-i)
		h.record(scored("a", total))
		if e, ok := s.next(); !ok || e.event != "score" {
			t.Fatalf("got %v", e)
		}
		var card struct{ Total string }
		if h.call("GET", "/v1/months/2026-03/scorecards/a", "").into(t, &card); card.Total != total {
			t.Fatalf("total %s, want %s", card.Total, total)
		}
	}
	if a := h.call("GET", "/v1/months/2026-03/scorecards/b", ""); a.code != 404 || !strings.Contains(a.body, "unknown_unit") {
		t.Errorf("unknown unit: %d %s", a.code, a.body)
	}
	var months struct{ Months []string }
	other := scored("a", "1")
	other.GetScorecard().Month = "2025-10"
	h.record(other)
	s.next()
	if h.call("GET", "/v1/months", "").into(t, &months); !slices.Equal(months.Months, []string{"2026-03", "2025-10"}) {
		t.Errorf("months %v", months.Months)
	}
}

// An entry that more is known of keeps its place and its id; nobody is told of
// it again, and it shows what proves it now.
func TestMoreProofIsShownWithoutTellingAnew(t *testing.T) {
	h := build(t).open()
	proved := func(by ...string) *ledgerv1.Record {
		return &ledgerv1.Record{Record: &ledgerv1.Record_ProofChanged{ProofChanged: &ledgerv1.ProofChanged{
			Entry: "1", Unit: "a", Month: "2026-03", Proof: by,
		}}}
	}
	s := h.stream("month=2026-03", "0")
	h.record(proved("of", "nothing"), posting("1", "a"), proved("s/filed"), proved("s/filed", "s/verified"), posting("2", "a"))
	if got, _ := s.entries(2); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("told of %v", got)
	}
	var page struct {
		Entries []struct {
			Proof []string
			State string
		}
	}
	h.call("GET", "/v1/months/2026-03/entries", "").into(t, &page)
	if want := []string{"s/filed", "s/verified"}; len(page.Entries) != 2 || !slices.Equal(page.Entries[0].Proof, want) || page.Entries[0].State != "ENTRY_STATE_ACTIVE" {
		t.Errorf("entries %+v, want two, the first active and proved by %v", page.Entries, want)
	}
}

func TestAPortInUseNamesTheAddress(t *testing.T) {
	h := build(t).open()
	options := h.options()
	options.HTTP = h.g.HTTPAddr()
	second, err := gateway.New(options)
	must(t, err)
	if err := second.Start(t.Context()); err == nil || !strings.Contains(err.Error(), h.g.HTTPAddr()) || !strings.Contains(err.Error(), "--http") {
		t.Fatalf("error %v", err)
	}
	if a := h.call("GET", "/v1/units", ""); a.code != 200 {
		t.Fatalf("the first one was harmed: %d", a.code)
	}
}
