package views

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
)

// project folds the ledger into the documents, for ever.
func (v *Views) project(ctx context.Context, caughtUp func()) error {
	last, err := v.bus.Last(ctx, bus.Ledger)
	if err != nil {
		return err
	}
	reader, err := v.bus.Read(ctx, bus.Ledger, []string{"ledger.>"}, v.position.Sequence)
	if err != nil {
		return err
	}
	defer reader.Close()
	for {
		if v.position.Sequence >= last {
			caughtUp()
		}
		select {
		case first, open := <-reader.Deliveries():
			if !open {
				return reader.Err()
			}
			if err := v.room(); err != nil {
				return err
			}
			if err := v.takeWell(ctx, reader.Drain(first, maxBatch)); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// takeWell takes a batch, but for what the views can only fail on: it is looked
// for by halves, and left out.
func (v *Views) takeWell(ctx context.Context, batch []bus.Delivery) error {
	err := run.Attempt(func() error { return v.take(ctx, batch) })
	switch {
	case !run.Stays(err):
		return err
	case len(batch) > 1:
		half := len(batch) / 2
		if err := v.takeWell(ctx, batch[:half]); err != nil {
			return err
		}
		return v.takeWell(ctx, batch[half:])
	}
	v.log.Error("a record of the ledger cannot be shown and is left out", "sequence", batch[0].Sequence, "error", err)
	return v.take(ctx, []bus.Delivery{{Sequence: batch[0].Sequence, Stored: batch[0].Stored}})
}

// take folds a batch, commits it, and tells whoever watches or waits.
func (v *Views) take(ctx context.Context, batch []bus.Delivery) error {
	for {
		began := time.Now()
		f := &fold{entries: map[string]*store.Doc{}, scores: map[string]*store.Doc{}, matters: map[string]*store.Doc{}}
		f.decode(v, batch)
		if err := f.load(ctx, v.store); err != nil {
			return err
		}
		f.apply()
		last := batch[len(batch)-1].Sequence
		err := v.store.Commit(ctx, append(f.writes(), store.Write{
			Collection: run.Positions(group).Name,
			Doc: store.Doc{Key: positionKey, Version: v.version,
				Body: &statev1.Position{Sequence: max(v.position.Sequence, last)}},
		}))
		if errors.Is(err, store.ErrConflict) { // another replica was quicker
			if err := v.loadPosition(ctx); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("commit the views: %w", err)
		}
		v.position.Sequence, v.version = max(v.position.Sequence, last), v.version+1
		for key, doc := range f.scores {
			v.latest.Store(key, doc.Body.(*statev1.ScorecardView).Scorecard.Sequence)
		}
		news, followed := v.show(f, began)
		v.hub.publish(news, last)
		for _, span := range followed {
			span.End(nil)
		}
		v.gauge.Set(float64(last))
		v.metrics.Took(group, batch, time.Since(began))
		v.barriers.passed(f.barriers, v.parts)
		return nil
	}
}

// fold is a batch on its way into the documents.
type fold struct {
	records  []*ledgerv1.Record
	entries  map[string]*store.Doc // by id; Version 0 and no body: not stored
	scores   map[string]*store.Doc
	matters  map[string]*store.Doc
	newest   map[string]store.Doc // of the matters, by key
	order    []string             // of the entries
	scored   []string             // order of the scores
	news     []*ledgerv1.Record
	barriers []Passed
	carried  map[*ledgerv1.Record]string // the traces of those that are followed
}

func (f *fold) decode(v *Views, batch []bus.Delivery) {
	for _, d := range batch {
		record := &ledgerv1.Record{}
		if err := proto.Unmarshal(d.Data, record); err != nil {
			v.log.Error("a ledger record cannot be read and is left out", "sequence", d.Sequence, "error", err)
			continue
		}
		switch r := record.Record.(type) {
		case *ledgerv1.Record_Entry:
			r.Entry.Sequence, r.Entry.PostedAt = d.Sequence, flow.At(d.Stored)
			r.Entry.State = ledgerv1.EntryState_ENTRY_STATE_ACTIVE
			if r.Entry.Type == ledgerv1.EntryType_ENTRY_TYPE_REVERSAL {
				r.Entry.State = ledgerv1.EntryState_ENTRY_STATE_REVERSED
				f.want(r.Entry.Reverses)
			}
			f.want(r.Entry.Id)
		case *ledgerv1.Record_Scorecard:
			r.Scorecard.Sequence = d.Sequence
			key := scoreKey(r.Scorecard.Month, r.Scorecard.Unit)
			if f.scores[key] == nil {
				f.scores[key] = &store.Doc{}
				f.scored = append(f.scored, key)
			}
		case *ledgerv1.Record_ProofChanged:
			r.ProofChanged.Sequence = d.Sequence
			f.want(r.ProofChanged.Entry)
		case *ledgerv1.Record_Barrier:
			f.barriers = append(f.barriers, Passed{r.Barrier, d.Sequence})
		default:
			f.matter(record, d.Sequence)
		}
		f.records = append(f.records, record)
		if d.Trace != "" {
			if f.carried == nil {
				f.carried = map[*ledgerv1.Record]string{}
			}
			f.carried[record] = d.Trace
		}
	}
}

// matter notes a matter; of several versions in a batch the last.
func (f *fold) matter(record *ledgerv1.Record, sequence uint64) {
	doc, is := matterDoc(record, sequence)
	if !is {
		return
	}
	if f.newest == nil {
		f.newest = map[string]store.Doc{}
	}
	f.newest[doc.Key] = doc
	f.matters[doc.Key] = &store.Doc{}
}

func (f *fold) want(id string) {
	if id != "" && f.entries[id] == nil {
		f.entries[id] = &store.Doc{}
		f.order = append(f.order, id)
	}
}

func (f *fold) load(ctx context.Context, s store.Store) error {
	for collection, docs := range map[string]map[string]*store.Doc{
		entryCollection: f.entries, scoreCollection: f.scores, matterCollection: f.matters,
	} {
		keys := make([]string, 0, len(docs))
		for key := range docs {
			keys = append(keys, key)
		}
		found, err := s.Load(ctx, collection, keys)
		if err != nil {
			return fmt.Errorf("load the views: %w", err)
		}
		for i := range found {
			*docs[found[i].Key] = found[i]
		}
	}
	return nil
}

func (f *fold) apply() {
	for _, record := range f.records {
		if e := record.GetEntry(); e != nil && e.Id != "" {
			f.entry(record, e)
		}
		if s := record.GetScorecard(); s != nil {
			f.score(record, s)
		}
		if p := record.GetProofChanged(); p != nil {
			f.prove(p)
		}
	}
}

// prove gives an entry another proof. What it was before is kept, because a
// comparison is as of a place in the ledger.
func (f *fold) prove(p *ledgerv1.ProofChanged) {
	view, posted := f.entries[p.Entry].Body.(*statev1.EntryView)
	if !posted {
		return
	}
	if len(view.Proofs) == 0 {
		view.Proofs = []*ledgerv1.ProofChanged{{Proof: view.Entry.Proof, Sequence: view.Entry.Sequence}}
	}
	if last := view.Proofs[len(view.Proofs)-1]; last.Sequence >= p.Sequence {
		return // it appeared before
	}
	view.Proofs = append(view.Proofs, &ledgerv1.ProofChanged{Proof: p.Proof, Sequence: p.Sequence})
	view.Entry.Proof = p.Proof
}

func (f *fold) entry(record *ledgerv1.Record, e *ledgerv1.Entry) {
	doc := f.entries[e.Id]
	if doc.Body == nil {
		*doc = entryDoc(*doc, &statev1.EntryView{Entry: proto.CloneOf(e)})
	} else if doc.Body.(*statev1.EntryView).Entry.Sequence != e.Sequence {
		return // it appeared before
	}
	f.news = append(f.news, record)
	if e.Reverses == "" {
		return
	}
	if posting := f.entries[e.Reverses]; posting.Body != nil {
		taken := posting.Body.(*statev1.EntryView)
		taken.Entry.State, taken.Entry.ReversedBy = ledgerv1.EntryState_ENTRY_STATE_REVERSED, e.Id
		*posting = entryDoc(*posting, taken)
	}
}

func (f *fold) score(record *ledgerv1.Record, s *ledgerv1.Scorecard) {
	doc := f.scores[scoreKey(s.Month, s.Unit)]
	if doc.Body != nil && doc.Body.(*statev1.ScorecardView).Scorecard.Sequence > s.Sequence {
		return // another replica is ahead
	}
	*doc = scoreDoc(*doc, s)
	f.news = append(f.news, record)
}

// writes gives the documents, a posting before its reversal.
func (f *fold) writes() []store.Write {
	writes := make([]store.Write, 0, len(f.order)+len(f.scored)+1)
	for _, id := range f.order {
		if doc := f.entries[id]; doc.Body != nil {
			writes = append(writes, store.Write{Collection: entryCollection, Doc: *doc})
		}
	}
	for _, key := range f.scored {
		writes = append(writes, store.Write{Collection: scoreCollection, Doc: *f.scores[key]})
	}
	for _, key := range slices.Sorted(maps.Keys(f.newest)) {
		known, doc := f.matters[key], f.newest[key]
		if known.Body != nil && known.Fields[fieldSequence].(int64) > doc.Fields[fieldSequence].(int64) {
			continue // another replica is ahead
		}
		doc.Version = known.Version
		writes = append(writes, store.Write{Collection: matterCollection, Doc: doc})
	}
	return writes
}
