package scoring_test

import (
	"slices"
	"testing"
	"time"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
	"kaohe.dev/services/words"
)

// tenth is when January had to be published: the end of 10 February in China.
var tenth = time.Date(2026, 2, 10, 16, 0, 0, 0, time.UTC)

const missed = "+ ALERT_LEVEL_BREACH publication/U/2026-01"

// decided is a decision about January, when it came.
func decided(at time.Time, set func(*feedv1.Event)) flowtest.Input {
	e := &feedv1.Event{Id: "d" + at.String(), Source: "desk", OccurredAt: flow.At(at), ReceivedAt: flow.At(at)}
	set(e)
	return flowtest.Event(e)
}

func closes(e *feedv1.Event) {
	e.Payload = &feedv1.Event_MonthClosed{MonthClosed: &feedv1.MonthClosed{Month: "2026-01", Person: "sun"}}
}

func publishes(e *feedv1.Event) {
	e.Payload = &feedv1.Event_MonthPublished{MonthPublished: &feedv1.MonthPublished{Month: "2026-01", Person: "sun"}}
}

func TestAMonthThatIsNotPublishedInTimeIsToldOnceAndTakenBackWhenItIs(t *testing.T) {
	w := flowtest.Run(t, policyOf(nil, unit("U", 1000)), []flow.Machine{scoring.New()}, reported(1, 5)...)
	w.Do(flowtest.Clock("", tenth.Add(-time.Microsecond)))
	if got := notices(w.Records); len(got) != 0 {
		t.Fatalf("told in time: %v", got)
	}
	w.Do(flowtest.Clock("", tenth), decided(tenth.Add(time.Hour), closes), flowtest.Policy(policyOf(nil, unit("U", 2000))))
	if got := notices(w.Records); !slices.Equal(got, []string{missed}) {
		t.Fatalf("told %v, want %s once", got, missed)
	}
	n := noticeOf(w.Records)
	if n.Rule != "publication_days" || n.Clock != "" || !flow.Time(n.DetectedAt).Equal(tenth) || !flow.Time(n.DueAt).Equal(tenth) ||
		words.Text(n.Why).En != "2026-01 had to be published within the first 10 days of the next month, by the end of 2026-02-10, and is not" {
		t.Errorf("told %v", n)
	}
	w.Do(decided(tenth.Add(2*time.Hour), publishes))
	if got := notices(w.Records); !slices.Equal(got, []string{missed, "- ALERT_LEVEL_BREACH publication/U/2026-01"}) {
		t.Fatalf("told %v after it was published", got)
	}
	if n := noticeOf(w.Records); words.Text(n.Why).En != "withdrawn: published by sun" {
		t.Errorf("taken back for %q", words.Text(n.Why).En)
	}
}

func TestAMonthPublishedInTimeIsNoMatter(t *testing.T) {
	w := flowtest.Run(t, policyOf(nil, unit("U", 1000)), []flow.Machine{scoring.New()}, reported(1, 5)...)
	w.Do(decided(tenth.Add(-2*time.Hour), closes), decided(tenth.Add(-time.Hour), publishes), flowtest.Clock("", tenth.AddDate(0, 1, 0)))
	if got := notices(w.Records); len(got) != 0 {
		t.Fatalf("told %v", got)
	}
}

// TestNobodyWaitsForWhatIsHistory: an import has a clock of its own, whatever
// the wall clock shows; and what comes live about a month long over makes
// nobody publish it.
func TestNobodyWaitsForWhatIsHistory(t *testing.T) {
	imported := fact("fault_reported/i", 1, "U", day(5), faultReported)
	imported.Clock = "import"
	late := fact("fault_reported/l", 2, "U", day(6), faultReported)
	late.DetectedAt = flow.At(tenth.AddDate(0, 3, 0))
	w := flowtest.Run(t, policyOf(nil, unit("U", 1000)), []flow.Machine{scoring.New()},
		flowtest.Fact(imported), flowtest.Clock("import", tenth.AddDate(0, 1, 0)), flowtest.Clock("", tenth.AddDate(0, 2, 0)),
		flowtest.Policy(policyOf(nil, unit("U", 2000))), flowtest.Fact(late))
	if got := notices(w.Records); len(got) != 0 {
		t.Fatalf("told %v", got)
	}
}

// TestAnImportNeitherRaisesNorTakesBackTheAlarm, whenever it comes.
func TestAnImportNeitherRaisesNorTakesBackTheAlarm(t *testing.T) {
	imported := func(id string) flowtest.Input {
		f := fact("fault_reported/"+id, 1, "U", day(7), faultReported)
		f.Clock, f.DetectedAt = "import", flow.At(tenth.AddDate(1, 0, 0))
		return flowtest.Fact(f)
	}
	w := flowtest.Run(t, policyOf(nil, unit("U", 1000)), []flow.Machine{scoring.New()}, reported(1, 5)...)
	w.Do(imported("before"))
	if got := notices(w.Records); len(got) != 0 {
		t.Fatalf("told %v by a clock of an import", got)
	}
	w.Do(flowtest.Clock("", tenth), imported("after"))
	if got := notices(w.Records); !slices.Equal(got, []string{missed}) || noticeOf(w.Records).Clock != "" {
		t.Fatalf("told %v", got)
	}
}

func TestMoreTimeToPublishTakesTheAlarmBack(t *testing.T) {
	w := flowtest.Run(t, policyOf(nil, unit("U", 1000)), []flow.Machine{scoring.New()}, reported(1, 5)...)
	w.Do(flowtest.Clock("", tenth))
	longer := edited(t, "longer", "  publication_days:\n    value: 10\n", "  publication_days:\n    value: 20\n")
	w.Do(flowtest.Policy(policyOf([]*rulebook.Rulebook{longer}, unit("U", 1000))), flowtest.Clock("", tenth.AddDate(0, 0, 9)))
	took := []string{missed, "- ALERT_LEVEL_BREACH publication/U/2026-01"}
	if got := notices(w.Records); !slices.Equal(got, took) {
		t.Fatalf("told %v", got)
	}
	w.Do(flowtest.Clock("", tenth.AddDate(0, 0, 10)))
	if got := notices(w.Records); !slices.Equal(got, append(took, missed)) || noticeOf(w.Records).Posting != 2 {
		t.Fatalf("told %v", got)
	}
}

// noticeOf gives the last notice.
func noticeOf(records []*ledgerv1.Record) *ledgerv1.Notice {
	for _, r := range slices.Backward(records) {
		if n := r.GetNotice(); n != nil {
			return n
		}
	}
	return nil
}
