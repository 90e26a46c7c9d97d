package whatif_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/replay"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/sla"
	"kaohe.dev/services/survey"
	"kaohe.dev/services/whatif"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func event(id, when string, set func(*feedv1.Event)) *feedv1.Event {
	e := &feedv1.Event{Id: id, Source: "s", OccurredAt: flow.At(at(when)), ReceivedAt: flow.At(at(when))}
	set(e)
	return e
}

func ticket(name, opened, closed string) []*feedv1.Event {
	return []*feedv1.Event{
		event(name+"o", opened, func(e *feedv1.Event) {
			e.Payload = &feedv1.Event_TicketOpened{TicketOpened: &feedv1.TicketOpened{
				Ticket: name, Kind: feedv1.TicketKind_TICKET_KIND_FAULT, Unit: "U",
				Commitment: &feedv1.TicketOpened_CommitmentClass{CommitmentClass: "urban-24h"},
			}}
		}),
		event(name+"c", closed, func(e *feedv1.Event) {
			e.Payload = &feedv1.Event_TicketClosed{TicketClosed: &feedv1.TicketClosed{Ticket: name}}
		}),
	}
}

// march is a unit's month with a ticket a little late, one very late, one whose
// deadline is near the end, and praise.
func march() []*feedv1.Event {
	return slices.Concat([]*feedv1.Event{
		event("u", "2026-01-01T00:00:00+08:00", func(e *feedv1.Event) {
			e.Payload = &feedv1.Event_UnitRegistered{UnitRegistered: &feedv1.UnitRegistered{
				Unit: "U", NameZh: "城区", Kind: feedv1.UnitKind_UNIT_KIND_CONTRACTOR, Customers: 1000,
			}}
		}),
		event("p", "2026-03-10T09:00:00+08:00", func(e *feedv1.Event) {
			e.Payload = &feedv1.Event_PraiseGiven{PraiseGiven: &feedv1.PraiseGiven{Unit: "U"}}
		}),
	},
		ticket("little", "2026-03-02T09:00:00+08:00", "2026-03-03T12:00:00+08:00"),
		ticket("very", "2026-03-05T09:00:00+08:00", "2026-03-09T09:00:00+08:00"),
		ticket("end", "2026-03-30T20:00:00+08:00", "2026-04-09T09:00:00+08:00"),
	)
}

func compare(t *testing.T, w replay.Window, changes ...string) *whatif.Comparison {
	t.Helper()
	text := string(rulebook.DefaultSource())
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			t.Fatalf("the default has no %q", changes[i])
		}
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	tried, err := rulebook.Load("", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	services := []flow.Service{ingest.Service(), sla.Service(), survey.Service()}
	recorded, err := replay.Record(t.Context(), services, march(), at("2026-05-01T00:00:00+08:00"), nil)
	if err != nil {
		t.Fatal(err)
	}
	both, err := recorded.Both(t.Context(), tried, w)
	if err != nil {
		t.Fatal(err)
	}
	return whatif.Compare(both, w)
}

func TestEveryChangeSaysWhy(t *testing.T) {
	version := []string{`version: "96766-1"`, `version: "new"`}
	inMarch := replay.Window{From: "2026-03", To: "2026-03"}
	for name, c := range map[string]struct {
		w       replay.Window
		changes []string
		want    []string
	}{
		"the same": {inMarch, nil, []string{"2026-03 88.00→88.00"}},
		"other points": {inMarch, []string{"points: -5\n    part: customer_service\n    item: CS10", "points: -1\n    part: customer_service\n    item: CS10"}, []string{
			"2026-03 88.00→100.00",
			"end -5.00→-1.00: points -5.00 become -1.00", "little -5.00→-1.00: points -5.00 become -1.00", "very -5.00→-1.00: points -5.00 become -1.00",
		}},
		"more time": {inMarch, []string{"within: 24h", "within: 30h"}, []string{
			"2026-03 88.00→98.00",
			"end -5.00→: by new it belongs to U in 2026-04",
			"little -5.00→: by new: due 2026-03-03 15:00, completed 2026-03-03 12:00, in time",
		}},
		"more time, with the month it moves to": {replay.Window{From: "2026-03", To: "2026-04"}, []string{"within: 24h", "within: 30h"}, []string{
			"2026-03 88.00→98.00",
			"end -5.00→: by new it belongs to U in 2026-04",
			"little -5.00→: by new: due 2026-03-03 15:00, completed 2026-03-03 12:00, in time",
			"2026-04 100.00→95.00",
			"end →-5.00: by 96766-1 it belongs to U in 2026-03",
		}},
		"no such rule": {inMarch, []string{"name: customer_praised", "name: praised"}, []string{
			"2026-03 88.00→88.00",
			" 3.00→: new has no rule customer_praised", " →3.00: 96766-1 has no rule praised",
		}},
		"another condition": {inMarch, []string{"on: ticket_overdue\n", "on: ticket_overdue\n    when: fact.category != ''\n"}, []string{
			"2026-03 88.00→103.00",
			"end -5.00→: by its rule ticket_overdue, new gives this no points", "little -5.00→: by its rule ticket_overdue, new gives this no points", "very -5.00→: by its rule ticket_overdue, new gives this no points",
		}},
		"the cliff": {inMarch, []string{"share: 1.5%", "share: 0.1%"}, []string{
			"2026-03 88.00→0.00", " →0.00: by 96766-1 the month as a whole does not ask for it",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			changes := c.changes
			if changes != nil {
				changes = append(slices.Clone(version), changes...)
			}
			var got []string
			for _, m := range compare(t, c.w, changes...).Months {
				got = append(got, fmt.Sprintf("%s %s→%s", m.Month, m.Old.Total, m.New.Total))
				for _, change := range m.Changes {
					e := change.New
					if e == nil {
						e = change.Old
					}
					got = append(got, fmt.Sprintf("%s %s→%s: %s", e.Ticket, change.Old.GetPoints(), change.New.GetPoints(), change.Why.En))
				}
			}
			want := slices.Clone(c.want)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func TestItemsOfEitherSheetAreShown(t *testing.T) {
	c := compare(t, replay.Window{From: "2026-03", To: "2026-03", Unit: "U"}, "{id: CS1, max: 2", "{id: CS0, max: 2")
	var found []string
	for _, i := range c.Months[0].Items {
		if i.Old == nil || i.New == nil {
			found = append(found, fmt.Sprintf("%s %s", i.ID(), i.Difference))
		}
	}
	if !slices.Equal(found, []string{"CS0 2", "CS1 -2"}) {
		t.Errorf("items %v", found)
	}
	if compare(t, replay.Window{From: "2026-03", To: "2026-03", Unit: "nobody"}).Months != nil {
		t.Error("a unit that was not asked about is told")
	}
}
