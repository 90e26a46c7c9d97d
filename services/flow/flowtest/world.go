// Package flowtest runs machines in memory as the shell runs them on streams.
//
// In flow events, facts, policies and the instants of clocks; out flow the
// facts that hold at the end and a transcript of everything that was said.
// Never here: real time, a broker, a store, or a rule of the house.
//
//	w := flowtest.Run(t, policy, []flow.Machine{flow.NewMachine(ingest.Service()), flow.NewMachine(sla.Service())},
//		flowtest.Event(opened), flowtest.Clock("", nextMorning))
//	overdue := w.Fact("ticket_overdue/T1/1") // nil: it does not hold
package flowtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/words"
)

// World holds machines, their documents, the clocks, and what was said.
type World struct {
	// Said is every fact said, in order, retractions too.
	Said []*factv1.Fact
	// Records are what machines recorded in the ledger, in order.
	Records []*ledgerv1.Record
	// Quarantined are the reasons of inputs set aside, in order.
	Quarantined []*factv1.Reason

	t        testing.TB
	policy   *rulebook.Policy
	runners  []*runner
	clocks   map[string]time.Time // "" is the wall clock
	feed     uint64
	sequence uint64
	queue    []*factv1.Fact
	latest   map[string]*factv1.Fact
}

// Input is one thing that happens to a world.
type Input func(*World)

// Run makes a world and lets things happen to it, in the order given. Machines
// are given upstream first; each reads what it consumes.
func Run(t testing.TB, policy *rulebook.Policy, machines []flow.Machine, inputs ...Input) *World {
	t.Helper()
	w := &World{t: t, policy: policy, clocks: map[string]time.Time{}, latest: map[string]*factv1.Fact{}}
	for _, m := range machines {
		w.runners = append(w.runners, &runner{w: w, machine: m, docs: map[string]*flow.Document{}})
	}
	w.Do(inputs...)
	return w
}

// Do lets more things happen.
func (w *World) Do(inputs ...Input) {
	w.t.Helper()
	for _, in := range inputs {
		in(w)
		w.drain()
	}
}

// Event is an event that comes from the feed. On the wall clock it comes at
// its received_at, or, without one, as soon as it happened, never earlier than
// what came before.
func Event(e *feedv1.Event) Input {
	return func(w *World) {
		f := flow.FromEvent(e)
		if f.ReceivedAt == nil {
			f.ReceivedAt, f.DetectedAt = f.OccurredAt, f.OccurredAt
		}
		if e.Clock == "" {
			w.clocks[""] = later(w.clocks[""], flow.Time(f.DetectedAt))
			f.DetectedAt = flow.At(w.clocks[""])
		}
		if flow.TakesEffectInPlace(e) {
			w.Do(Clock(e.Clock, flow.Time(f.DetectedAt)))
			for _, r := range w.runners {
				r.act(f)
			}
			return
		}
		w.feed++
		for _, r := range w.runners {
			if slices.Contains(r.machine.Consumes(), flow.Event) {
				r.step(flow.Input{Sequence: w.feed, At: flow.Time(f.DetectedAt), Clock: f.Clock, Fact: f})
			}
		}
	}
}

// Events are events that come one after the other.
func Events(events ...*feedv1.Event) Input {
	return func(w *World) {
		for _, e := range events {
			w.Do(Event(e))
		}
	}
}

// Fact is a fact that another service says.
func Fact(f *factv1.Fact) Input {
	return func(w *World) {
		f.Kind = string(flow.KindOf(f))
		w.queue = append(w.queue, f)
	}
}

// Clock moves a clock on, and lets all that falls due up to then fall due. On
// the wall clock (empty name) deadlines fire one by one at their own instant;
// on a named clock they are looked at when it has moved.
func Clock(name string, to time.Time) Input {
	return func(w *World) {
		for name == "" && w.fireNext(to) {
			w.drain()
		}
		w.clocks[name] = later(w.clocks[name], to)
		for _, r := range w.runners {
			r.stepDue(name, to)
			w.drain()
		}
	}
}

// Policy changes the policy: what it concerns is looked at again.
func Policy(p *rulebook.Policy) Input {
	return func(w *World) {
		before := w.policy
		w.policy = p
		for _, r := range w.runners {
			for _, prefix := range r.machine.Affected(before, p) {
				r.stepAll("", w.clocks[""], func(d *flow.Document) bool { return strings.HasPrefix(d.Key, prefix) })
				w.drain()
			}
		}
	}
}

// Facts gives what holds, sorted by id.
func (w *World) Facts() []*factv1.Fact {
	var holding []*factv1.Fact
	for _, f := range w.latest {
		if !f.Retracted {
			holding = append(holding, f)
		}
	}
	slices.SortFunc(holding, func(a, b *factv1.Fact) int { return strings.Compare(a.Id, b.Id) })
	return holding
}

// Kind gives what holds of a kind, sorted by id.
func (w *World) Kind(k flow.Kind) []*factv1.Fact {
	return slices.DeleteFunc(w.Facts(), func(f *factv1.Fact) bool { return f.Kind != string(k) })
}

// Fact gives a fact that holds; nil when it does not.
func (w *World) Fact(id string) *factv1.Fact {
	if f := w.latest[id]; f != nil && !f.Retracted {
		return f
	}
	return nil
}

// Retraction gives the reason a fact was retracted with; nil when it holds or
// was never said.
func (w *World) Retraction(id string) *factv1.Reason {
	if f := w.latest[id]; f != nil && f.Retracted {
		return f.Reason
	}
	return nil
}

// Transcript tells what was said of some kinds, or of all, a line each: "+" or
// "-", id, unit, instant (UTC), reason code and English text.
func (w *World) Transcript(kinds ...flow.Kind) string {
	var b strings.Builder
	for _, f := range w.Said {
		if len(kinds) > 0 && !slices.Contains(kinds, flow.Kind(f.Kind)) {
			continue
		}
		if f.Retracted {
			fmt.Fprintf(&b, "- %s [%s] %s: %s\n", f.Id, f.Route.GetUnit(), f.Reason.GetCode(), words.Text(f.Reason).GetEn())
			continue
		}
		fmt.Fprintf(&b, "+ %s [%s] %s %s: %s\n", f.Id, f.Route.GetUnit(),
			flow.Time(f.OccurredAt).Format(time.RFC3339), f.Reason.GetCode(), words.Text(f.Reason).GetEn())
	}
	return b.String()
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
