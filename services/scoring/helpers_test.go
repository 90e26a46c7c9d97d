package scoring_test

import (
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

var shanghai = time.FixedZone("CST", 8*3600)

// day is noon of a day of January 2026 in Shanghai.
func day(d int) time.Time { return time.Date(2026, 1, d, 12, 0, 0, 0, shanghai) }

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// edited is the default rulebook with pieces of its text replaced.
func edited(t testing.TB, version string, oldnew ...string) *rulebook.Rulebook {
	t.Helper()
	source := string(rulebook.DefaultSource())
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(source, oldnew[i]) {
			t.Fatalf("the default rulebook does not contain %q", oldnew[i])
		}
		source = strings.Replace(source, oldnew[i], oldnew[i+1], 1)
	}
	book, err := rulebook.Load(version, []byte(strings.Replace(source, `version: "96766-1"`, "version: "+version, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// byRate is the default rulebook with CS15 by the share of satisfied callbacks.
func byRate(t testing.TB) *rulebook.Rulebook {
	t.Helper()
	source := string(rulebook.DefaultSource())
	from := strings.Index(source, "  - name: callback_dissatisfied")
	to := strings.Index(source, "  - name: misconduct_judged")
	return edited(t, "by-rate", source[from:to], "", "kind: per_incident\n              zero_at: 3", "kind: rate")
}

// unit is a unit as registered from the beginning.
func unit(id string, customers int64) *factv1.UnitKnown {
	return &factv1.UnitKnown{Unit: id, Registrations: []*feedv1.UnitRegistered{
		{Unit: id, NameZh: "单位" + id, NameEn: "Unit " + id, Customers: customers},
	}}
}

func policyOf(books []*rulebook.Rulebook, units ...*factv1.UnitKnown) *rulebook.Policy {
	return rulebook.NewPolicy(books, units)
}

// fact is a fact of a unit; set fills in its body.
func fact(id string, revision uint64, u string, at time.Time, set func(*factv1.Fact)) *factv1.Fact {
	f := &factv1.Fact{
		Id: id, Revision: revision, OccurredAt: flow.At(at), ReceivedAt: flow.At(at.Add(time.Hour)),
		DetectedAt: flow.At(at.Add(2 * time.Hour)), Route: &factv1.Route{Unit: u, Ticket: "T" + id},
		Reason: flow.Because("decided", flow.Said("person", "events"), flow.Said("reason", id)), Proof: []string{"s/" + id},
	}
	set(f)
	f.Kind = string(flow.KindOf(f))
	return f
}

func overdue(f *factv1.Fact) {
	f.Body = &factv1.Fact_TicketOverdue{TicketOverdue: &factv1.TicketOverdue{Ticket: f.Route.Ticket}}
}

func faultReported(f *factv1.Fact) {
	f.Body = &factv1.Fact_FaultReported{FaultReported: &factv1.FaultReported{Ticket: f.Route.Ticket}}
}

func praised(f *factv1.Fact) {
	f.Body = &factv1.Fact_CustomerPraised{CustomerPraised: &factv1.CustomerPraised{}}
}

func rated(satisfied bool) func(*factv1.Fact) {
	return func(f *factv1.Fact) {
		f.Body = &factv1.Fact_CallbackRated{CallbackRated: &factv1.CallbackRated{Ticket: f.Route.Ticket, Satisfied: satisfied}}
	}
}

func escalated(level feedv1.ComplaintLevel) func(*factv1.Fact) {
	return func(f *factv1.Fact) {
		f.Route.Complaint = "C" + f.Id
		f.Body = &factv1.Fact_ComplaintEscalated{ComplaintEscalated: &factv1.ComplaintEscalated{
			Matter: f.Id, Complaint: "C" + f.Id, Level: level,
		}}
	}
}

// gone retracts what a fact said, at a higher revision.
func gone(f *factv1.Fact, revision uint64, at time.Time) *factv1.Fact {
	return &factv1.Fact{
		Id: f.Id, Revision: revision, Kind: f.Kind, Route: f.Route, Retracted: true, DetectedAt: flow.At(at),
		Reason: flow.Because("no_longer_shown"),
	}
}

// told reads a ledger as it was told: entries by id, the reversed ones, and the
// last scorecard of each unit and month.
type told struct {
	entries []*ledgerv1.Entry
	byID    map[string]*ledgerv1.Entry
	takenBy map[string]string
	cards   map[string]*ledgerv1.Scorecard
}

func read(records []*ledgerv1.Record) told {
	l := told{byID: map[string]*ledgerv1.Entry{}, takenBy: map[string]string{}, cards: map[string]*ledgerv1.Scorecard{}}
	for _, r := range records {
		if card := r.GetScorecard(); card != nil {
			l.cards[card.Unit+" "+card.Month] = card
		}
		e := r.GetEntry()
		if e == nil || l.byID[e.Id] != nil {
			continue
		}
		l.entries, l.byID[e.Id] = append(l.entries, e), e
		if e.Reverses != "" {
			l.takenBy[e.Reverses] = e.Id
		}
	}
	return l
}

// active gives the postings that were not taken back.
func (l told) active() []*ledgerv1.Entry {
	var active []*ledgerv1.Entry
	for _, e := range l.entries {
		if e.Type == ledgerv1.EntryType_ENTRY_TYPE_POSTING && l.takenBy[e.Id] == "" {
			active = append(active, e)
		}
	}
	return active
}

// transcript tells type, rule, item and points of each entry, in order.
func (l told) transcript() string {
	var b strings.Builder
	for _, e := range l.entries {
		sign := "+"
		if e.Type == ledgerv1.EntryType_ENTRY_TYPE_REVERSAL {
			sign = "-"
		}
		b.WriteString(strings.Join([]string{sign, e.Rule, e.Item, e.Points}, " ") + "\n")
	}
	return b.String()
}

func item(t testing.TB, card *ledgerv1.Scorecard, id string) *ledgerv1.ItemScore {
	t.Helper()
	for _, i := range card.Parts[0].Items {
		if i.Item == id {
			return i
		}
	}
	t.Fatalf("no item %s in %v", id, card)
	return nil
}
