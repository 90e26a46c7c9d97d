package scoring_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
	"kaohe.dev/services/words"
)

// TestAnyOrderAnyCrashOneLedger: whatever the order of facts and their
// revisions, duplicates, policies taking effect and crashes between any two
// writes, the ledger is what the facts and the last policy alone ask for.
func TestAnyOrderAnyCrashOneLedger(t *testing.T) {
	books := [][]*rulebook.Rulebook{nil, {byRate(t)}, {edited(t, "harder", "points: -5\n", "points: -6.5\n")}}
	rapid.Check(t, func(t *rapid.T) {
		s := &shell{t: t, policy: anyPolicy(t, books)}
		facts := versions(t)
		for _, f := range rapid.Permutation(facts).Draw(t, "order") {
			s.inputs = append(s.inputs, input{fact: f})
			if rapid.IntRange(0, 5).Draw(t, "again") == 0 {
				again := rapid.SampledFrom(s.inputs).Draw(t, "duplicate")
				s.inputs = append(s.inputs, again)
			}
			if rapid.IntRange(0, 7).Draw(t, "change") == 0 {
				s.inputs = append(s.inputs, input{policy: anyPolicy(t, books)})
			}
		}
		s.run()
		checkLedger(t, s.ledger)
		compare(t, s, holding(facts))
	})
}

// anyPolicy registers units with few customers, one of them in another zone,
// under one of the rulebooks.
func anyPolicy(t *rapid.T, books [][]*rulebook.Rulebook) *rulebook.Policy {
	a := unit("A", rapid.Int64Range(0, 300).Draw(t, "customers"))
	if rapid.Bool().Draw(t, "abroad") {
		a.Registrations[0].Zone = "America/New_York"
	}
	return policyOf(rapid.SampledFrom(books).Draw(t, "books"), a, unit("B/1", 100))
}

// versions gives the revisions of some facts, asserted, changed, retracted and
// moved between units and months.
func versions(t *rapid.T) []*factv1.Fact {
	kinds := [][]func(*factv1.Fact){ // what a fact of a kind can come to say
		{overdue}, {faultReported}, {faultReported}, {praised}, {rated(true), rated(false), rated(false)},
		{alerted("Li"), alerted("Wang")},
		{escalated(feedv1.ComplaintLevel_COMPLAINT_LEVEL_BRANCH), escalated(feedv1.ComplaintLevel_COMPLAINT_LEVEL_ABOVE)},
	}
	var facts []*factv1.Fact
	for i := range rapid.IntRange(1, 10).Draw(t, "facts") {
		sets := rapid.SampledFrom(kinds).Draw(t, "kind")
		var said *factv1.Fact
		for revision := range rapid.IntRange(1, 4).Draw(t, "revisions") {
			sequence := uint64(2*revision + 2)
			if said != nil && rapid.IntRange(0, 2).Draw(t, "retract") == 0 {
				facts, said = append(facts, gone(said, sequence, day(20))), nil
				continue
			}
			// Days around the end of a month, in Shanghai and New York.
			at := day(rapid.IntRange(29, 33).Draw(t, "day")).Add(12 * 3600e9)
			u := rapid.SampledFrom([]string{"A", "B/1"}).Draw(t, "unit")
			next := fact(fmt.Sprint(i), sequence+1, u, at, rapid.SampledFrom(sets).Draw(t, "says"))
			if rapid.Bool().Draw(t, "for another reason") {
				next.Reason = flow.Because("nothing_to_tell")
			}
			if said != nil && said.Route.Unit != next.Route.Unit {
				facts = append(facts, gone(said, sequence, day(20)))
			}
			facts, said = append(facts, next), next
		}
	}
	return facts
}

// holding gives the latest revisions that are not retracted.
func holding(facts []*factv1.Fact) []*factv1.Fact {
	latest := map[string]*factv1.Fact{}
	for _, f := range facts {
		key := f.Route.Unit + " " + f.Id
		if latest[key] == nil || latest[key].Revision < f.Revision {
			latest[key] = f
		}
	}
	var held []*factv1.Fact
	for _, f := range latest {
		if !f.Retracted {
			held = append(held, f)
		}
	}
	return held
}

// checkLedger: an entry told twice is told alike, a reversal takes back one
// posting of the same sum, once, and says why.
func checkLedger(t *rapid.T, records []*ledgerv1.Record) {
	seen, taken := map[string]*ledgerv1.Entry{}, map[string]string{}
	for _, r := range records {
		e := r.GetEntry()
		if e == nil {
			continue
		}
		if before := seen[e.Id]; before != nil && !proto.Equal(before, e) {
			t.Fatalf("entry %s was told differently:\n%v\n%v", e.Id, before, e)
		}
		seen[e.Id] = e
		if e.Type != ledgerv1.EntryType_ENTRY_TYPE_REVERSAL {
			continue
		}
		posting := seen[e.Reverses]
		if posting == nil || decimal.RequireFromString(posting.Points).Neg().StringFixed(2) != e.Points ||
			posting.Month != e.Month || posting.Unit != e.Unit || words.Check(e.Why) != nil {
			t.Fatalf("%v does not take back %v", e, posting)
		}
		if by := taken[e.Reverses]; by != "" && by != e.Id {
			t.Fatalf("%s was taken back twice", e.Reverses)
		}
		taken[e.Reverses] = e.Id
	}
}

// compare checks the ledger and every month against the plain batch: judge all
// that holds, count it, derive.
func compare(t *rapid.T, s *shell, facts []*factv1.Fact) {
	wanted := map[string]*statev1.UnitMonth{}
	var lines []string
	var told []string
	for _, f := range facts {
		if alert := f.GetComplaintAlerted(); alert != nil {
			told = append(told, fmt.Sprint(f.Route.Unit, " complaint/", alert.Complaint, "/1 ", alert.Level, alert.Person))
			continue
		}
		judged, err := scoring.Judge(s.policy, f, nil)
		if err != nil {
			t.Fatal(err)
		}
		key := f.Route.Unit + " " + judged.Month
		if wanted[key] == nil {
			wanted[key] = &statev1.UnitMonth{Unit: f.Route.Unit, Month: judged.Month}
		}
		scoring.Count(wanted[key], f, judged, +1)
		lines = append(lines, linesOf(judged.Entries)...)
	}
	for _, m := range wanted {
		m.Active = scoring.Derive(s.policy, m)
		lines = append(lines, linesOf(m.Active)...)
		for _, n := range scoring.Alarms(s.policy, m) {
			told = append(told, fmt.Sprint(n.Unit, " ", n.Matter, " ", n.Level))
		}
	}
	checkNotices(t, s.ledger, told)
	ledger := read(s.ledger)
	slices.Sort(lines)
	active := linesOf(ledger.active())
	slices.Sort(active)
	if !slices.Equal(active, lines) {
		t.Fatalf("active entries:\n%s\nwant:\n%s", strings.Join(active, "\n"), strings.Join(lines, "\n"))
	}
	for key := range wanted {
		if ledger.cards[key] == nil {
			t.Fatalf("no score was told of %s", key)
		}
	}
	for key, card := range ledger.cards {
		m := wanted[key]
		if m == nil {
			m = &statev1.UnitMonth{Unit: card.Unit, Month: card.Month}
		}
		if want := scoring.Scorecard(s.policy, m, flow.Time(card.AsOf)); !proto.Equal(card, want) {
			t.Fatalf("score of %s:\n%v\nwant:\n%v", key, card, want)
		}
		addsUp(t, card, ledger.active())
		kept := s.month(card.Unit, card.Month)
		if len(kept.Tallies) != len(m.Tallies) || len(kept.Counts) != len(m.Counts) || len(kept.FaultsByDay) != len(m.FaultsByDay) {
			t.Fatalf("the month of %s keeps traces of what no longer holds: %v", key, kept)
		}
	}
}

// addsUp: the sum of active entries is what the sheet shows, item by item.
func addsUp(t *rapid.T, card *ledgerv1.Scorecard, active []*ledgerv1.Entry) {
	sums, counts := map[string]decimal.Decimal{}, map[string]int64{}
	for _, e := range active {
		if e.Unit == card.Unit && e.Month == card.Month && e.Effect != ledgerv1.Effect_EFFECT_ZERO_PART {
			sums[e.Item] = sums[e.Item].Add(decimal.RequireFromString(e.Points))
			counts[e.Item]++
		}
	}
	for _, part := range card.Parts {
		for _, i := range part.Items {
			if sums[i.Item].Neg().StringFixed(2) != i.Deducted && !sums[i.Item].IsZero() || counts[i.Item] != i.Entries {
				t.Fatalf("entries of %s add up to %s in %d, the sheet shows %v", i.Item, sums[i.Item], counts[i.Item], i)
			}
		}
		if sums[""].StringFixed(2) != part.Bonuses {
			t.Fatalf("bonuses add up to %s, the sheet shows %s", sums[""], part.Bonuses)
		}
	}
}

func linesOf(entries []*ledgerv1.Entry) []string {
	lines := make([]string, len(entries))
	for i, e := range entries {
		lines[i] = scoring.Line(e)
	}
	return lines
}

// TestLinesKeepFieldsApart: no text of a source can look like another entry.
func TestLinesKeepFieldsApart(t *testing.T) {
	a := &ledgerv1.Entry{Proof: []string{"s/1\ts/2"}}
	b := &ledgerv1.Entry{Proof: []string{"s/1", "s/2"}}
	c := &ledgerv1.Entry{Proof: []string{`s/1\ts/2`}}
	if scoring.Line(a) == scoring.Line(b) || scoring.Line(a) == scoring.Line(c) {
		t.Error("a tab in a proof is taken for the end of a field")
	}
	if scoring.Hash([]*ledgerv1.Entry{a, b}) != scoring.Hash([]*ledgerv1.Entry{b, a}) {
		t.Error("the hash depends on the order")
	}
}
