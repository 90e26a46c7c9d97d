package escalation_test

import (
	"slices"
	"testing"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

func TestRework(t *testing.T) {
	done := start.Add(time.Hour)
	week := done.Add(7 * day)
	enquiry := func(t *factv1.TicketRecorded) { t.Kind = feedv1.TicketKind_TICKET_KIND_ENQUIRY }
	for _, c := range []struct {
		name  string
		facts []*factv1.Fact
		want  string
	}{
		{"exactly 7 days after closing", []*factv1.Fact{fault("A", start, closed(done)), fault("B", week)}, "A/again/B U 2026-02"},
		{"7 days and a second", []*factv1.Fact{fault("A", start, closed(done)), fault("B", week.Add(time.Second))}, ""},
		{"at the closing", []*factv1.Fact{fault("A", start, closed(done)), fault("B", done)}, "A/again/B U 2026-02"},
		{"a second before the closing", []*factv1.Fact{fault("A", start, closed(done)), fault("B", done.Add(-time.Second))}, ""},
		{"not closed", []*factv1.Fact{fault("A", start), fault("B", week)}, ""},
		{"another category", []*factv1.Fact{fault("A", start, closed(done)), fault("B", week, ticketOf("C", "noise"))}, ""},
		{"no category", []*factv1.Fact{
			fault("A", start, closed(done), ticketOf("C", "")), fault("B", week, ticketOf("C", ""))}, ""},
		{"another customer", []*factv1.Fact{fault("A", start, closed(done)), fault("B", week, ticketOf("D", "no signal"))}, ""},
		{"no customer", []*factv1.Fact{
			fault("A", start, closed(done), ticketOf("", "x")), fault("B", week, ticketOf("", "x"))}, ""},
		{"an enquiry follows", []*factv1.Fact{fault("A", start, closed(done)), fault("B", week, enquiry)}, ""},
		{"an enquiry came before", []*factv1.Fact{fault("A", start, closed(done), enquiry), fault("B", week)}, ""},
		{"the new one is cancelled", []*factv1.Fact{fault("A", start, closed(done)), fault("B", week, cancelled(week))}, ""},
		{"the new one is merged away", []*factv1.Fact{fault("A", start, closed(done)), fault("B", week, merged("A", week))}, ""},
		{"the old one is merged away", []*factv1.Fact{fault("A", start, closed(done), merged("X", done)), fault("B", week)}, ""},
		{"only the nearest", []*factv1.Fact{
			fault("A", start, closed(done)), fault("B", start, closed(done.Add(time.Second))), fault("E", done.Add(day))},
			"B/again/E U 2026-02"},
		{"the nearest is cancelled", []*factv1.Fact{
			fault("A", start, closed(done)), fault("B", start, closed(done.Add(time.Second)), cancelled(done)), fault("E", done.Add(day))},
			"A/again/E U 2026-02"},
		{"who held it at the closing", []*factv1.Fact{
			fault("A", start, transferred("V", done), closed(done), transferred("W", done.Add(time.Second))), fault("B", week)},
			"A/again/B V 2026-02"},
		{"closed and opened in one instant", []*factv1.Fact{
			fault("A", start, closed(start)), fault("B", start, closed(start))}, "A/again/B U 2026-01"},
		{"reopened twice", []*factv1.Fact{
			fault("A", start, closed(start), reopened(start, "U"), closed(done), reopened(done, "V"))}, "A/1 U 2026-01\nA/2 V 2026-02"},
		{"a reopening stays after cancelling", []*factv1.Fact{
			fault("A", start, closed(start), reopened(start, "U"), cancelled(done))}, "A/1 U 2026-01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := holds(run(t, c.facts...), flow.TicketReworked); got != c.want {
				t.Errorf("holds %q, want %q", got, c.want)
			}
		})
	}
}

// Case 22 of the collection: rework counts once for each reopening.
func TestCase22ReworkCountsOncePerReopening(t *testing.T) {
	done := start.Add(time.Hour)
	w := run(t, fault("A", start, closed(start)))
	again := revised(2, fault("A", start, closed(start), reopened(done, "U")))
	say(w, again, again)
	say(w, revised(3, fault("A", start, closed(start), reopened(done, "U"), closed(done.Add(day)))))
	if got, want := holds(w, flow.TicketReworked), "A/1 U 2026-02"; got != want {
		t.Errorf("holds %q, want %q", got, want)
	}
	if got := len(w.Said); got != 1 {
		t.Errorf("said %d facts, want 1:\n%s", got, w.Transcript())
	}
}

func TestARepeatIsTakenBackWhenTheNewReportIsMergedAway(t *testing.T) {
	done := start.Add(time.Hour)
	w := run(t, fault("B", done.Add(day)), fault("A", start, closed(done)))
	repeat := w.Fact("ticket_reworked/A/again/B")
	if want := []string{"s/A-closed", "s/B"}; !slices.Equal(repeat.GetProof(), want) {
		t.Errorf("proof %v, want %v", repeat.GetProof(), want)
	}
	alone := fault("B", done.Add(day))
	away := fault("B", done.Add(day), merged("A", done.Add(day)))
	say(w, gone(2, alone), revised(3, away))
	if w.Fact("ticket_reworked/A/again/B") != nil {
		t.Error("holds after the merge")
	}
	say(w, gone(4, away), revised(5, alone))
	if w.Fact("ticket_reworked/A/again/B") == nil {
		t.Error("does not hold again after the un-merge")
	}
}
