package escalation_test

import (
	"strings"
	"testing"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
)

func TestSecondComplaints(t *testing.T) {
	month := start.Add(30 * day)
	for _, c := range []struct {
		name  string
		facts []*factv1.Fact
		want  string
	}{
		{"one complaint", []*factv1.Fact{complain("K1", start)}, ""},
		{"exactly 30 days later", []*factv1.Fact{complain("K1", start), complain("K2", month, unit("V"))}, "K2 V 2026-03"},
		{"30 days and a second later", []*factv1.Fact{complain("K1", start), complain("K2", month.Add(time.Second))}, ""},
		{"the same instant", []*factv1.Fact{complain("K1", start), complain("K2", start)}, "K2 U 2026-01"},
		{"another ticket", []*factv1.Fact{complain("K1", start), complain("K2", start, about("T2"))}, ""},
		{"the same named matter", []*factv1.Fact{complain("K1", start, matter("m")), complain("K2", start, matter("m"))}, "K2 U 2026-01"},
		{"a matter named like a ticket", []*factv1.Fact{complain("K1", start), complain("K2", start, matter("T"))}, ""},
		{"the same unit and cause", []*factv1.Fact{complain("K1", start, matter("")), complain("K2", start, matter(""))}, "K2 U 2026-01"},
		{"another cause", []*factv1.Fact{complain("K1", start, matter("")), complain("K2", start, matter(""), because(buck))}, ""},
		{"another unit", []*factv1.Fact{complain("K1", start, matter("")), complain("K2", start, matter(""), unit("V"))}, ""},
		{"the first is invalid", []*factv1.Fact{complain("K1", start, verified(false, month)), complain("K2", month)}, ""},
		{"the second is invalid", []*factv1.Fact{complain("K1", start), complain("K2", month, verified(false, month))}, ""},
		{"nobody's", []*factv1.Fact{complain("K1", start, of("")), complain("K2", start, of(""))}, ""},
		{"filed again at a higher level", []*factv1.Fact{complain("K1", start, reaches(branch, month))}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := holds(run(t, c.facts...), flow.SecondComplaintMade); got != c.want {
				t.Errorf("holds %q, want %q", got, c.want)
			}
		})
	}
}

// Case 25 of the collection: a third complaint is another second complaint;
// the same words of another customer are none.
func TestCase25ThirdComplaintIsAnotherSecondComplaint(t *testing.T) {
	w := run(t, complain("K3", start.Add(40*day)), complain("K1", start), complain("K2", start.Add(20*day)),
		complain("K4", start.Add(20*day), of("D")))
	if got := w.Fact("second_complaint_made/K2").GetSecondComplaintMade().GetOrdinal(); got != 2 {
		t.Errorf("the second has ordinal %d", got)
	}
	if got, want := holds(w, flow.SecondComplaintMade), "K2 U 2026-02\nK3 U 2026-03"; got != want {
		t.Errorf("holds %q, want %q", got, want)
	}
	third := w.Fact("second_complaint_made/K3").GetSecondComplaintMade()
	if third.GetOrdinal() != 3 || third.GetEarlier() != "K2" {
		t.Errorf("the third is %v, want ordinal 3 after K2", third)
	}
	say(w, revised(2, complain("K2", start.Add(20*day), verified(false, start.Add(21*day)))))
	for id, want := range map[string]string{"K2": "found_invalid", "K3": "outside_window"} {
		if got := w.Retraction("second_complaint_made/" + id).GetCode(); got != want {
			t.Errorf("%s retracted because %q, want %q", id, got, want)
		}
	}
}

// Case 21 of the collection: a merge re-homes complaints, an un-merge restores.
func TestCase21MergeRehomesComplaintsAndUnmergeRestores(t *testing.T) {
	alone := fault("A", start)
	into := fault("A", start, merged("B", start.Add(day)))
	w := run(t, alone, fault("B", start.Add(time.Hour)),
		complain("K1", start, about("A"), reaches(branch, start), verified(true, start)),
		complain("K2", start.Add(2*day), about("B"), reaches(province, start.Add(2*day)), verified(true, start.Add(2*day))))
	if got := holds(w, flow.SecondComplaintMade); got != "" {
		t.Fatalf("before the merge: %q", got)
	}
	if got := w.Kind(flow.ComplaintEscalated); len(got) != 2 {
		t.Fatalf("before the merge: %d escalations, want one a matter", len(got))
	}

	say(w, gone(2, alone), revised(3, into))
	if got, want := holds(w, flow.SecondComplaintMade), "K2 U 2026-02"; got != want {
		t.Errorf("merged: second complaints %q, want %q", got, want)
	}
	if got, want := holds(w, flow.ComplaintEscalated), "C/ticket/B U 2026-02"; got != want {
		t.Errorf("merged: escalations %q, want %q", got, want)
	}
	if got := w.Retraction("complaint_escalated/C/ticket/A").GetCode(); got != "matter_merged" {
		t.Errorf("the merged matter is retracted because %q", got)
	}

	say(w, gone(4, into), revised(5, alone))
	if got := w.Retraction("second_complaint_made/K2").GetCode(); got != "first_of_matter" {
		t.Errorf("un-merged: retracted because %q", got)
	}
	if got := w.Kind(flow.ComplaintEscalated); len(got) != 2 {
		t.Errorf("un-merged: %d escalations, want 2 again", len(got))
	}
}

func TestMergesAreFollowedToTheEndAndInCircles(t *testing.T) {
	chain := run(t, fault("A", start, merged("B", start)), fault("B", start, merged("T", start)),
		complain("K1", start, about("A")), complain("K2", start.Add(time.Hour)))
	if got, want := holds(chain, flow.SecondComplaintMade), "K2 U 2026-02"; got != want {
		t.Errorf("chain: %q, want %q", got, want)
	}
	circle := run(t, fault("A", start, merged("B", start)), fault("B", start, merged("A", start)),
		complain("K1", start, about("B"), reaches(branch, start), verified(true, start)))
	if got, want := holds(circle, flow.ComplaintEscalated), "C/ticket/A U 2026-01"; got != want {
		t.Errorf("circle: %q, want %q", got, want)
	}
}

// Case 24 of the collection: from branch to province costs 15, not 25; invalid
// costs nothing.
func TestCase24OnlyTheHighestLevelCounts(t *testing.T) {
	toBranch, toProvince := start.Add(time.Second), start.Add(28*day)
	w := run(t, complain("K", start, reaches(branch, toBranch)))
	if got := holds(w, flow.ComplaintEscalated); got != "" {
		t.Errorf("not verified: %q", got)
	}
	say(w, revised(2, complain("K", start, reaches(branch, toBranch), verified(true, toBranch))))
	const id = "complaint_escalated/C/ticket/T"
	if got := w.Fact(id); got.GetComplaintEscalated().GetLevel() != branch || !flow.Time(got.OccurredAt).Equal(toBranch) {
		t.Errorf("verified: %v", got)
	}
	climbed := []edit{reaches(branch, toBranch), reaches(province, toProvince), reaches(province, toProvince.Add(day))}
	say(w, revised(3, complain("K", start, append(climbed, verified(true, toBranch))...)))
	if got := w.Fact(id); got.GetComplaintEscalated().GetLevel() != province || !flow.Time(got.OccurredAt).Equal(toProvince) {
		t.Errorf("climbed: %v", got)
	}
	if got := w.Kind(flow.ComplaintEscalated); len(got) != 1 {
		t.Errorf("%d levels count, want 1", len(got))
	}
	say(w, revised(4, complain("K", start, append(climbed, verified(false, toBranch))...)))
	if got := w.Retraction(id).GetCode(); got != "found_invalid" {
		t.Errorf("invalid: retracted because %q", got)
	}
}

func TestEscalationsOfAMatter(t *testing.T) {
	valid := verified(true, start)
	for _, c := range []struct {
		name  string
		facts []*factv1.Fact
		want  string
	}{
		{"stays at the hotline", []*factv1.Fact{complain("K", start, valid)}, ""},
		{"above, by another unit's complaint", []*factv1.Fact{
			complain("K1", start, reaches(branch, start), valid),
			complain("K2", start.Add(time.Second), unit("V"), reaches(above, start.Add(time.Second)), valid)}, "C/ticket/T V 2026-02"},
		{"the higher one is invalid", []*factv1.Fact{
			complain("K1", start, reaches(branch, start), valid),
			complain("K2", start, unit("V"), reaches(above, start), verified(false, start))}, "C/ticket/T U 2026-01"},
		{"the same level: who reached it first", []*factv1.Fact{
			complain("K1", start, reaches(branch, start.Add(2*day)), valid),
			complain("K2", start.Add(day), unit("V"), reaches(branch, start.Add(day)), valid)}, "C/ticket/T V 2026-02"},
		{"nobody's, each by itself", []*factv1.Fact{
			complain("K1", start, of(""), reaches(branch, start), valid),
			complain("K2", start, of(""), reaches(branch, start), valid)}, "K1 U 2026-01\nK2 U 2026-01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := holds(run(t, c.facts...), flow.ComplaintEscalated); got != c.want {
				t.Errorf("holds %q, want %q", got, c.want)
			}
		})
	}
}

func TestNamesWithSlashesStayApart(t *testing.T) {
	w := run(t, complain("K1", start, of("a/ticket"), about("b"), reaches(branch, start), verified(true, start)),
		complain("K2", start, of("a"), about("ticket/b"), reaches(branch, start), verified(true, start)))
	if got := holds(w, flow.ComplaintEscalated); strings.Count(got, "\n") != 1 {
		t.Errorf("two matters hold %q", got)
	}
}
