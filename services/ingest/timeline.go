package ingest

import (
	"cmp"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

// Timeline sorts events into the order they happened in: by instant, at equal
// instants by the course of things (opened before closed), then by source and
// id. What it is given stays as it is.
func Timeline(events []*feedv1.Event) []*feedv1.Event {
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b *feedv1.Event) int {
		return cmp.Or(happened(a, b), strings.Compare(flow.EventRef(a), flow.EventRef(b)))
	})
	return sorted
}

// inOrder gives the events of a case in the order they happened in; a fact's
// id is its event's source and id.
func inOrder(facts []*factv1.Fact) []*factv1.Fact {
	if slices.IsSortedFunc(facts, byCourse) {
		return facts // the usual case of an import
	}
	sorted := slices.Clone(facts)
	slices.SortFunc(sorted, byCourse)
	return sorted
}

func byCourse(a, b *factv1.Fact) int {
	if order := happened(a.GetEvent(), b.GetEvent()); order != 0 {
		return order
	}
	return strings.Compare(a.Id, b.Id)
}

func happened(a, b *feedv1.Event) int {
	if order := compareTime(a.GetOccurredAt(), b.GetOccurredAt()); order != 0 {
		return order
	}
	return cmp.Compare(course(a), course(b))
}

func compareTime(a, b *timestamppb.Timestamp) int {
	return cmp.Or(cmp.Compare(a.GetSeconds(), b.GetSeconds()), cmp.Compare(a.GetNanos(), b.GetNanos()))
}

func before(a, b *timestamppb.Timestamp) bool { return compareTime(a, b) < 0 }

func earliest(a, b *timestamppb.Timestamp) *timestamppb.Timestamp {
	if a == nil || b != nil && before(b, a) {
		return b
	}
	return a
}

// course is the place of an event among others of the same instant. Sources
// that count in minutes say much at once: work ends before it is reopened.
func course(e *feedv1.Event) int {
	switch e.GetPayload().(type) {
	case *feedv1.Event_TicketOpened, *feedv1.Event_ComplaintFiled, *feedv1.Event_MassFaultDeclared:
		return 0
	case *feedv1.Event_TicketDispatched, *feedv1.Event_ComplaintForwarded, *feedv1.Event_MassFaultTold:
		return 1
	case *feedv1.Event_TicketTransferred, *feedv1.Event_ComplaintAnswered, *feedv1.Event_MassFaultRestored:
		return 2
	case *feedv1.Event_TicketSuspended, *feedv1.Event_ComplaintVerified:
		return 3
	case *feedv1.Event_TicketResumed, *feedv1.Event_ComplaintResolved:
		return 4
	case *feedv1.Event_TicketRescheduled, *feedv1.Event_ComplaintFedBack:
		return 5
	case *feedv1.Event_TicketReplied:
		return 6
	case *feedv1.Event_TicketClosed:
		return 7
	case *feedv1.Event_CallbackDone:
		return 8
	case *feedv1.Event_TicketReopened:
		return 9
	case *feedv1.Event_TicketCancelled:
		return 10
	case *feedv1.Event_TicketMerged:
		return 11
	case *feedv1.Event_TicketUnmerged:
		return 12
	}
	return 13
}
