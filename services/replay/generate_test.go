package replay_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

var origin = time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC)

// world draws events of a small world: few tickets, customers, complaints and
// outages, around the end of a month, so that everything touches everything.
type world struct {
	t      *rapid.T
	clocks []string
	events []*feedv1.Event
}

func (w *world) pick(label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(w.t, label)
}
func (w *world) ticket() string    { return w.pick("ticket", "T1", "T2", "T3/1") }
func (w *world) unit() string      { return w.pick("unit", "U1", "U2") }
func (w *world) customer() string  { return w.pick("customer", "", "c1", "c2") }
func (w *world) complaint() string { return w.pick("complaint", "K1", "K2", "K3") }
func (w *world) outage() string    { return w.pick("outage", "", "O1", "O2") }
func (w *world) bool() bool        { return rapid.Bool().Draw(w.t, "whether") }

// instant draws an hour of the 24 days after the origin.
func (w *world) instant() time.Time {
	return origin.Add(time.Duration(rapid.IntRange(0, 24*24).Draw(w.t, "hour")) * time.Hour)
}

// add appends an event with a payload at an instant.
func (w *world) add(at time.Time, set func(*feedv1.Event)) *feedv1.Event {
	e := &feedv1.Event{
		Id: fmt.Sprintf("e%02d", len(w.events)), Source: "96766", OccurredAt: flow.At(at),
		Clock: rapid.SampledFrom(w.clocks).Draw(w.t, "clock"),
	}
	set(e)
	w.events = append(w.events, e)
	return e
}

// draw draws a feed.
func (w *world) draw() []*feedv1.Event {
	for _, unit := range []string{"U1", "U2"} {
		customers := rapid.Int64Range(0, 150).Draw(w.t, "customers")
		w.add(origin, func(e *feedv1.Event) {
			e.Payload = &feedv1.Event_UnitRegistered{UnitRegistered: &feedv1.UnitRegistered{
				Unit: unit, NameZh: unit, Kind: feedv1.UnitKind_UNIT_KIND_OUTLET, Customers: customers,
			}}
		})
	}
	for _, ticket := range []string{"T1", "T2", "T3/1"} {
		w.open(ticket)
	}
	steps := []func(){w.work, w.work, w.work, w.end, w.end, w.complain, w.complain, w.handle, w.callBack, w.praise, w.outages, w.decide, w.assess, w.assess}
	for range rapid.IntRange(3, 25).Draw(w.t, "steps") {
		rapid.SampledFrom(steps).Draw(w.t, "step")()
	}
	return w.events
}

func (w *world) open(ticket string) {
	opened := &feedv1.TicketOpened{
		Ticket: ticket, Kind: feedv1.TicketKind(rapid.IntRange(1, 3).Draw(w.t, "kind")),
		Category: w.pick("category", "", "no signal"), Unit: w.unit(), Customer: w.customer(),
	}
	at := w.instant()
	switch w.pick("commitment", "none", "date", "wall", "working") {
	case "date":
		opened.Commitment = &feedv1.TicketOpened_DueAt{DueAt: flow.At(w.instant())}
	case "wall":
		opened.Commitment = &feedv1.TicketOpened_CommitmentClass{CommitmentClass: "urban-24h"}
	case "working":
		opened.Commitment = &feedv1.TicketOpened_CommitmentClass{CommitmentClass: "standard-3wd"}
	}
	w.add(at, func(e *feedv1.Event) { e.Payload = &feedv1.Event_TicketOpened{TicketOpened: opened} })
}

// work adds something that happens to a ticket while it is worked on.
func (w *world) work() {
	ticket, at := w.ticket(), w.instant()
	w.add(at, func(e *feedv1.Event) {
		switch w.pick("work", "dispatched", "transferred", "suspended", "resumed", "rescheduled", "replied", "replied") {
		case "dispatched":
			e.Payload = &feedv1.Event_TicketDispatched{TicketDispatched: &feedv1.TicketDispatched{Ticket: ticket, Unit: w.unit()}}
		case "transferred":
			e.Payload = &feedv1.Event_TicketTransferred{TicketTransferred: &feedv1.TicketTransferred{Ticket: ticket, Unit: w.unit()}}
		case "suspended":
			e.Payload = &feedv1.Event_TicketSuspended{TicketSuspended: &feedv1.TicketSuspended{Ticket: ticket}}
		case "resumed":
			e.Payload = &feedv1.Event_TicketResumed{TicketResumed: &feedv1.TicketResumed{Ticket: ticket}}
		case "rescheduled":
			e.Payload = &feedv1.Event_TicketRescheduled{TicketRescheduled: &feedv1.TicketRescheduled{
				Ticket: ticket, DueAt: flow.At(w.instant()), Agreed: w.bool(),
			}}
		case "replied":
			e.Payload = &feedv1.Event_TicketReplied{TicketReplied: &feedv1.TicketReplied{
				Ticket: ticket, Result: feedv1.ReplyResult(rapid.IntRange(1, 3).Draw(w.t, "result")),
				Text: w.pick("text", "已处理", "换了分配器"), FaultCause: w.pick("cause", "", "雷击"),
			}}
		}
	})
}

// end adds what ends the work on a ticket, or starts it again.
func (w *world) end() {
	ticket, at := w.ticket(), w.instant()
	w.add(at, func(e *feedv1.Event) {
		switch w.pick("end", "closed", "closed", "reopened", "cancelled", "merged", "unmerged") {
		case "closed":
			closed := &feedv1.TicketClosed{Ticket: ticket}
			if w.bool() {
				closed.CompletedAt = flow.At(at.Add(-5 * time.Hour))
			}
			e.Payload = &feedv1.Event_TicketClosed{TicketClosed: closed}
		case "reopened":
			e.Payload = &feedv1.Event_TicketReopened{TicketReopened: &feedv1.TicketReopened{Ticket: ticket, DueAt: flow.At(w.instant())}}
		case "cancelled":
			e.Payload = &feedv1.Event_TicketCancelled{TicketCancelled: &feedv1.TicketCancelled{Ticket: ticket}}
		case "merged":
			e.Payload = &feedv1.Event_TicketMerged{TicketMerged: &feedv1.TicketMerged{Ticket: ticket, Into: w.ticket()}}
		case "unmerged":
			e.Payload = &feedv1.Event_TicketUnmerged{TicketUnmerged: &feedv1.TicketUnmerged{Ticket: ticket}}
		}
	})
}

// complain files a complaint, or one again at another level.
func (w *world) complain() {
	filed := &feedv1.ComplaintFiled{
		Complaint: w.complaint(), Ticket: w.pick("about", "", "T1", "T2"), Matter: w.pick("matter", "", "bill"),
		Customer: w.customer(), Unit: w.unit(), Outage: w.outage(),
		Cause: feedv1.ComplaintCause(rapid.IntRange(1, 7).Draw(w.t, "cause")),
		Level: feedv1.ComplaintLevel(rapid.IntRange(1, 4).Draw(w.t, "level")),
	}
	w.add(w.instant(), func(e *feedv1.Event) { e.Payload = &feedv1.Event_ComplaintFiled{ComplaintFiled: filed} })
}

// handle adds a step of a complaint.
func (w *world) handle() {
	complaint := w.complaint()
	w.add(w.instant(), func(e *feedv1.Event) {
		switch w.pick("handled", "forwarded", "answered", "valid", "invalid") {
		case "forwarded":
			e.Payload = &feedv1.Event_ComplaintForwarded{ComplaintForwarded: &feedv1.ComplaintForwarded{Complaint: complaint}}
		case "answered":
			e.Payload = &feedv1.Event_ComplaintAnswered{ComplaintAnswered: &feedv1.ComplaintAnswered{Complaint: complaint}}
		case "valid":
			e.Payload = &feedv1.Event_ComplaintVerified{ComplaintVerified: &feedv1.ComplaintVerified{Complaint: complaint, Valid: true}}
		case "invalid":
			e.Payload = &feedv1.Event_ComplaintVerified{ComplaintVerified: &feedv1.ComplaintVerified{Complaint: complaint}}
		}
	})
}

// callBack adds a callback, and perhaps the decision about its thanks.
func (w *world) callBack() {
	done := &feedv1.CallbackDone{
		Ticket: w.ticket(), Unit: w.unit(), Reached: true, Match: feedv1.ReplyMatch(rapid.IntRange(0, 3).Draw(w.t, "match")),
		ThanksPoints: int32(rapid.IntRange(0, 3).Draw(w.t, "thanks")),
	}
	if w.bool() {
		done.Satisfied = ptr(w.bool())
	}
	if w.bool() {
		done.WorkDone = ptr(w.bool())
	}
	callback := w.add(w.instant(), func(e *feedv1.Event) { e.Payload = &feedv1.Event_CallbackDone{CallbackDone: done} })
	if w.bool() {
		w.add(w.instant(), func(e *feedv1.Event) {
			e.Payload = &feedv1.Event_ThanksDecided{ThanksDecided: &feedv1.ThanksDecided{
				Ticket: done.Ticket, Callback: callback.Id, Points: int32(rapid.IntRange(0, 3).Draw(w.t, "granted")), Person: "p",
			}}
		})
	}
}

func (w *world) praise() {
	said := &feedv1.PraiseGiven{Unit: w.unit(), Ticket: w.pick("praised", "", "T1")}
	w.add(w.instant(), func(e *feedv1.Event) { e.Payload = &feedv1.Event_PraiseGiven{PraiseGiven: said} })
}

// outages adds a word about a mass fault or a planned interruption.
func (w *world) outages() {
	at := w.instant()
	w.add(at, func(e *feedv1.Event) {
		switch w.pick("outage", "declared", "told", "restored", "planned") {
		case "declared":
			e.Payload = &feedv1.Event_MassFaultDeclared{MassFaultDeclared: &feedv1.MassFaultDeclared{Outage: "O1", Units: []string{"U1", "U2"}}}
		case "told":
			e.Payload = &feedv1.Event_MassFaultTold{MassFaultTold: &feedv1.MassFaultTold{Outage: "O1", ExpectedEnd: flow.At(at.Add(time.Hour))}}
		case "restored":
			e.Payload = &feedv1.Event_MassFaultRestored{MassFaultRestored: &feedv1.MassFaultRestored{Outage: "O1"}}
		case "planned":
			e.Payload = &feedv1.Event_InterruptionPlanned{InterruptionPlanned: &feedv1.InterruptionPlanned{
				Outage: "O2", Units: []string{"U1"}, StartsAt: flow.At(w.instant()), NoticeAt: flow.At(at),
			}}
		}
	})
}

// decide adds an assessor's decision, or withdraws it.
func (w *world) decide() {
	decided := &feedv1.PointsDecided{
		Decision: w.pick("decision", "D1", "D2"), Unit: w.unit(), Subject: w.complaint(), Person: "p", Reason: "r",
		About: feedv1.DecisionAbout(rapid.IntRange(1, 2).Draw(w.t, "about")),
		Item:  w.pick("item", "CS1", "CS2"), Points: w.pick("points", "0", "0.5", "3"),
	}
	w.add(w.instant(), func(e *feedv1.Event) { e.Payload = &feedv1.Event_PointsDecided{PointsDecided: decided} })
}

// assess adds what an assessor, visitor or customer says about a hall.
func (w *world) assess() {
	at, unit := w.instant(), w.unit()
	month := at.In(time.FixedZone("CST", 8*3600)).Format("2006-01")
	w.add(at, func(e *feedv1.Event) {
		switch w.pick("assessed", "visit", "visit", "survey", "conduct", "sanction", "waiver") {
		case "visit":
			e.Payload = &feedv1.Event_HallAssessed{HallAssessed: &feedv1.HallAssessed{
				Visit: w.pick("visit", "V1", "V2"), Unit: unit, Month: w.pick("month", month, month, "2026-01"), Person: "p",
				Method: feedv1.AssessmentMethod(rapid.IntRange(1, 3).Draw(w.t, "method")),
				Findings: []*feedv1.Finding{
					{Check: "hall_process", Level: w.pick("process", "well", "fairly", "basically")},
					{Check: "hall_loiterers", Level: w.pick("loiterers", "regular", "irregular"), Times: int32(rapid.IntRange(0, 3).Draw(w.t, "times"))},
				},
				Satisfied: ptr(w.bool()), Withdrawn: rapid.IntRange(0, 4).Draw(w.t, "withdrawn") == 0,
			}}
		case "survey":
			e.Payload = &feedv1.Event_HallSurveyed{HallSurveyed: &feedv1.HallSurveyed{Survey: w.pick("survey", "S1", "S2"), Unit: unit, Satisfied: w.bool()}}
		case "conduct":
			e.Payload = &feedv1.Event_ConductRecorded{ConductRecorded: &feedv1.ConductRecorded{
				Record: "R1", Unit: unit, Kind: feedv1.ConductKind(rapid.IntRange(1, 13).Draw(w.t, "kind")), Points: "1.5", Person: "p", Reason: "r",
			}}
		case "sanction":
			e.Payload = &feedv1.Event_SanctionImposed{SanctionImposed: &feedv1.SanctionImposed{
				Sanction: "X1", Unit: unit, Scope: feedv1.SanctionScope(rapid.IntRange(1, 2).Draw(w.t, "scope")),
				Item: w.pick("sanctioned", "CS10", "H4"), Person: "p", Reason: "r",
			}}
		case "waiver":
			e.Payload = &feedv1.Event_ItemWaived{ItemWaived: &feedv1.ItemWaived{
				Unit: unit, Month: month, Item: w.pick("waived", "H1", "H10"), Person: "p", Reason: "r", Withdrawn: w.bool(),
			}}
		}
	})
}

func ptr[T any](v T) *T { return &v }
