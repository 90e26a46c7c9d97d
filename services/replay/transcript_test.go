package replay_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/simulate"
	"kaohe.dev/services/words"
)

// TestTheScriptedMonthAsItHappens: what the ledger said, and when: entries as
// they were posted and taken back, scores as they moved, sheets and their
// corrections. ledger.txt is what stands in the end; this is the way there.
func TestTheScriptedMonthAsItHappens(t *testing.T) {
	events := scripted(t)
	zone := time.FixedZone("CST", 8*3600)
	end := time.Date(2026, 4, 10, 0, 0, 0, 0, zone)
	result := fold(t, events, end)
	w := live(t, result, nil)
	told := &transcript{zone: zone, totals: map[string]string{}}
	for _, e := range events {
		w.Do(flowtest.Clock("", flow.Time(e.ReceivedAt)))
		told.records("a deadline", w)
		w.Do(flowtest.Event(e))
		told.records(heading(e), w)
	}
	w.Do(flowtest.Clock("", end))
	told.records("a deadline", w)
	golden(t, "testdata/month/transcript.txt", told.out.Bytes())
	compare(t, w, result)
	for _, reversal := range []string{"was completed", "merged", "found invalid", "cancelled", "correction 1"} {
		if !bytes.Contains(told.out.Bytes(), []byte(reversal)) {
			t.Errorf("nothing in the transcript speaks of %q", reversal)
		}
	}
}

// golden compares with a file, or writes it with -update.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s has changed; read it, and keep it with -update:\n%s", file, got)
	}
}

// transcript writes down what a ledger says, for people.
type transcript struct {
	out    bytes.Buffer
	zone   *time.Location
	read   int
	totals map[string]string
}

// records writes what came into the ledger since, under what it came from.
func (tr *transcript) records(from string, w *flowtest.World) {
	var lines []string
	cards := map[string]*ledgerv1.Scorecard{}
	for _, record := range w.Records[tr.read:] {
		lines = append(lines, tr.lines(record)...)
		if card := record.GetScorecard(); card != nil {
			cards[card.Unit+" "+card.Month] = card
		}
	}
	tr.read = len(w.Records)
	for _, key := range slices.Sorted(maps.Keys(cards)) {
		if total := standing(cards[key]); total != tr.totals[key] {
			lines = append(lines, "= "+key+" "+total)
			tr.totals[key] = total
		}
	}
	if len(lines) > 0 {
		fmt.Fprintf(&tr.out, "%s\n   %s\n", from, strings.Join(lines, "\n   "))
	}
}

func (tr *transcript) lines(record *ledgerv1.Record) []string {
	switch {
	case record.GetEntry() != nil:
		return []string{tr.entry(record.GetEntry())}
	case record.GetSheet() != nil:
		s := record.GetSheet()
		return []string{fmt.Sprintf("sheet %s %s, correction %d: %s", s.Unit, s.Month, s.Correction, standing(s))}
	case record.GetRestatement() != nil:
		r := record.GetRestatement()
		if len(r.Vanish)+len(r.Appear) == 0 {
			return nil // nothing waits
		}
		lines := []string{fmt.Sprintf("waits %s %s: %s would be %s", r.Unit, r.Month, r.Total, r.RestatedTotal)}
		for _, e := range r.Vanish {
			lines = append(lines, "  would go: "+e.Points+" "+e.Rule+" "+e.Incident.GetId())
		}
		for _, e := range r.Appear {
			lines = append(lines, "  would come: "+e.Points+" "+e.Rule+" "+e.Incident.GetId())
		}
		return lines
	case record.GetObjection() != nil:
		return objected(record.GetObjection())
	case record.GetNotice() != nil:
		n := record.GetNotice()
		return []string{fmt.Sprintf("notice %s: %s | %s", n.Unit, words.Text(n.Why).GetZh(), words.Text(n.Why).GetEn())}
	}
	return nil
}

// objected writes what was objected and decided so far.
func objected(o *ledgerv1.Objection) []string {
	lines := []string{fmt.Sprintf("objection %s %s to %s", o.Unit, o.Month, o.Objection.GetFact())}
	for _, step := range o.Objection.GetSteps() {
		lines = append(lines, fmt.Sprintf("  %s: %s", step.Person, step.Grounds))
	}
	for _, ruling := range o.Objection.GetRulings() {
		lines = append(lines, fmt.Sprintf("  %s: %s %s", ruling.Person, strings.ToLower(strings.TrimPrefix(ruling.Outcome.String(), "OBJECTION_OUTCOME_")), ruling.Reason))
	}
	return lines
}

// entry writes a posting with a plus, and what takes it back with a minus.
func (tr *transcript) entry(e *ledgerv1.Entry) string {
	sign := "+"
	if e.Type == ledgerv1.EntryType_ENTRY_TYPE_REVERSAL {
		sign = "-"
	}
	return fmt.Sprintf("%s %s %s %s %s %s %s (%s of %s): %s | %s", sign, e.Unit, e.Month, e.Points, e.Item, e.Rule, e.Incident.GetId(), e.Clause,
		flow.Time(e.OccurredAt).In(tr.zone).Format("01-02 15:04"), words.Text(e.Why).GetZh(), words.Text(e.Why).GetEn())
}

// standing is what a unit scores, and in which parts.
func standing(card *ledgerv1.Scorecard) string {
	var parts []string
	for _, part := range card.Parts {
		parts = append(parts, part.Label.Zh+" "+part.Score)
	}
	state := strings.ToLower(strings.TrimPrefix(card.State.String(), "MONTH_STATE_"))
	return card.Total + " (" + strings.Join(parts, ", ") + "), " + state
}

// heading names an event as the feed has it: when it came, and what it is about.
func heading(e *feedv1.Event) string {
	m := e.ProtoReflect()
	kind := m.WhichOneof(m.Descriptor().Oneofs().ByName("payload"))
	payload := m.Get(kind).Message()
	about := payload.Get(payload.Descriptor().Fields().Get(0)).String()
	at := flow.Time(e.ReceivedAt).In(time.FixedZone("CST", 8*3600)).Format("01-02 15:04")
	return fmt.Sprintf("%s %s %s %s", at, e.Id, kind.Name(), about)
}

// TestNothingIsTakenBackToBeSaidAgain: an entry is taken back because something
// about it changed, not because more was heard of what it is about: people are
// told of both, and would look in vain for the difference.
func TestNothingIsTakenBackToBeSaidAgain(t *testing.T) {
	events, err := simulate.Month(7, "2026-03", time.FixedZone("CST", 8*3600))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.ReceivedAt == nil {
			e.ReceivedAt = e.OccurredAt
		}
	}
	slices.SortStableFunc(events, func(a, b *feedv1.Event) int { return flow.Time(a.ReceivedAt).Compare(flow.Time(b.ReceivedAt)) })
	w := live(t, fold(t, events, time.Time{}), events)
	taken := map[string]*ledgerv1.Entry{}
	posted := map[string]*ledgerv1.Entry{}
	reversals := 0
	for _, record := range w.Records {
		e := record.GetEntry()
		switch {
		case e == nil:
		case e.Type == ledgerv1.EntryType_ENTRY_TYPE_REVERSAL:
			taken[e.Fact+" "+e.Rule] = posted[e.Reverses]
			reversals++
		default:
			posted[e.Id] = e
			if before := taken[e.Fact+" "+e.Rule]; before != nil && e.Incident.GetKind() != "month" &&
				before.Points == e.Points && proto.Equal(before.Why, e.Why) && flow.Time(before.OccurredAt).Equal(flow.Time(e.OccurredAt)) {
				t.Errorf("%s %s was taken back and said again: %s; proof was %v, is %v", e.Rule, e.Incident.GetId(), words.Text(e.Why).En, before.Proof, e.Proof)
			}
		}
	}
	if reversals == 0 {
		t.Error("nothing was taken back at all")
	}
}
