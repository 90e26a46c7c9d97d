package scoring

import (
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/period"
	"kaohe.dev/services/rulebook"
)

// Judged is what the rules make of one fact.
type Judged struct {
	// Month is the month (yyyy-mm) and Day the day (1 to 31) of the instant of
	// the fact, in the unit's zone.
	Month string
	Day   int32
	// Entries are the postings wanted, without ids, in the rulebook's order.
	Entries []*ledgerv1.Entry
	// Assessed are the items, as "part/item", that the fact shows to have been
	// assessed, whatever it costs.
	Assessed []string
}

// Judge gives what a fact that holds costs or brings under the version in
// force in its month, after what was ruled about objections to it. An error
// names the rules that could not be applied; what the others make of the fact
// is given all the same.
func Judge(policy *rulebook.Policy, f *factv1.Fact, rulings Rulings) (Judged, error) {
	unit := f.Route.GetUnit()
	at := flow.Time(f.OccurredAt).In(policy.Zone(unit))
	judged := Judged{Month: period.Of(period.Month, at).String(), Day: int32(at.Day())}
	if flow.KindOf(f) == flow.FaultReported {
		return judged, nil // the quota counts it, no rule does
	}
	book := policy.In(unit, judged.Month)
	judged.Assessed = book.Assesses(f)
	charges, err := book.Charges(f)
	if len(charges) == 0 {
		return judged, err
	}
	about := incidentOf(f)
	for _, c := range charges {
		if part := book.Part(c.Rule.Part); part == nil || !policy.Applies(part, unit, judged.Month) {
			continue
		}
		entry := rulings.apply(&ledgerv1.Entry{
			Type: ledgerv1.EntryType_ENTRY_TYPE_POSTING, Unit: unit, Month: judged.Month,
			Part: c.Rule.Part, Item: c.Item, Rule: c.Rule.Name, RulebookVersion: book.Version,
			Points: twoPlaces(c.Points), Effect: effectOf(c.Rule),
			Incident: about, Ticket: f.Route.GetTicket(), Clause: c.Rule.Clause, Basis: c.Rule.Basis,
			Label: c.Rule.Label.Proto(), Why: f.Reason, Proof: f.Proof,
			OccurredAt: f.OccurredAt, ReceivedAt: f.ReceivedAt, DetectedAt: f.DetectedAt, Fact: f.Id, Clock: f.Clock,
		})
		if entry != nil {
			judged.Entries = append(judged.Entries, entry)
		}
	}
	return judged, err
}

func effectOf(rule *rulebook.Rule) ledgerv1.Effect {
	switch rule.Effect {
	case rulebook.ZeroItem:
		return ledgerv1.Effect_EFFECT_ZERO_ITEM
	case rulebook.ZeroSection:
		return ledgerv1.Effect_EFFECT_ZERO_SECTION
	default:
		return ledgerv1.Effect_EFFECT_POINTS
	}
}

// incidentOf names what an entry is about: the decision, visit, record, outage
// or complaint where there is one, else the ticket, else the fact itself.
func incidentOf(f *factv1.Fact) *ledgerv1.Incident {
	route := f.Route
	switch given := f.GetPointsGiven(); {
	case given != nil:
		return &ledgerv1.Incident{Kind: "decision", Id: given.GetDecided().GetDecision()}
	case f.GetCheckJudged() != nil:
		return &ledgerv1.Incident{Kind: "visit", Id: f.GetCheckJudged().Visit}
	case f.GetMysteryVisitRated() != nil:
		return &ledgerv1.Incident{Kind: "visit", Id: f.GetMysteryVisitRated().Visit}
	case f.GetHallRated() != nil:
		return &ledgerv1.Incident{Kind: "survey", Id: f.GetHallRated().Survey}
	case f.GetConductJudged() != nil:
		return &ledgerv1.Incident{Kind: "record", Id: f.GetConductJudged().Record}
	case f.GetUnitSanctioned() != nil:
		return &ledgerv1.Incident{Kind: "sanction", Id: f.GetUnitSanctioned().Sanction}
	case route.GetComplaint() != "":
		return &ledgerv1.Incident{Kind: "complaint", Id: route.Complaint}
	case route.GetOutage() != "":
		return &ledgerv1.Incident{Kind: "outage", Id: route.Outage}
	case route.GetTicket() != "":
		return &ledgerv1.Incident{Kind: "ticket", Id: route.Ticket}
	default:
		return &ledgerv1.Incident{Kind: "fact", Id: f.Id}
	}
}

// twoPlaces writes points: half a hundredth goes away from zero, which for the
// points a unit loses or gains is rounding half up. Sheets are written often,
// so ordinary points take a short way.
func twoPlaces(d decimal.Decimal) string {
	if e := d.Exponent(); e <= 0 && e >= -2 && d.NumDigits() <= 15 {
		hundredths := d.CoefficientInt64()
		for range e + 2 {
			hundredths *= 10
		}
		return hundredthsString(hundredths)
	}
	d = d.Round(2)
	if d.IsZero() {
		return "0.00" // never "-0.00"
	}
	return d.StringFixed(2)
}

func hundredthsString(h int64) string {
	if h == 0 {
		return "0.00"
	}
	buf := make([]byte, 0, 20)
	if h < 0 {
		buf, h = append(buf, '-'), -h
	}
	buf = strconv.AppendInt(buf, h/100, 10)
	buf = append(buf, '.', byte('0'+h/10%10), byte('0'+h%10))
	return string(buf)
}

// points reads points that twoPlaces wrote; absent is zero.
func points(s string) decimal.Decimal {
	if s == "" {
		return decimal.Zero
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		panic("points that scoring wrote cannot be read: " + err.Error())
	}
	return d
}

// monthStart gives the first instant of a month for a unit.
func monthStart(policy *rulebook.Policy, unit, month string) time.Time {
	in, err := period.ParseMonth(month)
	if err != nil {
		panic("a month that scoring wrote cannot be read: " + err.Error())
	}
	return in.Start(policy.Zone(unit))
}
