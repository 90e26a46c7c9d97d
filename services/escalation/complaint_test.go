package escalation_test

import (
	"slices"
	"testing"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

func TestComplaintsCountByCauseAndVerification(t *testing.T) {
	soon := start.Add(time.Hour)
	february := start.Add(time.Second)
	for _, c := range []struct {
		name  string
		kind  flow.Kind
		facts []*factv1.Fact
		want  string
	}{
		{"late work, not verified", flow.LateWorkComplained, []*factv1.Fact{complain("K", start)}, "K U 2026-01"},
		{"late work, a second later in the next month", flow.LateWorkComplained,
			[]*factv1.Fact{complain("K", february, unit("V"))}, "K V 2026-02"},
		{"late work, valid", flow.LateWorkComplained, []*factv1.Fact{complain("K", start, verified(true, soon))}, "K U 2026-01"},
		{"late work, invalid", flow.LateWorkComplained, []*factv1.Fact{complain("K", start, verified(false, soon))}, ""},
		{"false reply is no late work", flow.LateWorkComplained, []*factv1.Fact{complain("K", start, because(falseReply))}, ""},
		{"buck passed, not verified", flow.BuckPassed, []*factv1.Fact{complain("K", start, because(buck))}, ""},
		{"buck passed, valid", flow.BuckPassed,
			[]*factv1.Fact{complain("K", start, because(buck), verified(true, soon))}, "K U 2026-01"},
		{"buck passed, invalid", flow.BuckPassed,
			[]*factv1.Fact{complain("K", start, because(buck), verified(false, soon))}, ""},
		{"late work is no buck passed", flow.BuckPassed, []*factv1.Fact{complain("K", start, verified(true, soon))}, ""},
		{"attitude without points", flow.MisconductJudged, []*factv1.Fact{complain("K", start, because(attitude))}, ""},
		{"points without complaint", flow.MisconductJudged, []*factv1.Fact{points("D", "K", "1", soon)}, ""},
		{"attitude, points set in the next month", flow.MisconductJudged,
			[]*factv1.Fact{complain("K", start, because(attitude)), points("D", "K", "1.5", soon)}, "K U 2026-01"},
		{"discipline", flow.MisconductJudged,
			[]*factv1.Fact{complain("K", start, because(discipline)), points("D", "K", "0.01", soon)}, "K U 2026-01"},
		{"zero points", flow.MisconductJudged,
			[]*factv1.Fact{complain("K", start, because(attitude)), points("D", "K", "0.00", soon)}, ""},
		{"points for late work", flow.MisconductJudged, []*factv1.Fact{complain("K", start), points("D", "K", "1", soon)}, ""},
		{"points for an invalid complaint", flow.MisconductJudged,
			[]*factv1.Fact{complain("K", start, because(attitude), verified(false, soon)), points("D", "K", "1", soon)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := holds(run(t, c.facts...), c.kind); got != c.want {
				t.Errorf("holds %q, want %q", got, c.want)
			}
		})
	}
}

func TestAComplaintFoundInvalidIsTakenBackWithItsReason(t *testing.T) {
	soon := start.Add(time.Hour)
	for kind, cause := range map[flow.Kind]feedv1.ComplaintCause{
		flow.LateWorkComplained: lateWork, flow.BuckPassed: buck, flow.MisconductJudged: attitude,
	} {
		w := run(t, points("D", "K", "2", soon), complain("K", start, because(cause), verified(true, soon)))
		if w.Fact(string(kind)+"/K") == nil {
			t.Fatalf("%s does not hold before", kind)
		}
		say(w, revised(2, complain("K", start, because(cause), verified(false, soon))))
		if got := w.Retraction(string(kind) + "/K").GetCode(); got != "found_invalid" {
			t.Errorf("%s retracted because %q, want found_invalid", kind, got)
		}
		say(w, revised(3, complain("K", start, because(cause), verified(true, soon))))
		if w.Fact(string(kind)+"/K") == nil {
			t.Errorf("%s does not hold again after another verification", kind)
		}
	}
}

func TestTheLatestDecisionThatSetsPointsCounts(t *testing.T) {
	w := run(t, complain("K", start, because(attitude), verified(true, start.Add(2*time.Hour))),
		points("late", "K", "2", start.Add(3*time.Hour)), points("early", "K", "1", start.Add(time.Hour)))
	judged := w.Fact("misconduct_judged/K")
	if got := judged.GetMisconductJudged(); got.GetPoints() != "2" || got.GetItem() != "CS2" || got.GetPerson() != "王" {
		t.Errorf("judged %v", got)
	}
	if want := []string{"s/K", "s/K-verified", "desk/late"}; !slices.Equal(judged.GetProof(), want) {
		t.Errorf("proof %v, want %v", judged.GetProof(), want)
	}
	say(w, revised(2, points("late", "K", "0", start.Add(3*time.Hour))))
	if got := w.Fact("misconduct_judged/K").GetMisconductJudged().GetPoints(); got != "1" {
		t.Errorf("after the later decision is withdrawn: %q points, want the earlier 1", got)
	}
	say(w, revised(2, points("early", "K", "0", start)))
	if got := w.Retraction("misconduct_judged/K").GetCode(); got != "no_points_set" {
		t.Errorf("retracted because %q, want no_points_set", got)
	}
}
