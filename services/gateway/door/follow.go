package door

import (
	"context"
	"strings"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/traces"
)

// Every event that is followed has a span from coming in to its verdict, and in
// it one of the append it shared with others.

// follow begins the spans of a push: all of them behind a caller that is
// followed, else some.
func (d *Door) follow(ctx context.Context, items []Item, j *job) {
	if d.tracer == nil {
		return
	}
	for i, item := range items {
		span := d.tracer.Enter(ctx, "event")
		if span.On() && item.Event != nil {
			span.Note("target", "gateway", "event", flow.EventRef(item.Event), "event_type", flow.EventType(item.Event), "events", len(items))
		}
		j.outcomes[i].span = span
	}
}

// leave ends the spans of a push, each with the event's verdict.
func (j *job) leave(verdicts []*apiv1.EventVerdict, err error) {
	for i := range j.outcomes {
		span := j.outcomes[i].span
		if span.On() && err == nil {
			span.Note("verdict", verdictName(verdicts[i].Status), "reason", verdicts[i].Error.GetCode(), "field", verdicts[i].Error.GetField())
		}
		span.End(err)
	}
}

func verdictName(s apiv1.EventStatus) string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "EVENT_STATUS_"))
}

// appending begins the spans of an append, of all that is followed in it.
func (g *group) appending() (spans []traces.Span) {
	for _, p := range g.followed {
		span := p.outcome.span.Child("append")
		span.Note("events", len(g.messages))
		spans = append(spans, span)
	}
	return spans
}
