package gateway

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/access"
	"kaohe.dev/services/gateway/lang"
	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/sla"
	"kaohe.dev/services/words"
)

// GetEntry explains an entry: the reason with its arithmetic, the events that
// prove it, and what became of the same fact before and after.
func (s *scoreServer) GetEntry(ctx context.Context, r *apiv1.GetEntryRequest) (*apiv1.EntryExplanation, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	entry, err := s.g.views.Entry(ctx, r.Id)
	if err != nil {
		return nil, err
	}
	if err := s.g.foreign(ctx, entry.Unit); err != nil {
		return nil, err
	}
	history, err := s.g.views.EntriesOfFact(ctx, entry.Fact)
	if err != nil {
		return nil, err
	}
	history = seen(ctx, history)
	proof, err := s.proof(ctx, entry)
	if err != nil {
		return nil, err
	}
	told := &apiv1.EntryExplanation{
		Entry: entry, Explanation: explanation(entry, history, langOf(ctx)), Proof: proof, History: history,
	}
	return told, s.g.objectable(ctx, told)
}

// explanation says in one paragraph what an entry does and why.
func explanation(e *ledgerv1.Entry, history []*ledgerv1.Entry, l lang.Lang) string {
	item := lang.Text("计入 "+e.Item, "on item "+e.Item)
	if e.Item == "" {
		item = lang.Text("加分", "as a bonus")
	}
	effect := lang.Text(e.Points+" 分，"+item.Zh, e.Points+" points "+item.En)
	switch e.Effect {
	case ledgerv1.Effect_EFFECT_ZERO_ITEM:
		effect = lang.Text(e.Item+" 项记 0 分", "item "+e.Item+" scores 0")
	case ledgerv1.Effect_EFFECT_ZERO_PART:
		effect = lang.Text("该部分记 0 分", "the part scores 0")
	case ledgerv1.Effect_EFFECT_ZERO_SECTION:
		effect = lang.Text(e.Item+" 所在大项记 0 分", "the section of item "+e.Item+" scores 0")
	}
	basis := lang.Text("依据考核办法原文", "as the rules say")
	if e.Basis == "assumption" {
		basis = lang.Text("依据本系统的假设，可在规则手册中修改", "an assumption that the rulebook can change")
	}
	text := lang.Text(
		fmt.Sprintf("%s规则“%s”（%s），规则手册 %s：%s；%s。", sentence(e.Reason.GetZh(), "。"), e.Label.GetZh(), e.Clause, e.RulebookVersion, effect.Zh, basis.Zh),
		fmt.Sprintf("%sRule %q (%s), rulebook %s: %s; %s.", sentence(e.Reason.GetEn(), ". "), e.Label.GetEn(), e.Clause, e.RulebookVersion, effect.En, basis.En))
	if e.Type == ledgerv1.EntryType_ENTRY_TYPE_REVERSAL {
		text.Zh, text.En = "冲销 "+e.Reverses+"："+text.Zh, "Takes back "+e.Reverses+": "+text.En
	}
	for _, later := range history {
		if e.ReversedBy != "" && later.Id == e.ReversedBy {
			text.Zh += "已冲销：" + later.Reason.GetZh()
			text.En += " Taken back: " + later.Reason.GetEn()
		}
	}
	return l.Pick(text)
}

// sentence ends a text that has no end yet.
func sentence(text, stop string) string {
	if text == "" {
		return ""
	}
	return strings.TrimRight(text, "。. ") + stop
}

// proof fetches an entry's events from what ticket-ingest knows.
func (s *scoreServer) proof(ctx context.Context, e *ledgerv1.Entry) ([]*feedv1.Event, error) {
	wanted := map[string]bool{}
	for _, ref := range e.Proof {
		wanted[ref] = true
	}
	keys := map[string]bool{}
	about := func(id string) {
		for _, kind := range []string{"ticket", "complaint", "outage", "decision"} {
			keys[kind+"/"+id] = true
		}
	}
	about(e.Incident.GetId())
	if said := assessments()[e.Incident.GetKind()]; said != "" {
		keys[said+e.Incident.GetId()] = true
	}
	about(e.Ticket)
	for _, part := range strings.Split(e.Fact, "/") {
		about(part) // a fact's id names what it is about, for example both tickets of a rework
	}
	for ref := range wanted {
		keys["praise/"+ref] = true
	}
	var found []*feedv1.Event
	// What is found may lead further: a complaint names its ticket.
	for range 2 {
		dossiers, err := s.dossiers(ctx, keys)
		if err != nil {
			return nil, err
		}
		keys = map[string]bool{}
		for _, d := range dossiers {
			for _, f := range d.Known {
				if event := f.GetEvent(); event != nil && wanted[f.Id] {
					delete(wanted, f.Id)
					found = append(found, event)
				}
				filed := f.GetEvent().GetComplaintFiled()
				for _, id := range []string{filed.GetTicket(), filed.GetOutage(), f.GetEvent().GetPointsDecided().GetSubject()} {
					if id != "" {
						about(id)
					}
				}
			}
		}
		if len(wanted) == 0 || len(keys) == 0 {
			break
		}
	}
	return ingest.Timeline(found), nil
}

// assessments are where ticket-ingest keeps what was said about halls and units,
// by the kind of an incident.
func assessments() map[string]string {
	return map[string]string{
		"visit": "assessment/visit/", "survey": "assessment/survey/", "record": "assessment/conduct/", "sanction": "assessment/sanction/",
	}
}

func (s *scoreServer) dossiers(ctx context.Context, keys map[string]bool) ([]*statev1.Dossier, error) {
	tickets, parts := flow.NewMachine(ingest.Service()), s.g.opts.Partitions
	kept := make([][]string, max(1, parts))
	for key := range keys {
		if !strings.HasSuffix(key, "/") {
			at := run.PartOf(tickets, key, parts)
			kept[at] = append(kept[at], key)
		}
	}
	var dossiers []*statev1.Dossier
	for part, keys := range kept {
		slices.Sort(keys)
		docs, err := run.Dossiers(ctx, s.g.opts.Store, run.PartName(tickets.Name(), part, parts), keys)
		if err != nil {
			return nil, err
		}
		for _, doc := range docs {
			dossiers = append(dossiers, doc.Body.(*statev1.Dossier))
		}
	}
	return dossiers, nil
}

// eachDossier gives the events that ticket-ingest keeps under the keys that
// begin alike.
func (g *Gateway) eachDossier(ctx context.Context, prefix string, visit func(key string, events []*feedv1.Event)) error {
	for _, part := range run.PartNames(ingest.Service().Name, g.opts.Partitions) {
		query := store.Query{Collection: run.Docs(part, nil).Name, Prefix: prefix}
		for {
			docs, next, err := g.opts.Store.Query(ctx, query)
			if err != nil {
				return fmt.Errorf("read what is kept under %s: %w", prefix, err)
			}
			if docs, err = run.WholeNow(ctx, g.opts.Store, part, docs); err != nil {
				return err
			}
			for _, doc := range docs {
				visit(doc.Key, eventsOf(doc.Body.(*statev1.Dossier)))
			}
			if query.After = next; next == nil {
				break
			}
		}
	}
	return nil
}

func eventsOf(d *statev1.Dossier) (events []*feedv1.Event) {
	for _, f := range d.Known {
		if event := f.GetEvent(); event != nil {
			events = append(events, event)
		}
	}
	return events
}

// GetTicket gives a ticket's timeline, clocks and entries.
func (s *scoreServer) GetTicket(ctx context.Context, r *apiv1.GetTicketRequest) (*apiv1.TicketView, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	key := "ticket/" + r.Ticket
	dossiers, err := s.dossiers(ctx, map[string]bool{key: true})
	if err != nil {
		return nil, err
	}
	if len(dossiers) == 0 {
		return nil, fmt.Errorf("ticket %q: %w", r.Ticket, views.ErrNotFound)
	}
	entries, err := s.g.views.EntriesOfTicket(ctx, r.Ticket)
	if err != nil {
		return nil, err
	}
	d := dossiers[0]
	if err := s.foreignTicket(ctx, d, entries); err != nil {
		return nil, err
	}
	view := &apiv1.TicketView{Ticket: r.Ticket, Entries: seen(ctx, entries)}
	view.Timeline = ingest.Timeline(eventsOf(d))
	asOf := flow.Time(d.AsOf)
	if d.Clock == "" {
		asOf = s.g.opts.Now()
	}
	policy := s.g.views.Policy()
	decision := ingest.Service().Decide(policy, flow.Case{Key: key, Facts: flow.Holding(d.Known), AsOf: asOf})
	for _, f := range decision.Facts {
		if record := f.GetTicketRecorded(); record != nil && !f.Retracted {
			view.Record = record
			view.Clocks = clocks(sla.Clocks(policy, record, asOf), langOf(ctx))
		}
	}
	return view, nil
}

// seen leaves out the entries of units that the caller does not see.
func seen(ctx context.Context, entries []*ledgerv1.Entry) []*ledgerv1.Entry {
	return slices.DeleteFunc(entries, func(e *ledgerv1.Entry) bool { return !access.Sees(ctx, e.Unit) })
}

// foreignTicket refuses a ticket that none of the caller's units ever held and
// that cost none of them anything.
func (s *scoreServer) foreignTicket(ctx context.Context, d *statev1.Dossier, entries []*ledgerv1.Entry) error {
	unit := ""
	for _, f := range d.Known {
		e := f.GetEvent()
		for _, holder := range []string{e.GetTicketOpened().GetUnit(), e.GetTicketDispatched().GetUnit(), e.GetTicketTransferred().GetUnit()} {
			if holder != "" && access.Sees(ctx, holder) {
				return nil
			}
			unit = cmp.Or(unit, holder)
		}
	}
	for _, e := range entries {
		if access.Sees(ctx, e.Unit) {
			return nil
		}
	}
	return s.g.foreign(ctx, unit)
}

func clocks(found []sla.Clock, l lang.Lang) []*apiv1.ClockView {
	shown := make([]*apiv1.ClockView, 0, len(found))
	for _, c := range found {
		view := &apiv1.ClockView{
			Name: c.Name, Cycle: c.Cycle, StartedAt: flow.At(c.StartedAt), DueAt: flow.At(c.DueAt), EndedAt: flow.At(c.EndedAt),
			Verdict: cmp.Or(string(c.Verdict), "unknown"), Reason: l.Pick(words.Text(c.Reason)),
		}
		for _, span := range c.Spans {
			text := sla.SpanText(span)
			view.Spans = append(view.Spans, &apiv1.ClockSpan{
				From: flow.At(span.From), To: flow.At(span.To), Counted: span.Counted(),
				Reason: &factv1.Text{Zh: text.GetZh(), En: text.GetEn()},
			})
		}
		shown = append(shown, view)
	}
	return shown
}
