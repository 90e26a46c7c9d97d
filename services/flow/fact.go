package flow

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
)

// Kind names a kind of fact: the name of its body's field in the contract.
type Kind string

// The kinds of facts, by the service that produces them.
const (
	Event Kind = "event" // gateway

	TicketRecorded     Kind = "ticket_recorded" // ticket-ingest
	WorkReported       Kind = "work_reported"
	FaultReported      Kind = "fault_reported"
	ComplaintRecorded  Kind = "complaint_recorded"
	OutageRecorded     Kind = "outage_recorded"
	PraiseReceived     Kind = "praise_received"
	PointsGiven        Kind = "points_given"
	UnitKnown          Kind = "unit_known"
	RulebookInForce    Kind = "rulebook_in_force"
	AssessmentRecorded Kind = "assessment_recorded"
	ObjectionRecorded  Kind = "objection_recorded"
	PointsAwaited      Kind = "points_awaited"

	TicketOverdue           Kind = "ticket_overdue" // sla-timer
	ReplyLate               Kind = "reply_late"
	ComplaintAnsweredLate   Kind = "complaint_answered_late"
	MassFaultUntold         Kind = "mass_fault_untold"
	InterruptionUnannounced Kind = "interruption_unannounced"
	ComplaintAlerted        Kind = "complaint_alerted"

	LateWorkComplained  Kind = "late_work_complained" // complaint-escalation
	BuckPassed          Kind = "buck_passed"
	MisconductJudged    Kind = "misconduct_judged"
	SecondComplaintMade Kind = "second_complaint_made"
	ComplaintEscalated  Kind = "complaint_escalated"
	TicketReworked      Kind = "ticket_reworked"
	ComplaintAwaited    Kind = "complaint_awaited"

	ReplyFalsified       Kind = "reply_falsified" // survey
	FalseReplyComplained Kind = "false_reply_complained"
	ReplyUnexplained     Kind = "reply_unexplained"
	ReplyContradicted    Kind = "reply_contradicted"
	CallbackRated        Kind = "callback_rated"
	CustomerThanked      Kind = "customer_thanked"
	CustomerPraised      Kind = "customer_praised"
	ThanksAwaited        Kind = "thanks_awaited"

	CheckJudged       Kind = "check_judged" // quality
	HallRated         Kind = "hall_rated"
	MysteryVisitRated Kind = "mystery_visit_rated"
	ConductJudged     Kind = "conduct_judged"
	UnitSanctioned    Kind = "unit_sanctioned"
	ItemExcused       Kind = "item_excused"
)

var bodyOneof = (&factv1.Fact{}).ProtoReflect().Descriptor().Oneofs().ByName("body")

// KindOf gives the kind of a fact: of its body, or as kept when it has none.
func KindOf(f *factv1.Fact) Kind {
	if f.Kind != "" {
		return Kind(f.Kind)
	}
	if field := f.ProtoReflect().WhichOneof(bodyOneof); field != nil {
		return Kind(field.Name())
	}
	return ""
}

// Kinds lists every kind the contract knows, in its order.
func Kinds() []Kind {
	fields := bodyOneof.Fields()
	kinds := make([]Kind, 0, fields.Len())
	for i := range fields.Len() {
		kinds = append(kinds, Kind(fields.Get(i).Name()))
	}
	return kinds
}

// Not is a verdict that a fact does not hold, with the reason. It is said only
// if the fact was said to hold before.
func Not(id string, reason *factv1.Reason) *factv1.Fact {
	return &factv1.Fact{Id: id, Retracted: true, Reason: reason}
}

// At turns an instant into its contract form; the zero instant is absent.
func At(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// Time reads an instant of the contract; absent is the zero instant.
func Time(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
