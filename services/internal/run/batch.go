package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/traces"
)

// batch collects what a run of steps opens and says; it is the flow.Tx of all
// of them.
type batch struct {
	s           *session
	ctx         context.Context
	in          input
	wake        string // the key woken by the input, if any
	dirty       map[string]*flow.Document
	out         []bus.Message
	quarantined []store.Write
	failure     error
	stepped     []culprit // what was dealt with
	// touched says of each key what was dealt with that changed it.
	touched map[string][]culprit
	// spans are of the inputs that are followed, commits of their commits; carried
	// tells by key which trace a summary goes on with.
	spans, commits []traces.Span
	carried        map[string]string
}

func (s *session) newBatch() *batch {
	return &batch{s: s, dirty: map[string]*flow.Document{}, touched: map[string][]culprit{}}
}

func (b *batch) begin(ctx context.Context, in input) {
	b.ctx, b.in, b.wake = ctx, in, ""
	if in.step != nil {
		b.wake = in.step.Wake
	}
}

// Open is flow.Tx. A document of another part takes nothing here.
func (b *batch) Open(key string) (*flow.Document, bool, error) {
	if !b.s.mine(key) {
		return &flow.Document{Key: key, State: b.s.opts.Machine.New()}, false, nil
	}
	doc, err := b.s.cache.get(b.ctx, b.s.opts.Store, Docs(b.s.name, nil).Name, key)
	if err != nil {
		return nil, false, err
	}
	if doc == nil {
		doc = &flow.Document{Key: key, State: b.s.opts.Machine.New()}
		b.s.cache.put(doc)
	}
	if !doc.Take(b.in.sequence, b.wake) {
		return doc, false, nil
	}
	b.dirty[key] = doc
	if len(b.stepped) > 0 {
		b.touched[key] = append(b.touched[key], b.stepped[len(b.stepped)-1])
	}
	b.carry(key)
	return doc, true, nil
}

// Clock is flow.Tx.
func (b *batch) Clock(name string) time.Time { return flow.Time(b.s.position.Clocks[name]) }

// Say is flow.Tx. What is judged by is never passed by what is judged: a ticket
// that overtook its unit would be judged twice.
func (b *batch) Say(f *factv1.Fact) {
	b.in.tell(f)
	b.append(bus.FactPrefix+f.Kind, f, flow.References(flow.KindOf(f)))
}

// Record is flow.Tx.
func (b *batch) Record(r *ledgerv1.Record) {
	if e := r.GetEntry(); e != nil {
		b.s.opts.Metrics.entries.WithLabelValues(entryType(e)).Inc()
		b.in.tellEntry(e)
	}
	b.append(bus.LedgerRecords, r, r.GetBarrier() != nil)
}

// Quarantine is flow.Tx.
func (b *batch) Quarantine(_ flow.Input, reason *factv1.Reason) {
	b.quarantine(b.in, &statev1.Quarantined{Reason: reason})
}

// append adds what is to be said. What cannot be said is a fault of what is
// dealt with just now.
func (b *batch) append(subject string, m proto.Message, barrier bool) {
	data, err := proto.Marshal(m)
	if err == nil {
		err = b.s.opts.Bus.Takes(data)
	}
	if err != nil {
		p := &poison{upTo: b.in.sequence, err: fmt.Errorf("say on %s: %w", subject, err)}
		if len(b.stepped) > 0 {
			p.culprit, p.known = b.stepped[len(b.stepped)-1], true
		}
		b.failure = p
	}
	b.out = append(b.out, bus.Message{Subject: subject, Data: data, Barrier: barrier, Trace: b.in.carries})
}

// flush says what was said and commits what was opened, in this order: what is
// said but not committed is said again alike, what is committed but not said
// would be lost.
func (s *session) flush(ctx context.Context) error {
	b := s.batch
	docs := b.taken()
	if err := s.summarise(ctx, docs); err != nil {
		return b.blame(err)
	}
	if err := b.fresh(ctx); err != nil {
		return err
	}
	kept, err := s.segment(ctx, docs)
	if err != nil {
		return err
	}
	commit, err := s.opts.Store.Prepare(s.writes(b, kept, docs))
	if err != nil {
		return b.blame(fmt.Errorf("commit %d documents: %w", len(docs), err))
	}
	b.committing(len(docs))
	if err := s.boundary(BoundaryStepped); err != nil {
		return err
	}
	if err := s.say(ctx, b.out); err != nil {
		return err
	}
	b.appended()
	if err := s.boundary(BoundarySaid); err != nil {
		return err
	}
	if err := s.commit(ctx, commit, docs); err != nil {
		return err
	}
	kept.took()
	b.over(nil)
	s.wakes.note(b.dirty)
	s.cache.trim()
	s.batch = s.newBatch()
	return s.boundary(BoundaryCommitted)
}

// say appends messages; the streams differ by subject, the order within one
// stays.
func (s *session) say(ctx context.Context, out []bus.Message) error {
	if len(out) == 0 {
		return nil
	}
	if _, err := s.opts.Bus.Append(ctx, out); err != nil {
		return fmt.Errorf("say %d facts: %w", len(out), err)
	}
	s.opts.Metrics.said.WithLabelValues(s.name).Add(float64(len(out)))
	return nil
}

// taken gives the documents that took an input, by key.
func (b *batch) taken() []*flow.Document {
	docs := make([]*flow.Document, 0, len(b.dirty))
	for _, doc := range b.dirty {
		docs = append(docs, doc)
	}
	slices.SortFunc(docs, func(x, y *flow.Document) int { return strings.Compare(x.Key, y.Key) })
	return docs
}

// summarise adds the snapshots of documents.
func (s *session) summarise(ctx context.Context, docs []*flow.Document) error {
	summariser, ok := s.opts.Machine.(flow.Summariser)
	if !ok {
		return nil
	}
	b := s.batch
	for _, doc := range docs {
		b.begin(ctx, input{carries: b.carried[doc.Key]})
		err := guard(culprit{}, false, func() error {
			for _, record := range summariser.Summary(s.policy, doc) {
				b.Record(record)
			}
			return b.failure
		})
		if err != nil {
			return fmt.Errorf("sum up %s: %w", doc.Key, err)
		}
	}
	return nil
}

// blame tells what is at fault that a batch cannot be stored: what was dealt
// with alone, or alone changed what cannot be, or else it is not known.
func (b *batch) blame(err error) error {
	var p *poison
	if !errors.As(err, &p) && !errors.Is(err, store.ErrUnfit) || len(b.stepped) == 0 {
		return err
	}
	blamed := &poison{upTo: b.s.position.Sequence, err: err}
	var unfit *store.UnfitError
	if errors.As(err, &unfit) && len(b.touched[unfit.Key]) == 1 {
		blamed.culprit, blamed.known = b.touched[unfit.Key][0], true
		return blamed
	}
	if len(b.stepped) == 1 || b.s.few == 1 {
		blamed.culprit, blamed.known = b.stepped[len(b.stepped)-1], true
	}
	for _, c := range b.stepped {
		blamed.upTo = max(blamed.upTo, c.sequence)
	}
	return blamed
}

// writes gives the documents by key, with the segments they begin to name before
// and those they do not name any more behind them, and the position last, so that
// any prefix of them is safe.
func (s *session) writes(b *batch, kept segmented, docs []*flow.Document) []store.Write {
	writes := make([]store.Write, 0, len(docs)+len(kept.fresh)+len(kept.gone)+len(b.quarantined)+2)
	writes = append(writes, kept.fresh...)
	for _, doc := range docs {
		writes = append(writes, store.Write{Collection: Docs(s.name, nil).Name, Doc: toStore(doc, kept.heads[doc])})
	}
	writes = append(writes, kept.gone...)
	writes = append(writes, b.quarantined...)
	if s.refsDirty {
		writes = append(writes, s.keepReferences())
	}
	writes = append(writes, store.Write{
		Collection: Positions(s.name).Name,
		Doc:        store.Doc{Key: positionKey, Version: s.positionVersion, Body: s.position},
	})
	return writes
}

// commit stores what was prepared.
func (s *session) commit(ctx context.Context, prepared store.Prepared, docs []*flow.Document) error {
	if err := prepared.Commit(ctx); err != nil {
		if errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("another replica of %s has gone on, this one steps back: %w", s.name, err)
		}
		return fmt.Errorf("commit %d documents: %w", len(docs), err)
	}
	for _, doc := range docs {
		doc.Version++
	}
	if s.refsDirty {
		s.refsVersion++
		s.refsDirty = false
	}
	s.positionVersion++
	s.Runner.position.Store(s.position.Sequence)
	s.commits.Add(1)
	s.passed(s.position.Sequence)
	return nil
}

// keepReferences stores the units and rulebooks.
func (s *session) keepReferences() store.Write {
	return store.Write{
		Collection: References(s.name).Name,
		Doc:        store.Doc{Key: positionKey, Version: s.refsVersion, Body: s.references},
	}
}

// toStore gives a document as it is stored: its state, or the head of it where
// the rest is in segments.
func toStore(doc *flow.Document, head *statev1.Dossier) store.Doc {
	fields := map[string]any{"sequence": int64(doc.Sequence)}
	if doc.Wake != "" {
		fields["wake"] = doc.Wake
	}
	if !doc.Due.IsZero() {
		fields["clock"], fields["due"] = doc.Clock, doc.Due.UnixMicro()
	}
	stored := store.Doc{Key: doc.Key, Version: doc.Version, Fields: fields, Body: doc.State}
	if head != nil {
		stored.Body = head
	}
	return stored
}

func fromStore(d store.Doc) *flow.Document {
	doc := &flow.Document{Key: d.Key, Version: d.Version, State: d.Body}
	if dossier, is := d.Body.(*statev1.Dossier); is {
		doc.Segments, dossier.Segments = dossier.Segments, nil
	}
	if sequence, ok := d.Fields["sequence"].(int64); ok {
		doc.Sequence = uint64(sequence)
	}
	doc.Wake, _ = d.Fields["wake"].(string)
	if due, ok := d.Fields["due"].(int64); ok {
		doc.Due = time.UnixMicro(due).UTC()
		doc.Clock, _ = d.Fields["clock"].(string)
	}
	return doc
}
