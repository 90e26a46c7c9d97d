package run

import (
	"strings"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/traces"
)

// What is followed has a span for its step, from the step to the commit of its
// batch, with the commit as its part, and what the step says carries the span
// on. A step that is repeated after a crash has a span more; nothing else knows.

// follow begins the span of an input that is followed. Where nobody follows
// here, what came with the input is carried on.
func (s *session) follow(in *input) {
	in.carries = in.delivery.Trace
	if in.span = s.opts.Tracer.Follow(in.delivery.Trace, s.opts.Machine.Name()+" step", time.Time{}); !in.span.On() {
		return
	}
	in.carries = in.span.Carry()
	in.span.Note("target", s.opts.Machine.Name(), "part", s.opts.Part, "stream", s.opts.Stream,
		"subject", in.delivery.Subject, "sequence", in.sequence, "stored", in.delivery.Stored)
	switch {
	case in.marker != nil:
		in.span.Note("kind", "marker", "event_type", flow.EventType(in.marker.Act.GetEvent()), "marker", in.marker.Barrier, "from", in.from)
	case in.reference != nil:
		in.span.Note("kind", in.reference.Kind)
	case in.step != nil && in.step.Wake != "":
		in.span.Note("key", in.step.Wake, "due", in.step.At)
	case in.step != nil:
		f := in.step.Fact
		in.span.Note("kind", f.Kind, "event_type", flow.EventType(f.GetEvent()), "fact", f.Id, "revision", f.Revision,
			"retracted", f.Retracted, "unit", f.GetRoute().GetUnit(), "ticket", s.ticketOf(*in.step))
	}
	s.batch.spans = append(s.batch.spans, in.span)
}

// ticketOf gives the ticket an input is about; empty: none.
func (s *session) ticketOf(in flow.Input) string {
	if ticket := in.Fact.GetRoute().GetTicket(); ticket != "" {
		return ticket
	}
	for _, key := range s.opts.Machine.Keys(in, s.policy) {
		if ticket, found := strings.CutPrefix(key, "ticket/"); found {
			return ticket
		}
	}
	return ""
}

// tell puts what a step finds to its span.
func (in input) tell(f *factv1.Fact) {
	if in.span.On() {
		in.span.Note("verdict", f.Kind, "reason", f.Reason.GetCode())
		in.span.Tell("said", "kind", f.Kind, "fact", f.Id, "retracted", f.Retracted, "reason", f.Reason.GetCode())
	}
}

// tellEntry puts what is posted to the span of its step.
func (in input) tellEntry(e *ledgerv1.Entry) {
	if in.span.On() && e != nil {
		kind := entryType(e)
		in.span.Note("verdict", kind, "reason", e.Rule)
		in.span.Tell(kind, "entry", e.Id, "unit", e.Unit, "month", e.Month, "rule", e.Rule, "points", e.Points)
	}
}

// carry remembers which trace the summary of a document goes on with.
func (b *batch) carry(key string) {
	if b.in.carries == "" {
		return
	}
	if b.carried == nil {
		b.carried = map[string]string{}
	}
	b.carried[key] = b.in.carries
}

// committing begins the commit of what is followed in the batch.
func (b *batch) committing(docs int) {
	for _, span := range b.spans {
		commit := span.Child("commit")
		commit.Note("documents", docs, "messages", len(b.out))
		b.commits = append(b.commits, commit)
	}
}

// appended notes that the batch's messages are in the streams.
func (b *batch) appended() {
	for _, commit := range b.commits {
		commit.Tell("appended")
	}
}

// over ends all spans of the batch.
func (b *batch) over(err error) {
	for _, spans := range [][]traces.Span{b.commits, b.spans} {
		for _, span := range spans {
			span.End(err)
		}
	}
	b.commits, b.spans = nil, nil
}

// followDeadline begins a trace where a deadline falls due: what it makes known
// is followed for the ratio, as an event at the door is.
func (r *Runner) followDeadline(d deadline, now time.Time) traces.Span {
	span := r.opts.Tracer.Begin("deadline")
	if span.On() {
		span.Note("target", r.opts.Machine.Name(), "part", r.opts.Part, "key", d.key, "due", d.due, "late_seconds", now.Sub(d.due))
	}
	return span
}
