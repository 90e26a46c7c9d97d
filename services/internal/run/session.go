package run

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/traces"
	"kaohe.dev/services/rulebook"
)

// positionKey is the one document of the position and of the references.
const positionKey = "all"

// session is a runner's life from one committed position to a fault.
type session struct {
	*Runner
	position        *statev1.Position
	positionVersion int64
	references      *statev1.References
	refsVersion     int64
	refsDirty       bool
	policy          *rulebook.Policy
	cache           *cache
	wakes           *wakes
	batch           *batch
}

// open loads the committed position and what goes with it.
func (r *Runner) open(ctx context.Context) (*session, error) {
	if err := r.opts.Store.Ensure(ctx, Collections(r.name, r.opts.Machine)...); err != nil {
		return nil, fmt.Errorf("prepare the documents of %s: %w", r.name, err)
	}
	s := &session{
		Runner: r, position: &statev1.Position{}, references: &statev1.References{},
		cache: newCache(cmp.Or(r.opts.Documents, DefaultDocuments)),
	}
	docs, err := r.opts.Store.Load(ctx, Positions(r.name).Name, []string{positionKey})
	if err != nil {
		return nil, fmt.Errorf("load the position of %s: %w", r.name, err)
	}
	for _, d := range docs {
		s.position, s.positionVersion = d.Body.(*statev1.Position), d.Version
	}
	docs, err = r.opts.Store.Load(ctx, References(r.name).Name, []string{positionKey})
	if err != nil {
		return nil, fmt.Errorf("load the references of %s: %w", r.name, err)
	}
	for _, d := range docs {
		s.references, s.refsVersion = d.Body.(*statev1.References), d.Version
	}
	s.setPolicy()
	s.wakes = newWakes(r)
	s.batch = s.newBatch()
	return s, nil
}

// setPolicy compiles the references. A rulebook that does not compile was
// refused at the door; if one came another way, the others stay in force.
func (s *session) setPolicy() {
	policy, err := rulebook.PolicyFromFacts(s.references.Facts)
	if err != nil {
		s.opts.Logger.Error("a rulebook in the feed cannot be used and is left out", "service", s.name, "error", err)
	}
	s.policy = policy
}

// take deals with a batch of deliveries and commits.
func (s *session) take(ctx context.Context, deliveries []bus.Delivery) (err error) {
	defer func() { s.batch.over(err) }()
	started := s.opts.Now()
	if err := s.boundary(BoundaryRead); err != nil {
		return err
	}
	inputs := make([]input, len(deliveries))
	for i, d := range deliveries {
		inputs[i] = s.decode(d)
	}
	if err := s.prefetch(ctx, inputs); err != nil {
		return err
	}
	for _, in := range inputs {
		if err := s.dealWith(ctx, in); err != nil {
			return err
		}
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	now := s.opts.Now()
	s.opts.Metrics.Took(s.name, deliveries, now.Sub(started))
	s.opts.Metrics.Waited(s.name, now.Sub(deliveries[len(deliveries)-1].Stored))
	return nil
}

// prefetch loads in one go the documents that the inputs will open.
func (s *session) prefetch(ctx context.Context, inputs []input) error {
	var keys []string
	for _, in := range inputs {
		if in.step == nil || s.aside[culprit{in.sequence, in.step.Wake}] != nil {
			continue
		}
		err := guard(culprit{in.sequence, in.step.Wake}, true, func() error {
			for _, key := range s.opts.Machine.Keys(*in.step, s.policy) {
				if s.mine(key) {
					keys = append(keys, key)
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("find the keys of the input at %d: %w", in.sequence, err)
		}
	}
	return s.cache.fill(ctx, s.opts.Store, Docs(s.name, nil).Name, keys)
}

// dealWith deals with one input.
func (s *session) dealWith(ctx context.Context, in input) error {
	s.position.Sequence = in.sequence
	s.follow(&in)
	s.batch.begin(ctx, in)
	switch {
	case in.delivery.Empty: // only its place is there
	case in.problem != nil:
		if s.opts.Part == 0 { // all parts read it
			s.batch.quarantine(in, &statev1.Quarantined{Reason: in.problem})
		}
	case in.marker != nil:
		return s.passMarker(ctx, in)
	case in.reference != nil:
		return s.changePolicy(ctx, in)
	default:
		if in.step.Wake != "" {
			s.opts.Metrics.lateness.WithLabelValues(s.name).Observe(s.opts.Now().Sub(in.step.At).Seconds())
		}
		return s.step(*in.step)
	}
	return s.batch.failure
}

// input is a delivery as the shell understands it.
type input struct {
	sequence  uint64
	delivery  bus.Delivery
	step      *flow.Input
	reference *factv1.Fact
	marker    *ledgerv1.Barrier
	from      string // the service a marker came from; empty: the feed
	problem   *factv1.Reason
	span      traces.Span // when it is followed
	carries   string      // the trace that what it makes known goes on with
}

// decode reads a delivery. What cannot be read goes to quarantine.
func (s *session) decode(d bus.Delivery) input {
	in := input{sequence: d.Sequence, delivery: d}
	var err error
	switch {
	case d.Empty:
	case s.opts.Stream == bus.Feed:
		err = s.decodeEvent(&in)
	case strings.HasPrefix(d.Subject, bus.MarkerPrefix):
		in.marker, in.from = &ledgerv1.Barrier{}, d.Subject[len(bus.MarkerPrefix):]
		err = proto.Unmarshal(d.Data, in.marker)
	default:
		err = in.decodeFact()
	}
	if err != nil {
		in.step, in.reference, in.marker = nil, nil, nil
		in.problem = flow.Because("unreadable", flow.Said("error", err.Error()))
	}
	return in
}

// decodeFact reads a fact, or a wake, which has no kind: a fact on the way of
// the wakes was set aside before and is tried again.
func (in *input) decodeFact() error {
	fact := &factv1.Fact{}
	if err := proto.Unmarshal(in.delivery.Data, fact); err != nil {
		return err
	}
	switch woken := strings.HasPrefix(in.delivery.Subject, bus.WakePrefix); {
	case woken && flow.KindOf(fact) == "":
		in.step = &flow.Input{Sequence: in.sequence, Wake: fact.Id, At: flow.Time(fact.OccurredAt)}
	case flow.References(flow.KindOf(fact)):
		in.reference = fact
	default:
		in.step = &flow.Input{Sequence: in.sequence, Fact: fact, At: flow.Time(fact.DetectedAt), Clock: fact.Clock}
	}
	return nil
}

func (s *session) decodeEvent(in *input) error {
	event := &feedv1.Event{}
	if err := proto.Unmarshal(in.delivery.Data, event); err != nil {
		return err
	}
	if event.ReceivedAt == nil {
		// It came past the door: the feed's own time is when it was received.
		event.ReceivedAt = timestamppb.New(in.delivery.Stored)
	}
	if tick := event.GetClockAdvanced(); tick != nil {
		in.marker = &ledgerv1.Barrier{
			Barrier: tick.Barrier, Clock: tick.Clock, To: tick.To, FeedSequence: in.sequence,
		}
		return nil
	}
	if flow.TakesEffectInPlace(event) {
		in.marker = decision(event, in.sequence)
		return nil
	}
	if event.Id == "" || event.Source == "" || event.OccurredAt == nil || flow.EventType(event) == "" {
		return fmt.Errorf("event %q of source %q lacks id, source, occurred_at or payload", event.Id, event.Source)
	}
	in.step = &flow.Input{Sequence: in.sequence, Fact: flow.FromEvent(event), At: flow.Time(event.ReceivedAt), Clock: event.Clock}
	return nil
}

// decision is the marker of a decision that takes effect in its place: all
// deadlines up to then, on its clock, are judged before it.
func decision(event *feedv1.Event, sequence uint64) *ledgerv1.Barrier {
	return &ledgerv1.Barrier{
		Barrier: flow.EventRef(event), Clock: event.Clock, To: event.ReceivedAt, FeedSequence: sequence, Act: flow.FromEvent(event),
	}
}
