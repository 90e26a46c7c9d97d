package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/run"
)

// TestASheetTellsWhatIsSetAside: events that came past the door and can be kept
// in no document are set aside, the sheet of their unit and month says so; tried
// again they are set aside again, while all else goes on.
func TestASheetTellsWhatIsSetAside(t *testing.T) {
	h := build(t).services().open()
	if got := h.verdicts("[" + unit + "," + opened("1") + "]"); got != "A A" {
		t.Fatal(got)
	}
	at := timestamppb.New(time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC))
	for i := range 2 {
		data, err := proto.Marshal(&feedv1.Event{Id: fmt.Sprint("nul-", i), Source: "past the door", OccurredAt: at,
			Payload: &feedv1.Event_TicketOpened{TicketOpened: &feedv1.TicketOpened{
				Ticket: fmt.Sprint("T\x00", i), Unit: "chengqu", Kind: feedv1.TicketKind_TICKET_KIND_ENQUIRY}}})
		must(t, err)
		_, err = h.bus.Append(t.Context(), []bus.Message{{Subject: bus.FeedEvents, Data: data}})
		must(t, err)
	}
	sheet := func() string { return h.call(http.MethodGet, "/v1/months/2026-03/scorecards/chengqu", "").body }
	h.eventually("the sheet tells it", func() bool { return strings.Contains(sheet(), "2 inputs about this unit and month were set aside") })
	if other := h.call(http.MethodGet, "/v1/months/2026-02/scorecards/chengqu", "").body; strings.Contains(other, "set aside") {
		t.Errorf("another month says it too: %s", other)
	}
	var page struct {
		Items []struct {
			ID          string `json:"id"`
			Failed      bool
			Unit, Month string
		}
	}
	h.call(http.MethodGet, "/v1/quarantine", "").into(t, &page)
	if len(page.Items) != 2 || !page.Items[0].Failed || page.Items[0].Unit != "chengqu" || page.Items[0].Month != "2026-03" {
		t.Fatalf("quarantine: %+v", page)
	}
	if a := h.call(http.MethodPost, "/v1/quarantine:retry", `{"id":"ticket-ingest:1"}`); a.code != http.StatusNotFound {
		t.Errorf("an id that is not there: %d %s", a.code, a.body)
	}
	if a := h.call(http.MethodPost, "/v1/quarantine:retry", `{}`); !strings.Contains(a.body, `"retried":2`) {
		t.Fatalf("retry: %d %s", a.code, a.body)
	}
	h.eventually("the sheet tells it", func() bool {
		counts, err := run.FailedAbout(t.Context(), h.store, "ticket-ingest")
		must(t, err)
		var again struct{ Items []struct{ ID string } }
		h.call(http.MethodGet, "/v1/quarantine", "").into(t, &again)
		return len(again.Items) == 2 && again.Items[0].ID > page.Items[1].ID && counts[run.About{Unit: "chengqu", Month: "2026-03"}] == 2
	})
	if got := h.verdicts("[" + opened("2") + "]"); got != "A" {
		t.Errorf("what comes later: %s", got)
	}
	h.call(http.MethodPost, "/v1/barriers", "{}")
}

// TestTheViewsGoOnWithoutWhatTheyCannotShow: an entry that no document can keep
// is left out, those around it are shown.
func TestTheViewsGoOnWithoutWhatTheyCannotShow(t *testing.T) {
	h := build(t).open()
	h.record(posting("before", "chengqu"), posting("no\x00key", "chengqu"), posting("after", "chengqu"))
	h.eventually("the entry behind it is shown", func() bool { return h.call(http.MethodGet, "/v1/entries/after", "").code == http.StatusOK })
	if a := h.call(http.MethodGet, "/v1/entries/before", ""); a.code != http.StatusOK {
		t.Errorf("the entry before it: %d %s", a.code, a.body)
	}
}
