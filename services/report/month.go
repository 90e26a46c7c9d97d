package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/period"
)

// MostEntries is how many entries a report lists: the newest. What is added up
// counts all of them.
const MostEntries = 10_000

// Month is a month whose report is being made.
type Month struct {
	// Name of the month, yyyy-mm.
	Name string
	// Cards are the sheets of all units.
	Cards []*ledgerv1.Scorecard
	// LastMonth and LastYear are those of the months it is compared with; empty
	// when nothing was scored in them.
	LastMonth, LastYear []*ledgerv1.Scorecard
	// Unit restricts the report to one; empty: all.
	Unit string
	// Zone gives the zone that a unit's times are told in.
	Zone func(unit string) *time.Location

	entries []*ledgerv1.Entry
	counted map[string]int64 // entries by unit
	rules   tallies
	units   map[string]tallies // by unit
}

// Count adds an entry that counts; the newest come first. List says whether it
// is to be listed, too.
func (m *Month) Count(e *ledgerv1.Entry, list bool) {
	if m.Unit != "" && e.Unit != m.Unit {
		return
	}
	if m.counted == nil {
		m.counted, m.rules, m.units = map[string]int64{}, tallies{}, map[string]tallies{}
	}
	if m.units[e.Unit] == nil {
		m.units[e.Unit] = tallies{}
	}
	gives := points(e.Points).IsPositive()
	m.counted[e.Unit]++
	m.rules.count(matter{rule: e.Rule, gives: gives}, e)
	m.units[e.Unit].count(matter{e.Unit, e.Part, e.Item, e.Rule, gives}, e)
	if list && len(m.entries) < MostEntries {
		m.entries = append(m.entries, e)
	}
}

// Before gives the months that a month is compared with: the one before, and the
// same of last year.
func Before(month string) (lastMonth, lastYear string) {
	in, _ := period.ParseMonth(month) // the contract refuses what is no month
	return in.Previous().String(), in.YearBefore().String()
}

// Report is what the month comes to.
func (m *Month) Report() *apiv1.MonthReport {
	r := &apiv1.MonthReport{
		Month: m.Name, State: ledgerv1.MonthState_MONTH_STATE_PUBLISHED, Ranked: int32(len(m.Cards)), //nolint:gosec // units
	}
	r.LastMonth, r.LastYear = Before(m.Name)
	m.rank(r)
	m.cost(r)
	r.Entries = m.listed(r.Sheets)
	for _, n := range m.counted {
		r.EntriesTotal += n
	}
	return r
}

// rank writes the ranking and the sheets in its order.
func (m *Month) rank(r *apiv1.MonthReport) {
	cards := slices.SortedFunc(slices.Values(m.Cards), better)
	places, month, year := placesOf(cards), beside(m.LastMonth), beside(m.LastYear)
	var asOf time.Time
	for _, card := range cards {
		if m.Unit != "" && card.Unit != m.Unit {
			continue
		}
		line := m.line(card, places[card.Unit])
		line.LastMonth, line.LastYear = month.compare(line), year.compare(line)
		r.Ranking, r.Sheets = append(r.Ranking, line), append(r.Sheets, card)
		r.State = min(r.State, line.State)
		if at := flow.Time(card.AsOf); at.After(asOf) {
			asOf, r.AsOf = at, card.AsOf
		}
	}
	if len(r.Ranking) == 0 {
		r.State = ledgerv1.MonthState_MONTH_STATE_OPEN
	}
}

func better(a, b *ledgerv1.Scorecard) int {
	return cmp.Or(points(b.Total).Cmp(points(a.Total)), strings.Compare(a.Unit, b.Unit))
}

// placesOf gives each unit's place; equal scores share one.
func placesOf(best []*ledgerv1.Scorecard) map[string]int32 {
	places, place := map[string]int32{}, int32(0)
	for i, card := range best {
		if i == 0 || !points(card.Total).Equal(points(best[i-1].Total)) {
			place = int32(i + 1) //nolint:gosec // units
		}
		places[card.Unit] = place
	}
	return places
}

func (m *Month) line(card *ledgerv1.Scorecard, place int32) *apiv1.ReportUnit {
	deducted, bonuses := decimal.Zero, decimal.Zero
	for _, part := range card.Parts {
		bonuses, deducted = bonuses.Add(points(part.Bonuses)), deducted.Add(points(part.Penalties))
		for _, item := range part.Items {
			deducted = deducted.Add(points(item.Deducted))
		}
	}
	return &apiv1.ReportUnit{
		Unit: card.Unit, Name: card.Name, Place: place, Total: card.Total, Parts: partsOf(card),
		Deducted: deducted.StringFixed(2), Bonuses: bonuses.StringFixed(2), Entries: m.counted[card.Unit],
		State: max(card.State, ledgerv1.MonthState_MONTH_STATE_OPEN), Correction: card.Correction, Zone: m.Zone(card.Unit).String(), Rules: m.rulesOf(card.Unit),
	}
}

// rulesOf gives what cost a unit, then what gave.
func (m *Month) rulesOf(unit string) []*apiv1.ReportRule {
	all := m.units[unit]
	return append(all.list(false, all.sum(false)), all.list(true, all.sum(true))...)
}

func partsOf(card *ledgerv1.Scorecard) (parts []*apiv1.ReportPart) {
	for _, part := range card.Parts {
		parts = append(parts, &apiv1.ReportPart{Part: part.Part, Label: part.Label, Weight: part.Weight, Score: part.Score})
	}
	return parts
}

// listed sorts the entries by unit, in the order of the sheets, and time.
func (m *Month) listed(sheets []*ledgerv1.Scorecard) []*ledgerv1.Entry {
	order := map[string]int{}
	for i, sheet := range sheets {
		order[sheet.Unit] = i
	}
	slices.SortStableFunc(m.entries, func(a, b *ledgerv1.Entry) int {
		return cmp.Or(cmp.Compare(order[a.Unit], order[b.Unit]), flow.Time(a.OccurredAt).Compare(flow.Time(b.OccurredAt)),
			strings.Compare(a.Rule, b.Rule), strings.Compare(a.Incident.GetId(), b.Incident.GetId()), strings.Compare(a.Id, b.Id))
	})
	return m.entries
}
