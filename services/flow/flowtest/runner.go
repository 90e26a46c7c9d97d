package flowtest

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/words"
)

// runner is one machine with its documents; it is the flow.Tx of its steps.
type runner struct {
	w        *World
	machine  flow.Machine
	docs     map[string]*flow.Document
	sequence uint64 // of the input being dealt with
	took     []*flow.Document
}

// Open is flow.Tx.
func (r *runner) Open(key string) (*flow.Document, bool, error) {
	doc := r.docs[key]
	if doc == nil {
		doc = &flow.Document{Key: key, State: r.machine.New()}
		r.docs[key] = doc
	}
	if doc.Sequence >= r.sequence {
		return doc, false, nil
	}
	doc.Sequence = r.sequence
	r.took = append(r.took, doc)
	return doc, true, nil
}

// Clock is flow.Tx.
func (r *runner) Clock(name string) time.Time { return r.w.clocks[name] }

// Say is flow.Tx. What is said is copied, as a stream would.
func (r *runner) Say(f *factv1.Fact) {
	if !slices.Contains(r.machine.Produces(), flow.Kind(f.Kind)) {
		r.w.t.Errorf("%s said %s, which it does not declare to produce", r.machine.Name(), f.Id)
	}
	if !f.Retracted && (f.OccurredAt == nil || f.Route == nil || f.Body == nil) {
		r.w.t.Errorf("%s said %s without instant, route or body", r.machine.Name(), f.Id)
	}
	if f.Reason != nil {
		if err := words.Check(f.Reason); err != nil {
			r.w.t.Errorf("%s said %s: %v", r.machine.Name(), f.Id, err)
		}
	}
	f = proto.CloneOf(f)
	r.w.Said = append(r.w.Said, f)
	r.w.queue = append(r.w.queue, f)
	if known := r.w.latest[f.Id]; known == nil || known.Revision < f.Revision {
		r.w.latest[f.Id] = f
	}
}

// Record is flow.Tx.
func (r *runner) Record(record *ledgerv1.Record) {
	r.w.Records = append(r.w.Records, proto.CloneOf(record))
}

// Quarantine is flow.Tx.
func (r *runner) Quarantine(_ flow.Input, reason *factv1.Reason) {
	r.w.Quarantined = append(r.w.Quarantined, reason)
}

func (r *runner) step(in flow.Input) {
	r.w.t.Helper()
	r.sequence = in.Sequence
	if err := r.machine.Step(r.w.policy, r, in); err != nil {
		r.w.t.Fatalf("step %s: %v", r.machine.Name(), err)
	}
	r.summarise()
}

// summarise tells the snapshots of what took the input: a batch of one.
func (r *runner) summarise() {
	summariser, ok := r.machine.(flow.Summariser)
	for _, doc := range r.took {
		if !ok {
			break
		}
		for _, record := range summariser.Summary(r.w.policy, doc) {
			r.Record(record)
		}
	}
	r.took = r.took[:0]
}

// act lets a decision take effect on what it is about.
func (r *runner) act(decision *factv1.Fact) {
	actor, ok := r.machine.(flow.Actor)
	if !ok {
		return
	}
	sequence := r.next()
	for _, key := range actor.ActedOn(r.w.policy, decision) {
		r.step(flow.Input{Sequence: sequence, At: flow.Time(decision.DetectedAt), Clock: decision.Clock, Wake: key, Fact: decision})
	}
}

// stepAll wakes the documents that are meant, by key.
func (r *runner) stepAll(clock string, at time.Time, meant func(*flow.Document) bool) {
	var keys []string
	for key, doc := range r.docs {
		if meant(doc) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		r.step(flow.Input{Sequence: r.next(), At: at, Clock: clock, Wake: key})
	}
}

func (r *runner) stepDue(clock string, to time.Time) {
	r.stepAll(clock, to, func(d *flow.Document) bool {
		return d.Clock == clock && !d.Due.IsZero() && !d.Due.After(to)
	})
}

// next numbers an input on the stream the machine reads.
func (r *runner) next() uint64 {
	if slices.Contains(r.machine.Consumes(), flow.Event) {
		r.w.feed++
		return r.w.feed
	}
	r.w.sequence++
	return r.w.sequence
}

// fireNext wakes the document of the wall clock that falls due first, up to an
// instant, and reports whether there was one.
func (w *World) fireNext(to time.Time) bool {
	var first *flow.Document
	var owner *runner
	for _, r := range w.runners {
		for _, d := range r.docs {
			if d.Clock != "" || d.Due.IsZero() || d.Due.After(to) {
				continue
			}
			if first == nil || d.Due.Before(first.Due) || d.Due.Equal(first.Due) && strings.Compare(d.Key, first.Key) < 0 {
				first, owner = d, r
			}
		}
	}
	if first == nil {
		return false
	}
	due := first.Due
	w.clocks[""] = later(w.clocks[""], due)
	owner.step(flow.Input{Sequence: owner.next(), At: due, Wake: first.Key})
	if first.Due.Equal(due) {
		w.t.Fatalf("%s asks to be woken at %s again and again for %s", owner.machine.Name(), due, first.Key)
	}
	return true
}

// drain delivers what is waiting to whoever consumes it, and what that causes.
func (w *World) drain() {
	for len(w.queue) > 0 {
		f := w.queue[0]
		w.queue = w.queue[1:]
		w.sequence++
		for _, r := range w.runners {
			if slices.Contains(r.machine.Consumes(), flow.Kind(f.Kind)) {
				r.step(flow.Input{Sequence: w.sequence, At: flow.Time(f.DetectedAt), Clock: f.Clock, Fact: f})
			}
		}
	}
}
