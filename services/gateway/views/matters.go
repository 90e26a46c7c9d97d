package views

import (
	"context"
	"fmt"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/words"
)

// The kinds of matters, which begin their keys.
const (
	sheets       = "sheet"
	restatements = "restatement"
	objections   = "objection"
	awaited      = "awaited"
)

// matterDoc makes the document of a matter; false: the record is none. The
// sequence is its place in the ledger.
func matterDoc(r *ledgerv1.Record, sequence uint64) (store.Doc, bool) {
	view := &statev1.MatterView{}
	var kind, key, month, unit string
	switch m := r.Record.(type) {
	case *ledgerv1.Record_Sheet:
		m.Sheet.Sequence = sequence
		kind, month, unit = sheets, m.Sheet.Month, m.Sheet.Unit
		key = fmt.Sprintf("%s/%s/%04d", month, unit, m.Sheet.Correction)
		view.Matter = &statev1.MatterView_Sheet{Sheet: m.Sheet}
	case *ledgerv1.Record_Restatement:
		m.Restatement.Sequence = sequence
		kind, month, unit = restatements, m.Restatement.Month, m.Restatement.Unit
		key = month + "/" + unit
		view.Matter = &statev1.MatterView_Restatement{Restatement: m.Restatement}
	case *ledgerv1.Record_Objection:
		m.Objection.Sequence = sequence
		kind, month, unit, key = objections, m.Objection.Month, m.Objection.Unit, m.Objection.Id
		view.Matter = &statev1.MatterView_Objection{Objection: m.Objection}
	case *ledgerv1.Record_Awaited:
		m.Awaited.Sequence = sequence
		kind, month, unit = awaited, m.Awaited.Month, m.Awaited.Unit
		key = month + "/" + m.Awaited.Id
		view.Matter = &statev1.MatterView_Awaited{Awaited: m.Awaited}
	default:
		return store.Doc{}, false
	}
	return store.Doc{Key: kind + "/" + key, Body: view, Fields: map[string]any{
		fieldKind: kind, fieldMonth: month, fieldUnit: unit, fieldSequence: int64(sequence), //nolint:gosec // a place in a stream
	}}, true
}

// Sheets gives the sheets of a closed month, every correction beside the
// original, in the order of the ledger; of all units if none is named.
func (v *Views) Sheets(ctx context.Context, month, unit string) ([]*ledgerv1.Scorecard, error) {
	var found []*ledgerv1.Scorecard
	err := v.matters(ctx, sheets, month, func(m *statev1.MatterView) {
		if s := m.GetSheet(); unit == "" || s.Unit == unit {
			found = append(found, words.Tell(s))
		}
	})
	return found, err
}

// Restatements gives what came late about a closed month and waits.
func (v *Views) Restatements(ctx context.Context, month string) ([]*ledgerv1.Restatement, error) {
	var found []*ledgerv1.Restatement
	err := v.matters(ctx, restatements, month, func(m *statev1.MatterView) {
		if r := m.GetRestatement(); r.Restated != nil {
			found = append(found, words.Tell(r))
		}
	})
	return found, err
}

// Objections gives the objections to entries of a month, in the order in which
// they changed last; of all units if none is named.
func (v *Views) Objections(ctx context.Context, month, unit string) ([]*ledgerv1.Objection, error) {
	var found []*ledgerv1.Objection
	err := v.matters(ctx, objections, month, func(m *statev1.MatterView) {
		if o := m.GetObjection(); unit == "" || o.Unit == unit {
			found = append(found, o)
		}
	})
	return found, err
}

// Objection gives one objection, or ErrNotFound.
func (v *Views) Objection(ctx context.Context, id string) (*ledgerv1.Objection, error) {
	docs, err := v.store.Load(ctx, matterCollection, []string{objections + "/" + id})
	if err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, fmt.Errorf("objection %q: %w", id, ErrNotFound)
	}
	return docs[0].Body.(*statev1.MatterView).GetObjection(), nil
}

// Awaited gives what waits for a decision and would count in a month; in all
// months if none is named.
func (v *Views) Awaited(ctx context.Context, month string) ([]*ledgerv1.Awaited, error) {
	var found []*ledgerv1.Awaited
	err := v.matters(ctx, awaited, month, func(m *statev1.MatterView) {
		if a := m.GetAwaited(); !a.Settled {
			found = append(found, words.Tell(a))
		}
	})
	return found, err
}

func (v *Views) matters(ctx context.Context, kind, month string, each func(*statev1.MatterView)) error {
	where := map[string]any{fieldKind: kind}
	if month != "" {
		where[fieldMonth] = month
	}
	q := store.Query{Collection: matterCollection, Where: where, OrderBy: fieldSequence}
	for {
		docs, next, err := v.store.Query(ctx, q)
		if err != nil {
			return err
		}
		for _, doc := range docs {
			each(doc.Body.(*statev1.MatterView))
		}
		if q.After = next; next == nil {
			return nil
		}
	}
}
