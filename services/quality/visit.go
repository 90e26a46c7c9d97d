package quality

import (
	"slices"
	"strconv"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/period"
	"kaohe.dev/services/rulebook"
)

// checksGraded: of the month's gradings of a check, the one that counts: the
// lowest, of equals the first; or the latest, if the rulebook says so.
func checksGraded(policy *rulebook.Policy, d dossier) []*factv1.Fact {
	counts := map[string]found{}
	var names []string
	for _, f := range d.findings(policy) {
		if f.check.Each {
			continue
		}
		best, any := counts[f.check.Name]
		if !any {
			names = append(names, f.check.Name)
		}
		if !any || f.grading == rulebook.Latest || f.level.Points.LessThan(best.level.Points) {
			counts[f.check.Name] = f
		}
	}
	slices.Sort(names)
	facts := make([]*factv1.Fact, 0, len(names))
	for _, name := range names {
		f := counts[name]
		route := f.visit.Route
		facts = append(facts, f.fact(policy, id(flow.CheckJudged, escape(route.Unit), route.Month, name)))
	}
	return facts
}

// checksCounted: a check that counts each time it is found; found in order, it
// is told once, so that the item is seen to be assessed.
func checksCounted(policy *rulebook.Policy, d dossier) []*factv1.Fact {
	var facts []*factv1.Fact
	told := map[string]bool{}
	for _, f := range d.findings(policy) {
		if !f.check.Each {
			continue
		}
		times := max(1, int(f.finding.Times))
		if f.level.Points.IsZero() {
			times = 1
		}
		for n := 1; n <= times; n++ {
			id := id(flow.CheckJudged, escape(f.visit.GetAssessmentRecorded().GetVisit().Visit), f.check.Name, strconv.Itoa(n))
			if !told[id] { // a visit that lists a check twice says it once
				told[id] = true
				facts = append(facts, f.fact(policy, id))
			}
		}
	}
	return facts
}

// visitorsRated: whether the mystery visitor 暗访 was satisfied overall.
func visitorsRated(policy *rulebook.Policy, d dossier) []*factv1.Fact {
	var facts []*factv1.Fact
	for _, visit := range d.visits {
		said := visit.GetAssessmentRecorded().GetVisit()
		if said.Method != feedv1.AssessmentMethod_ASSESSMENT_METHOD_MYSTERY_VISIT || said.Satisfied == nil || !inMonth(policy, visit) {
			continue
		}
		reason := flow.Because("visitor_satisfied")
		if !said.GetSatisfied() {
			reason = flow.Because("visitor_dissatisfied", wrote("said", said.Text))
		}
		facts = append(facts, &factv1.Fact{
			Id: id(flow.MysteryVisitRated, escape(said.Visit)), Reason: reason, Proof: visit.Proof, OccurredAt: visit.OccurredAt,
			Route: &factv1.Route{Unit: said.Unit},
			Body: &factv1.Fact_MysteryVisitRated{MysteryVisitRated: &factv1.MysteryVisitRated{
				Visit: said.Visit, Satisfied: said.GetSatisfied(),
			}},
		})
	}
	return facts
}

// itemsExcused: an item that is not assessed this month. It is excused from the
// month's first instant, whenever that was decided.
func itemsExcused(policy *rulebook.Policy, d dossier) []*factv1.Fact {
	var facts []*factv1.Fact
	for _, f := range d.waivers {
		said := f.GetAssessmentRecorded().GetWaiver()
		in, err := period.ParseMonth(said.Month)
		if err != nil {
			continue // refused at the door
		}
		facts = append(facts, &factv1.Fact{
			Id: id(flow.ItemExcused, escape(said.Unit), said.Month, said.Item), Proof: f.Proof, OccurredAt: flow.At(in.Start(policy.Zone(said.Unit)).UTC()),
			Reason: flow.Because("waived", flow.Said("person", said.Person), flow.Said("reason", said.Reason)),
			Route:  &factv1.Route{Unit: said.Unit},
			Body:   &factv1.Fact_ItemExcused{ItemExcused: &factv1.ItemExcused{Item: said.Item}},
		})
	}
	return facts
}

// id names a fact: what it is about and which occurrence.
func id(kind flow.Kind, parts ...string) string {
	name := string(kind)
	for _, part := range parts {
		name += "/" + part
	}
	return name
}
