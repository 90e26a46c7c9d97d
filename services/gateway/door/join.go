package door

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/lang"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/traces"
	"kaohe.dev/services/text"
)

// job is one push on its way through the door.
type job struct {
	outcomes []outcome // of every item
	events   []*prepared
	done     chan error
	// stored is what the store had of them, in a generation of recent.
	stored     []store.Doc
	generation uint64
	// appended says that some of its events are in the append under way.
	appended bool
}

// outcome is what became of an item.
type outcome struct {
	id        string
	refusal   *Refusal
	duplicate bool
	span      traces.Span // when it is followed
}

func (o *outcome) verdict(l lang.Lang) *apiv1.EventVerdict {
	switch {
	case o.refusal != nil:
		return o.refusal.Verdict(o.id, l)
	case o.duplicate:
		return &apiv1.EventVerdict{Id: o.id, Status: apiv1.EventStatus_EVENT_STATUS_DUPLICATE}
	default:
		return &apiv1.EventVerdict{Id: o.id, Status: apiv1.EventStatus_EVENT_STATUS_ACCEPTED}
	}
}

// prepared is an event ready to be appended.
type prepared struct {
	event   *feedv1.Event
	ref     string
	hash    uint64
	data    []byte
	keys    []string // what it adds to
	outcome *outcome
}

// prepare checks and encodes what needs no knowledge of other events.
func (d *Door) prepare(ctx context.Context, items []Item) *job {
	now := d.now()
	received := timestamppb.New(now)
	j := &job{outcomes: make([]outcome, len(items)), events: make([]*prepared, 0, len(items)), done: make(chan error, 1)}
	d.follow(ctx, items, j)
	for i, item := range items {
		out := &j.outcomes[i]
		out.id, out.refusal = item.ID, item.Refusal
		if item.Event == nil {
			continue
		}
		out.id = item.Event.Id
		if out.refusal = d.check(item.Event, now); out.refusal != nil {
			continue
		}
		d.pseudonymise(item.Event)
		item.Event.ReceivedAt = received
		p, err := encode(item.Event)
		if err != nil {
			out.refusal = Refuse("", "", "invalid", "事件无法编码：%v", "the event cannot be encoded: %v", err)
			continue
		}
		p.outcome = out
		j.events = append(j.events, p)
	}
	return j
}

// encode marshals an event once: first the source's words, which are hashed as
// flow.EventHash does, then what the door adds.
func encode(e *feedv1.Event) (*prepared, error) {
	words := &feedv1.Event{Id: e.Id, Source: e.Source, OccurredAt: e.OccurredAt, Payload: e.Payload}
	data, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(make([]byte, 0, 256), words)
	if err != nil {
		return nil, err
	}
	p := &prepared{event: e, ref: flow.EventRef(e), hash: xxhash.Sum64(data)}
	p.data, err = proto.MarshalOptions{}.MarshalAppend(data, &feedv1.Event{ReceivedAt: e.ReceivedAt, Clock: e.Clock, Sender: e.Sender, Actor: e.Actor})
	return p, err
}

// join is the one goroutine that appends: it joins the jobs that wait.
func (d *Door) join(ctx context.Context) {
	defer d.running.Done()
	defer close(d.memories)
	defer close(d.joined)
	for {
		select {
		case first := <-d.jobs:
			d.append(ctx, d.gather(first))
		case <-d.stopped:
			for {
				select {
				case j := <-d.jobs:
					j.done <- ErrStopped
				default:
					return
				}
			}
		}
	}
}

// maxGroup is how many events are appended together.
const maxGroup = 1000

// gather adds the jobs that wait already.
func (d *Door) gather(first *job) []*job {
	jobs, size := []*job{first}, len(first.events)
	for size < maxGroup {
		select {
		case j := <-d.jobs:
			jobs, size = append(jobs, j), size+len(j.events)
		default:
			return jobs
		}
	}
	return jobs
}

func (d *Door) append(ctx context.Context, jobs []*job) {
	known, err := d.known(ctx, jobs)
	if err != nil {
		answer(jobs, err, func(*job) bool { return true })
		return
	}
	g := d.sift(jobs, known)
	if err := d.quarantine(ctx, g.conflicts); err != nil {
		answer(jobs, err, func(*job) bool { return true })
		return
	}
	if len(g.messages) == 0 {
		answer(jobs, nil, nil)
		return
	}
	last, err := d.appendAll(ctx, g)
	if err != nil {
		d.log.Error("appending to the feed failed, callers were told to send again", "events", len(g.messages), "error", err)
		answer(jobs, err, func(j *job) bool { return j.appended })
		return
	}
	d.learn(g, last)
	answer(jobs, nil, nil)
	d.memories <- memory{fresh: g.fresh, units: g.units, sequence: last}
}

// appendAll gives the place of the last event in the feed.
func (d *Door) appendAll(ctx context.Context, g group) (uint64, error) {
	start, spans := time.Now(), g.appending()
	last, err := d.bus.Append(ctx, g.messages)
	for _, span := range spans {
		span.End(err)
	}
	d.metrics.append.Observe(time.Since(start).Seconds())
	return last, err
}

// answer tells the callers; an error only those it concerns.
func answer(jobs []*job, err error, concerns func(*job) bool) {
	for _, j := range jobs {
		if err != nil && concerns(j) {
			j.done <- err
			continue
		}
		j.done <- nil
	}
}

// ask looks up in the store what came before of a job's events. It is done by
// the caller's goroutine, beside the append of others.
func (d *Door) ask(ctx context.Context, j *job) error {
	j.generation = d.recent.now()
	keys := make([]string, len(j.events))
	for i, p := range j.events {
		keys[i] = p.ref
	}
	docs, err := d.store.Load(ctx, seenCollection, keys)
	if err != nil {
		return fmt.Errorf("look up what came before: %w", err)
	}
	j.stored = docs
	return nil
}

// known gives the hashes of all of the jobs' events that are in the feed.
func (d *Door) known(ctx context.Context, jobs []*job) (map[string]uint64, error) {
	known := map[string]uint64{}
	for _, j := range d.recent.find(jobs, known) {
		if err := d.ask(ctx, j); err != nil {
			return nil, err
		}
	}
	for _, j := range jobs {
		for _, doc := range j.stored {
			known[doc.Key] = uint64(doc.Body.(*statev1.Seen).Hash)
		}
	}
	return known, nil
}

// group is what one append consists of.
type group struct {
	messages  []bus.Message
	fresh     []seen
	units     []string
	conflicts []*prepared
	followed  []*prepared
}

type seen struct {
	ref  string
	hash uint64
}

// sift decides about each event in order: an earlier one of the same append
// counts as known.
func (d *Door) sift(jobs []*job, known map[string]uint64) group {
	var g group
	registered := map[string]bool{}
	for _, j := range jobs {
		for _, p := range j.events {
			if hash, ok := known[p.ref]; ok {
				if p.outcome.duplicate = hash == p.hash; !p.outcome.duplicate {
					p.outcome.refusal = conflict(p.ref)
					g.conflicts = append(g.conflicts, p)
				}
				continue
			}
			if p.outcome.refusal = d.unitsKnown(p.event, registered); p.outcome.refusal != nil {
				continue
			}
			if p.outcome.refusal = d.noTwin(p.event, registered); p.outcome.refusal != nil {
				continue
			}
			if p.outcome.refusal = d.burden(p); p.outcome.refusal != nil {
				continue
			}
			if unit := p.event.GetUnitRegistered().GetUnit(); unit != "" {
				registered[unit] = true
				g.units = append(g.units, unit)
			}
			known[p.ref], j.appended = p.hash, true
			g.fresh = append(g.fresh, seen{p.ref, p.hash})
			g.messages = append(g.messages, bus.Message{Subject: bus.FeedBatches, Data: p.data, Trace: p.outcome.span.Carry()})
			if p.outcome.span.On() {
				g.followed = append(g.followed, p)
			}
		}
	}
	return g
}

func (d *Door) unitsKnown(e *feedv1.Event, registered map[string]bool) *Refusal {
	return unitsOf(e, func(field, unit string) *Refusal {
		if registered[unit] || d.unitKnown(unit) {
			return nil
		}
		return unknownUnit(field, unit, d.allUnits())
	})
}

// noTwin refuses to register a unit whose id people take for another one's.
func (d *Door) noTwin(e *feedv1.Event, registered map[string]bool) *Refusal {
	unit := e.GetUnitRegistered().GetUnit()
	if unit == "" || registered[unit] || d.unitKnown(unit) {
		return nil
	}
	twin := text.Twin(unit, append(d.allUnits(), slices.Collect(maps.Keys(registered))...))
	if twin == "" {
		return nil
	}
	return Refuse("unit_registered.unit", unit, "twin", "与已登记的 %[1]q 仅大小写或全半角不同，容易混淆；请用 %[1]q，或换一个编号",
		"it differs from %[1]q, which is registered, only in case or width; use %[1]q, or choose another id", twin)
}

// quarantineKey is one for each content that came under an id.
func quarantineKey(p *prepared) string {
	return fmt.Sprintf("%s@%x", p.ref, binary.BigEndian.AppendUint64(nil, p.hash))
}
