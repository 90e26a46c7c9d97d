package views

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/words"
)

// ErrNotFound says that there is no such document.
var ErrNotFound = errors.New("not found")

// Filter selects entries of a month; empty fields are no restriction.
type Filter struct {
	// Month is yyyy-mm and required.
	Month string
	// Unit, Rule and State ("active" or "reversed") restrict.
	Unit, Rule, State string
	// Latest gives the latest first.
	Latest bool
	// UpTo gives what the ledger had up to a place; 0: all it has. What was
	// taken back since still has the state of now.
	UpTo uint64
}

func (f Filter) wants(e *ledgerv1.Entry) bool {
	state := stateActive
	if e.State == ledgerv1.EntryState_ENTRY_STATE_REVERSED {
		state = stateReversed
	}
	return (f.UpTo == 0 || e.Sequence <= f.UpTo) && (f.Unit == "" || f.Unit == e.Unit) && (f.Rule == "" || f.Rule == e.Rule) && (f.State == "" || f.State == state)
}

// proof is what proved an entry at the place asked for.
func (f Filter) proof(view *statev1.EntryView) []string {
	for _, p := range slices.Backward(view.Proofs) {
		if f.UpTo == 0 || p.Sequence <= f.UpTo {
			return p.Proof
		}
	}
	return view.Entry.Proof
}

// where names the fields an index covers; the rest is filtered while reading.
func (f Filter) where() map[string]any {
	where := map[string]any{fieldMonth: f.Month}
	if f.Unit != "" {
		where[fieldUnit] = f.Unit
	}
	if f.Rule != "" {
		where[fieldRule] = f.Rule
	}
	if f.State != "" && len(where) == 1 {
		where[fieldState] = f.State
	}
	return where
}

// Entries gives a page of a month's entries in the order of the ledger, or the
// other way round, and where the next page starts, nil when there is none.
func (v *Views) Entries(ctx context.Context, f Filter, after *store.Cursor, limit int) ([]*ledgerv1.Entry, *store.Cursor, error) {
	var entries []*ledgerv1.Entry
	for {
		docs, next, err := v.store.Query(ctx, store.Query{
			Collection: entryCollection, Where: f.where(), OrderBy: fieldSequence, Desc: f.Latest, After: after, Limit: limit,
		})
		if err != nil {
			return nil, nil, err
		}
		for i, doc := range docs {
			view := doc.Body.(*statev1.EntryView)
			e := view.Entry
			if !f.wants(e) {
				continue
			}
			e.Proof = f.proof(view)
			entries = append(entries, words.Tell(e))
			if len(entries) == limit && (i < len(docs)-1 || next != nil) {
				return entries, &store.Cursor{Value: int64(e.Sequence), Key: e.Id}, nil
			}
		}
		if after = next; next == nil {
			return entries, nil, nil
		}
	}
}

// Entry gives one entry, or ErrNotFound.
func (v *Views) Entry(ctx context.Context, id string) (*ledgerv1.Entry, error) {
	docs, err := v.store.Load(ctx, entryCollection, []string{id})
	if err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, fmt.Errorf("entry %q: %w", id, ErrNotFound)
	}
	return words.Tell(docs[0].Body.(*statev1.EntryView).Entry), nil
}

// EntriesOfTicket gives a ticket's entries in the order of the ledger.
func (v *Views) EntriesOfTicket(ctx context.Context, ticket string) ([]*ledgerv1.Entry, error) {
	return v.all(ctx, fieldTicket, ticket)
}

// EntriesOfFact gives postings and reversals of a fact, in order.
func (v *Views) EntriesOfFact(ctx context.Context, fact string) ([]*ledgerv1.Entry, error) {
	return v.all(ctx, fieldFact, fact)
}

func (v *Views) all(ctx context.Context, field, value string) (entries []*ledgerv1.Entry, err error) {
	q := store.Query{Collection: entryCollection, Where: map[string]any{field: value}, OrderBy: fieldSequence}
	for {
		docs, next, err := v.store.Query(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, doc := range docs {
			entries = append(entries, words.Tell(doc.Body.(*statev1.EntryView).Entry))
		}
		if q.After = next; next == nil {
			return entries, nil
		}
	}
}

// Scorecard gives a unit's scorecard of a month, or ErrNotFound when nothing
// was scored yet.
func (v *Views) Scorecard(ctx context.Context, month, unit string) (*ledgerv1.Scorecard, error) {
	card, err := ScorecardIn(ctx, v.store, month, unit)
	return v.Noted(card), err
}

// ScorecardIn reads what views have kept in a store.
func ScorecardIn(ctx context.Context, s store.Store, month, unit string) (*ledgerv1.Scorecard, error) {
	docs, err := s.Load(ctx, scoreCollection, []string{scoreKey(month, unit)})
	if err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, fmt.Errorf("scorecard of %s in %s: %w", unit, month, ErrNotFound)
	}
	return words.Tell(docs[0].Body.(*statev1.ScorecardView).Scorecard), nil
}

// Newest gives the place of a unit's newest scorecard that came since the
// views started; 0: none came.
func (v *Views) Newest(month, unit string) uint64 {
	sequence, _ := v.latest.Load(scoreKey(month, unit))
	newest, _ := sequence.(uint64)
	return newest
}

// Scorecards gives all scorecards of a month, in no meaningful order.
func (v *Views) Scorecards(ctx context.Context, month string) (cards []*ledgerv1.Scorecard, err error) {
	q := store.Query{Collection: scoreCollection, Where: map[string]any{fieldMonth: month}, OrderBy: fieldSequence}
	for {
		docs, next, err := v.store.Query(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, doc := range docs {
			cards = append(cards, v.Noted(words.Tell(doc.Body.(*statev1.ScorecardView).Scorecard)))
		}
		if q.After = next; next == nil {
			return cards, nil
		}
	}
}

// Months gives the months with scores, the latest first.
func (v *Views) Months(ctx context.Context) ([]string, error) {
	var months []string
	q := store.Query{Collection: scoreCollection, OrderBy: fieldMonth, Desc: true, Limit: 1}
	for {
		docs, _, err := v.store.Query(ctx, q)
		if err != nil {
			return nil, err
		}
		if len(docs) == 0 {
			return months, nil
		}
		month := docs[0].Body.(*statev1.ScorecardView).Scorecard.Month
		months = append(months, month)
		// The greatest text below the month that is no month itself.
		q.Max = month[:len(month)-1] + string(rune(month[len(month)-1]-1)) + "~"
	}
}

// Since gives what the documents hold behind one place up to another, entries
// and scorecards in the order of the ledger. Of a scorecard only the newest
// is held. It may stop before upTo: reached says where to go on.
func (v *Views) Since(ctx context.Context, w Watch, after, upTo uint64) (records []*ledgerv1.Record, reached uint64, err error) {
	if after >= upTo {
		return nil, upTo, nil
	}
	reached = upTo
	for _, collection := range []string{entryCollection, scoreCollection} {
		q := store.Query{Collection: collection, OrderBy: fieldSequence, Min: int64(after) + 1, Max: int64(reached), Limit: maxBatch}
		if w.Month != "" {
			q.Where = map[string]any{fieldMonth: w.Month}
		}
		docs, next, err := v.store.Query(ctx, q)
		if err != nil {
			return nil, 0, err
		}
		if next != nil {
			reached = uint64(next.Value.(int64))
		}
		for _, doc := range docs {
			records = append(records, recordOf(doc))
		}
	}
	records = slices.DeleteFunc(records, func(r *ledgerv1.Record) bool { return SequenceOf(r) > reached || !w.wants(r) })
	slices.SortFunc(records, func(a, b *ledgerv1.Record) int { return cmp.Compare(SequenceOf(a), SequenceOf(b)) })
	return records, reached, nil
}

func recordOf(doc store.Doc) *ledgerv1.Record {
	if view, ok := doc.Body.(*statev1.EntryView); ok {
		return &ledgerv1.Record{Record: &ledgerv1.Record_Entry{Entry: words.Tell(view.Entry)}}
	}
	return &ledgerv1.Record{Record: &ledgerv1.Record_Scorecard{Scorecard: words.Tell(doc.Body.(*statev1.ScorecardView).Scorecard)}}
}
