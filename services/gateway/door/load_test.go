package door

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/ingest"
)

// TestThereIsALimitToWhatIsAboutOneThing: a ticket takes so many events and
// bytes, whatever came before this door was opened; another ticket takes more.
func TestThereIsALimitToWhatIsAboutOneThing(t *testing.T) {
	h := build(t, time.Hour)
	kept := map[string]Load{"ticket/T9": {MaxKeyEvents - 10, 10}}
	d, err := New(Options{
		Bus: h.bus, Store: h.store, CustomerKey: []byte("key"), Now: func() time.Time { return now },
		Keys:    func(f *factv1.Fact) []string { return ingest.Service().Keys(f) },
		Measure: func(_ context.Context, key string) (Load, error) { return kept[key], nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, d) })
	said := func(ticket, text string, from, n int) (taken int, refused string) {
		for ; n > 0; n, from = n-100, from+100 {
			events := make([]*feedv1.Event, min(n, 100))
			for i := range events {
				events[i] = &feedv1.Event{
					Id: fmt.Sprint(ticket, "-", from+i), Source: "s", OccurredAt: at(0),
					Payload: &feedv1.Event_TicketSuspended{TicketSuspended: &feedv1.TicketSuspended{Ticket: ticket, Text: text}},
				}
			}
			for _, v := range push(t, d, events...) {
				if v.Status == accepted {
					taken++
				} else {
					refused = v.Error.GetCode() + " " + v.Error.GetReason()
				}
			}
		}
		return taken, refused
	}
	if taken, refused := said("T9", "", 0, 400); taken < 200 || taken > 310 || !strings.Contains(refused, "too_much_of_one") || !strings.Contains(refused, fmt.Sprint(MaxKeyEvents)) {
		t.Errorf("of a ticket that is nearly full %d more events were taken: %s", taken, refused)
	}
	if taken, refused := said("T1", strings.Repeat("长", 2000), 0, 700); taken < 400 || taken > 600 || !strings.Contains(refused, "too_much_of_one") {
		t.Errorf("%d events of 6 kB on one ticket were taken: %s", taken, refused)
	}
	if taken, refused := said("T2", "", 0, 500); taken != 500 {
		t.Errorf("another ticket: %d, %s", taken, refused)
	}
}

// TestAnEventIsNoLargerThanAMessage says the same of a single event.
func TestAnEventIsNoLargerThanAMessage(t *testing.T) {
	d := build(t, time.Hour).open(t)
	said := &feedv1.HallAssessed{Visit: "v", Unit: "u", Month: "2026-03", Method: feedv1.AssessmentMethod_ASSESSMENT_METHOD_INSPECTION, Person: "p"}
	for range 100 {
		said.Findings = append(said.Findings, &feedv1.Finding{Check: "c", Level: "l", Text: strings.Repeat("长", 2000)})
	}
	e := &feedv1.Event{Id: "large", Source: "s", OccurredAt: at(0), Payload: &feedv1.Event_HallAssessed{HallAssessed: said}}
	if got := push(t, d, e)[0]; got.Error.GetCode() != "event_too_large" || !strings.Contains(got.Error.Reason, fmt.Sprint(proto.Size(e))) {
		t.Errorf("%v", got)
	}
}
