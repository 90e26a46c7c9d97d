package run

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/store"
)

// passMarker takes a marker, and once it has come from every service upstream,
// judges all deadlines up to its instant and passes it on.
func (s *session) passMarker(ctx context.Context, in input) error {
	if in.marker.FeedSequence <= s.position.Passed || !s.arrived(in) {
		return nil // it came again, or not from everywhere yet
	}
	if s.opts.Stream == bus.Feed && in.marker.Act != nil && in.marker.Clock != "" {
		in.marker.To = s.position.Clocks[in.marker.Clock]
		in.marker.Act.DetectedAt = in.marker.To
	}
	s.moveClock(in.marker)
	if err := s.stepDue(ctx, in); err != nil {
		return err
	}
	s.forget(in.marker)
	if err := s.act(ctx, in); err != nil {
		return err
	}
	if len(s.opts.Machine.Produces()) == 0 {
		s.position.Passed = in.marker.FeedSequence
		passed := proto.CloneOf(in.marker)
		passed.From, passed.Act = s.name, nil
		s.batch.Record(&ledgerv1.Record{Record: &ledgerv1.Record_Barrier{Barrier: passed}})
		return s.batch.failure
	}
	s.batch.append(bus.MarkerPrefix+s.name, in.marker, true)
	if s.opts.Stream == bus.Feed && in.marker.Act != nil {
		return s.hold(ctx, in)
	}
	s.position.Passed = in.marker.FeedSequence
	return s.batch.failure
}

// act lets a decision take effect: all before it has been dealt with, and
// nothing after it has come, because the reader of the feed holds. What it did
// is told before the marker that says it is done.
func (s *session) act(ctx context.Context, in input) error {
	actor, ok := s.opts.Machine.(flow.Actor)
	if !ok || in.marker.Act == nil {
		return nil
	}
	for _, key := range actor.ActedOn(s.policy, in.marker.Act) {
		if !s.mine(key) {
			continue
		}
		s.batch.wake = key
		step := flow.Input{Sequence: in.sequence, Wake: key, Fact: in.marker.Act, At: in.marker.To.AsTime(), Clock: in.marker.Clock}
		if err := s.step(step); err != nil {
			return err
		}
	}
	s.position.Sequence = in.sequence - 1 // the input is not dealt with before its marker is passed on
	if err := s.flush(ctx); err != nil {
		return err
	}
	s.position.Sequence = in.sequence
	s.batch.begin(ctx, in)
	return nil
}

// holdPoll is how often a reader that holds looks whether it may go on.
const holdPoll = 5 * time.Millisecond

// hold keeps the feed back until a decision has taken effect, so that nothing
// after it can come before it. The decision stays to be read until then: after
// a crash it is passed on again, and held for again.
func (s *session) hold(ctx context.Context, in input) error {
	s.position.Sequence = in.sequence - 1
	if err := s.flush(ctx); err != nil {
		return err
	}
	for _, name := range s.opts.Downstream {
		if err := s.opts.Store.Ensure(ctx, Positions(name)); err != nil {
			return fmt.Errorf("prepare the position of %s: %w", name, err)
		}
	}
	waiting := time.NewTicker(holdPoll)
	defer waiting.Stop()
	for {
		passed, err := s.passedBy(ctx, in.marker.FeedSequence)
		if err != nil {
			return err
		}
		if passed {
			break
		}
		select {
		case <-waiting.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.position.Sequence, s.position.Passed = in.sequence, in.marker.FeedSequence
	s.batch.begin(ctx, in)
	return nil
}

// passedBy reports whether everybody who decisions take effect on has passed a
// place of the feed.
func (s *session) passedBy(ctx context.Context, feed uint64) (bool, error) {
	for _, name := range s.opts.Downstream {
		docs, err := s.opts.Store.Load(ctx, Positions(name).Name, []string{positionKey})
		if err != nil {
			return false, fmt.Errorf("look whether %s has passed a decision: %w", name, err)
		}
		if len(docs) == 0 || docs[0].Body.(*statev1.Position).Passed < feed {
			return false, nil
		}
	}
	return true, nil
}

// arrived notes from where the marker came and reports whether it has now come
// from everywhere. A marker is known by its place in the feed.
func (s *session) arrived(in input) bool {
	if in.from == "" || len(s.opts.Upstream) <= 1 {
		return true
	}
	id := strconv.FormatUint(in.marker.FeedSequence, 10)
	if s.position.Arrivals == nil {
		s.position.Arrivals = map[string]*statev1.Arrivals{}
	}
	arrivals := s.position.Arrivals[id]
	if arrivals == nil {
		arrivals = &statev1.Arrivals{}
		s.position.Arrivals[id] = arrivals
	}
	if !slices.Contains(arrivals.From, in.from) {
		arrivals.From = append(arrivals.From, in.from)
	}
	return len(arrivals.From) == len(s.opts.Upstream)
}

// forget drops what was noted of a marker that has passed, and of all before
// it: markers come in the order of the feed. Not earlier: while the marker's
// deadlines are judged the position before it is committed, and after a crash
// only its last arrival is read again.
func (s *session) forget(m *ledgerv1.Barrier) {
	for id := range s.position.Arrivals {
		if sequence, err := strconv.ParseUint(id, 10, 64); err == nil && sequence <= m.FeedSequence {
			delete(s.position.Arrivals, id)
		}
	}
}

// moveClock moves a named clock; it never goes back.
func (s *session) moveClock(m *ledgerv1.Barrier) {
	if m.Clock == "" || !m.To.AsTime().After(flow.Time(s.position.Clocks[m.Clock])) {
		return
	}
	if s.position.Clocks == nil {
		s.position.Clocks = map[string]*timestamppb.Timestamp{}
	}
	s.position.Clocks[m.Clock] = m.To
}

// stepDue steps every document whose instant on the marker's clock has come,
// a page at a time.
func (s *session) stepDue(ctx context.Context, in input) error {
	if s.opts.Stream == bus.Feed {
		return nil // ticket-ingest judges nothing by time
	}
	query := store.Query{
		Collection: Docs(s.name, nil).Name, Where: map[string]any{"clock": in.marker.Clock},
		OrderBy: "due", Max: in.marker.To.AsTime().UnixMicro(),
	}
	return s.stepAll(ctx, in, query, func(doc *flow.Document) flow.Input {
		return flow.Input{Sequence: in.sequence, Wake: doc.Key, At: in.marker.To.AsTime(), Clock: in.marker.Clock}
	})
}

// stepAll commits what is open, then steps every document a query finds. After
// a crash it starts again; documents that took the input are left alone.
func (s *session) stepAll(ctx context.Context, in input, query store.Query, wake func(*flow.Document) flow.Input) error {
	position := s.position.Sequence
	s.position.Sequence = in.sequence - 1 // the input is not dealt with before its last page
	for {
		if err := s.flush(ctx); err != nil {
			return err
		}
		query.Limit = s.few
		docs, next, err := s.opts.Store.Query(ctx, query)
		if err != nil {
			return fmt.Errorf("find what falls due: %w", err)
		}
		if err := Whole(ctx, s.opts.Store, query.Collection, docs); err != nil {
			return err
		}
		s.batch.begin(ctx, in)
		for _, d := range docs {
			doc := s.cache.peek(d.Key)
			if doc == nil || doc.State == nil {
				doc = fromStore(d)
				s.cache.put(doc)
			}
			step := wake(doc)
			s.batch.wake = step.Wake
			if err := s.step(step); err != nil {
				return err
			}
		}
		if next == nil {
			s.position.Sequence = position
			return s.batch.failure
		}
		query.After = next
	}
}

// changePolicy takes a unit or rulebook, and looks again at every document
// that it may concern.
func (s *session) changePolicy(ctx context.Context, in input) error {
	about := flow.Input{Sequence: in.sequence, Fact: in.reference, At: flow.Time(in.reference.DetectedAt), Clock: in.reference.Clock}
	if cause := s.aside[culprit{in.sequence, ""}]; cause != nil {
		return s.setAside(about, cause)
	}
	known := s.references.Facts
	at, found := slices.BinarySearchFunc(known, in.reference.Id, func(f *factv1.Fact, id string) int {
		return strings.Compare(f.Id, id)
	})
	switch {
	case !found:
		s.references.Facts = slices.Insert(known, at, in.reference)
	case known[at].Revision < in.reference.Revision:
		known[at] = in.reference
	default:
		return nil
	}
	affected, err := s.judgeBy(in)
	if err != nil {
		return err
	}
	for _, prefix := range affected {
		query := store.Query{Collection: Docs(s.name, nil).Name, Prefix: prefix}
		err := s.stepAll(ctx, in, query, func(doc *flow.Document) flow.Input {
			return flow.Input{Sequence: in.sequence, Wake: doc.Key, At: flow.Time(in.reference.DetectedAt), Clock: in.reference.Clock}
		})
		if err != nil {
			return err
		}
	}
	s.refsDirty = true
	return nil
}

// judgeBy makes the policy of the references, and tells which documents, by the
// prefixes of their keys, it concerns that they changed.
func (s *session) judgeBy(in input) (affected []string, err error) {
	c := culprit{in.sequence, ""}
	if _, err := s.opts.Store.Prepare([]store.Write{s.keepReferences()}); err != nil {
		return nil, &poison{culprit: c, known: true, err: fmt.Errorf("keep the unit or rulebook at %d: %w", in.sequence, err)}
	}
	err = guard(c, true, func() error {
		before := s.policy
		s.setPolicy()
		affected = s.opts.Machine.Affected(before, s.policy)
		return nil
	})
	return affected, err
}
