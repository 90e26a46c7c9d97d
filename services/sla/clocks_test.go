package sla_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/calendar"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/sla"
	"kaohe.dev/services/words"
)

func record(t *testing.T, w *flowtest.World) *factv1.TicketRecorded {
	t.Helper()
	f := w.Fact("ticket_recorded/T")
	if f == nil {
		t.Fatal("the ticket is not recorded")
	}
	return f.GetTicketRecorded()
}

func only(t *testing.T, clocks []sla.Clock) sla.Clock {
	t.Helper()
	if len(clocks) != 1 {
		t.Fatalf("%d clocks, want 1", len(clocks))
	}
	return clocks[0]
}

func TestAClockListsEverySkippedIntervalWithTheHolidaysName(t *testing.T) {
	// 2026: New Year's Day off 1–3 January, Sunday the 4th is a working day.
	e := event("1", "12-31 16:00", imported, classed("office"))
	e.OccurredAt = timestamppb.New(at("12-31 16:00").AddDate(-1, 0, 0))
	r := record(t, run(t, flowtest.Event(e)))
	c := only(t, sla.Clocks(standard(), r, time.Time{}))
	if want := at("01-05 16:00"); c.Verdict != sla.Running || !c.DueAt.Equal(want) {
		t.Fatalf("%s, due %s; want running, due %s", c.Verdict, c.DueAt.In(shanghai), want)
	}
	holidays, makeUp := 0, false
	for i, span := range c.Spans {
		text := sla.SpanText(span)
		if text.Zh == "" || text.En == "" {
			t.Errorf("span %d has no words: %v", i, span)
		}
		if text.Zh == "元旦" && text.En == "New Year's Day" && !span.Counted() {
			holidays++
		}
		makeUp = makeUp || span.Reason == calendar.ReasonMakeUpDay && span.Counted()
	}
	if holidays == 0 || !makeUp {
		t.Errorf("spans name %d holidays, make-up day counted %t: %v", holidays, makeUp, c.Spans)
	}
	if first, last := c.Spans[0], c.Spans[len(c.Spans)-1]; !first.From.Equal(c.StartedAt) || !last.To.Equal(c.DueAt) {
		t.Errorf("spans cover %s to %s, want start to deadline", first.From, last.To)
	}
}

func TestAYearMissingFromTheCalendarIsAnAlarmNotAGuess(t *testing.T) {
	w := run(t, live("1", "12-31 16:00", classed("office")), now("12-31 23:00"))
	w.Do(flowtest.Clock("", at("12-31 23:00").AddDate(1, 0, 0)))
	holdsNot(t, w, overdue, "")
	c := only(t, sla.Clocks(standard(), record(t, w), at("12-31 23:00")))
	if c.Verdict != sla.Unknown || c.Reason.Code != "missing_calendar_year" || words.Check(c.Reason) != nil || !c.DueAt.IsZero() {
		t.Errorf("clock %+v, want unknown for the missing year", c)
	}
}

func TestAClassTheRulebookDoesNotKnowIsNotViolated(t *testing.T) {
	w := run(t, live("1", "01-05 10:00", classed("nosuch")), now("03-01 00:00"))
	holdsNot(t, w, overdue, "")
	if c := only(t, sla.Clocks(standard(), record(t, w), at("03-01 00:00"))); c.Verdict != sla.Unknown || c.Reason.Code != "unknown_class" {
		t.Errorf("clock %+v, want unknown for the class", c)
	}
}

func TestTheClockOfASuspendedTicketStands(t *testing.T) {
	w := run(t, old("1", "01-05 10:00", classed("day")), old("2", "01-05 12:00", suspended()))
	c := only(t, sla.Clocks(standard(), record(t, w), at("01-08 12:00")))
	if c.Verdict != sla.Running || c.Reason.Code != "suspended" || !c.DueAt.IsZero() {
		t.Errorf("clock %+v, want running and suspended", c)
	}
	last := c.Spans[len(c.Spans)-1]
	if last.Counted() || sla.SpanText(last).Zh != "挂起：天气" || !last.To.Equal(at("01-08 12:00")) {
		t.Errorf("last span %v, want suspended for the weather until now", last)
	}
}

func TestClocksAndFactsAgree(t *testing.T) {
	w := run(t, old("1", "01-05 10:00", promised("01-06 10:00")), old("2", "01-06 12:00", closed()))
	c := only(t, sla.Clocks(standard(), record(t, w), time.Time{}))
	if c.Name != "promise" || c.Verdict != sla.Violated || !proto.Equal(c.Reason, w.Fact(overdue).Reason) {
		t.Errorf("clock %+v, want what the fact says", c)
	}
	if len(sla.Clocks(standard(), &factv1.TicketRecorded{Ticket: "T"}, time.Time{})) != 0 {
		t.Error("a ticket without cycles has a clock")
	}
}

func TestADayIsTwentyFourHoursWhenTheLocalClockJumps(t *testing.T) {
	newYork := book("v1", "2000-01", 24*time.Hour)
	newYork.Zone = mustZone("America/New_York")
	policy := rulebook.NewPolicy([]*rulebook.Rulebook{newYork}, nil)
	start := time.Date(2026, 3, 7, 12, 0, 0, 0, newYork.Zone) // the night the clock is put forward
	e := event("1", "03-07 12:00", imported, classed("day"))
	e.OccurredAt.Seconds = start.Unix()
	w := flowtest.Run(t, policy, machines(), flowtest.Event(e), flowtest.Clock(imported, start.Add(24*time.Hour)))
	f := w.Fact(overdue)
	if f == nil || !f.OccurredAt.AsTime().Equal(start.Add(24*time.Hour)) {
		t.Fatalf("overdue %v, want 24 hours after %s", f, start)
	}
	if want := "due 2026-03-08 13:00, not completed by then"; words.Text(f.Reason).En != want {
		t.Errorf("reason %q, want %q", words.Text(f.Reason).En, want)
	}
}

func TestOneWorkingHourAWeekStillHasADeadline(t *testing.T) {
	rare, err := calendar.Spec{
		Name: "rare", Version: "1", Zone: "Asia/Shanghai", Holidays: "none",
		Week: &calendar.WeekSpec{Monday: []string{"09:00-09:30", "10:00-10:30"}},
	}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	sparse := book("v1", "2000-01", 24*time.Hour)
	sparse.Commitments["rare"] = rulebook.Commitment{Class: "rare", Within: 90 * time.Minute, Clock: calendar.WorkingTime(rare)}
	w := flowtest.Run(t, rulebook.NewPolicy([]*rulebook.Rulebook{sparse}, nil), machines(),
		old("1", "01-06 10:00", classed("rare")), asOf("01-19 09:30"))
	holds(t, w, overdue, "01-19 09:30") // Tuesday; Mondays 12th (1 h) and 19th (30 min)
}
