package quality

import (
	"cmp"
	"slices"
	"strings"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/phrase"
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
	when := phrase.Instant(flow.Time(f.visit.OccurredAt), policy.Zone(said.Unit))
	zh, en := howFound(said.Method)
	level := f.level.Name
	reason := flow.Because(level,
		said.Person+" "+when+" "+zh+"“"+f.label.Zh+"”："+cmp.Or(f.level.Label.Zh, level)+seen("；", f.finding.Text),
		said.Person+" found by "+en+" at "+when+" for \""+f.label.En+"\": "+cmp.Or(f.level.Label.En, level)+seen("; ", f.finding.Text))
	return &factv1.Fact{
		Id: id, Reason: reason, Proof: f.visit.Proof, OccurredAt: f.visit.OccurredAt,
		Route: &factv1.Route{Unit: said.Unit},
		Body: &factv1.Fact_CheckJudged{CheckJudged: &factv1.CheckJudged{
			Check: f.check.Name, Level: level, Visit: said.Visit, Method: said.Method,
		}},
	}
}

func howFound(method feedv1.AssessmentMethod) (zh, en string) {
	switch method {
	case feedv1.AssessmentMethod_ASSESSMENT_METHOD_MYSTERY_VISIT:
		return "暗访", "mystery visit"
	case feedv1.AssessmentMethod_ASSESSMENT_METHOD_REPORT:
		return "记录", "report"
	default:
		return "现场抽查", "inspection"
	}
}

func seen(separator, text string) string {
	if text == "" {
		return ""
	}
	return separator + text
}
