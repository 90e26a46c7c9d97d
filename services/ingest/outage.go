package ingest

import (
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// outageFacts gives what is known of a mass fault 大面积故障, once it was
// declared, or of a planned interruption 网改/停电.
func outageFacts(outage string, events []*factv1.Fact) []*factv1.Fact {
	r := &factv1.OutageRecorded{Outage: outage}
	for _, f := range events {
		noteOutage(r, f)
	}
	at := r.DeclaredAt
	if at == nil {
		at = r.StartsAt
	}
	if at == nil {
		return nil
	}
	return []*factv1.Fact{{
		Id: "outage_recorded/" + outage, OccurredAt: at, Proof: refs(events),
		Route: &factv1.Route{Outage: outage},
		Body:  &factv1.Fact_OutageRecorded{OutageRecorded: r},
	}}
}

func noteOutage(r *factv1.OutageRecorded, f *factv1.Fact) {
	switch p := f.GetEvent().GetPayload().(type) {
	case *feedv1.Event_MassFaultDeclared:
		r.DeclaredAt = earliest(r.DeclaredAt, f.OccurredAt)
		r.Units = p.MassFaultDeclared.Units
	case *feedv1.Event_MassFaultTold:
		if p.MassFaultTold.ExpectedEnd != nil { // told without it is not enough (六.4)
			r.ToldAt = earliest(r.ToldAt, f.OccurredAt)
		}
	case *feedv1.Event_MassFaultRestored:
		r.RestoredAt = earliest(r.RestoredAt, f.OccurredAt)
		if told := p.MassFaultRestored.ToldAt; told != nil {
			r.EndToldAt = earliest(r.EndToldAt, told)
		}
	case *feedv1.Event_InterruptionPlanned:
		plan := p.InterruptionPlanned
		r.Units = plan.Units
		r.StartsAt, r.NoticeAt, r.CustomersToldAt = plan.StartsAt, plan.NoticeAt, plan.CustomersToldAt
	}
}
