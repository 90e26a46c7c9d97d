package quality

import (
	"cmp"
	"slices"
	"strings"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// dossier is what is known under a key, read out of its facts.
type dossier struct {
	visits  []*factv1.Fact // by when they happened, then id
	waivers []*factv1.Fact
	said    *factv1.Fact // of a record that stands alone
}

func read(c flow.Case) dossier {
	var d dossier
	for _, f := range c.Facts {
		switch said := f.GetAssessmentRecorded(); {
		case said.GetVisit() != nil:
			d.visits = append(d.visits, f)
		case said.GetWaiver() != nil:
			d.waivers = append(d.waivers, f)
		default:
			d.said = f
		}
	}
	slices.SortFunc(d.visits, func(a, b *factv1.Fact) int {
		return cmp.Or(flow.Time(a.OccurredAt).Compare(flow.Time(b.OccurredAt)), strings.Compare(a.Id, b.Id))
	})
	return d
}

// found is one finding of a visit, with what the rulebook says about it.
type found struct {
	visit   *factv1.Fact
	finding *feedv1.Finding
	check   *rulebook.CheckRule
	level   rulebook.Level
	label   rulebook.Text
	grading rulebook.Grading
}

// findings gives what the visits found that the rulebook knows, in their order.
func (d dossier) findings(policy *rulebook.Policy) []found {
	var all []found
	for _, visit := range d.visits {
		if !inMonth(policy, visit) {
			continue
		}
		book, said := policy.In(visit.Route.Unit, visit.Route.Month), visit.GetAssessmentRecorded().GetVisit()
		for _, finding := range said.Findings {
			rule := book.Check(finding.Check)
			if rule == nil || !rule.Check.FoundBy(said.Method) {
				continue
			}
			level, known := rule.Check.Level(finding.Level)
			if !known {
				continue
			}
			all = append(all, found{visit, finding, rule.Check, level, rule.Label, book.Part(rule.Part).Grading})
		}
	}
	return all
}

// fact makes the fact that a finding is judged to be.
func (f found) fact(policy *rulebook.Policy, id string) *factv1.Fact {
	said := f.visit.GetAssessmentRecorded().GetVisit()
	level := f.level.Name
	called := f.level.Label.Proto()
	if called.GetZh() == "" {
		called = &factv1.Text{Zh: level, En: level}
	}
	reason := flow.Because("found", flow.Said("person", said.Person), flow.Instant("at", flow.Time(f.visit.OccurredAt), policy.Zone(said.Unit)),
		flow.Part("how", flow.Because(howFound(said.Method))), flow.Label("check", f.label.Proto()), flow.Label("level", called), wrote("seen", f.finding.Text))
	return &factv1.Fact{
		Id: id, Reason: reason, Proof: f.visit.Proof, OccurredAt: f.visit.OccurredAt,
		Route: &factv1.Route{Unit: said.Unit},
		Body: &factv1.Fact_CheckJudged{CheckJudged: &factv1.CheckJudged{
			Check: f.check.Name, Level: level, Visit: said.Visit, Method: said.Method,
		}},
	}
}

// howFound is the code of the words for a method.
func howFound(method feedv1.AssessmentMethod) string {
	switch method {
	case feedv1.AssessmentMethod_ASSESSMENT_METHOD_MYSTERY_VISIT:
		return "how_mystery_visit"
	case feedv1.AssessmentMethod_ASSESSMENT_METHOD_REPORT:
		return "how_report"
	default:
		return "how_inspection"
	}
}

// wrote is what somebody wrote besides, if anything.
func wrote(code, text string) *factv1.Arg {
	if text == "" {
		return flow.Part("text", nil)
	}
	return flow.Part("text", flow.Because(code, flow.Said("text", text)))
}
