package flow

import (
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

var payloadOneof = (&feedv1.Event{}).ProtoReflect().Descriptor().Oneofs().ByName("payload")

// EventRef names an event for proofs: "source/id".
func EventRef(e *feedv1.Event) string { return e.Source + "/" + e.Id }

// EventType names what an event says, for example "ticket_opened"; empty when
// it says nothing.
func EventType(e *feedv1.Event) string {
	field := e.ProtoReflect().WhichOneof(payloadOneof)
	if field == nil {
		return ""
	}
	return string(field.Name())
}

// UnitOf gives the unit that a fact concerns, or that an event names; empty:
// none.
func UnitOf(f *factv1.Fact) string {
	if unit := f.GetRoute().GetUnit(); unit != "" || f.GetEvent() == nil {
		return unit
	}
	event := f.GetEvent().ProtoReflect()
	payload := event.WhichOneof(payloadOneof)
	if payload == nil {
		return ""
	}
	said, named := event.Get(payload).Message().Interface().(interface{ GetUnit() string })
	if !named {
		return ""
	}
	return said.GetUnit()
}

// EventTypes maps the name of every event type to its payload's field.
func EventTypes() map[string]protoreflect.FieldDescriptor {
	types := make(map[string]protoreflect.FieldDescriptor)
	for i := range payloadOneof.Fields().Len() {
		field := payloadOneof.Fields().Get(i)
		types[string(field.Name())] = field
	}
	return types
}

// FromEvent wraps an event of the feed as the fact that enters ticket-ingest.
func FromEvent(e *feedv1.Event) *factv1.Fact {
	return &factv1.Fact{
		Id: EventRef(e), Revision: 1, Kind: string(Event), Clock: e.Clock,
		OccurredAt: e.OccurredAt, ReceivedAt: e.ReceivedAt, DetectedAt: e.ReceivedAt,
		Body: &factv1.Fact_Event{Event: e},
	}
}

// SameActor reports whether the same one stands for two events, whatever names
// they give. The door notes who; of what came before it did, nobody knows.
func SameActor(a, b *feedv1.Event) bool { return a.GetActor() != "" && a.GetActor() == b.GetActor() }

// TakesEffectInPlace reports whether an event is a decision that takes effect at
// its place in the feed (Actor), and not as one fact among others.
func TakesEffectInPlace(e *feedv1.Event) bool {
	switch e.GetPayload().(type) {
	case *feedv1.Event_MonthClosingStarted, *feedv1.Event_MonthClosed, *feedv1.Event_MonthPublished, *feedv1.Event_RestatementDecided:
		return true
	}
	return false
}

// EventHash is a hash of what the source says in an event. When it came and on
// which clock it is judged are not the source's words.
func EventHash(e *feedv1.Event) uint64 {
	return hash(&feedv1.Event{Id: e.Id, Source: e.Source, OccurredAt: e.OccurredAt, Payload: e.Payload})
}

// LatestReceived gives when the last of some facts was received.
func LatestReceived(known []*factv1.Fact) *timestamppb.Timestamp {
	var latest *timestamppb.Timestamp
	for _, f := range known {
		if f.ReceivedAt != nil && (latest == nil || later(f.ReceivedAt, latest)) {
			latest = f.ReceivedAt
		}
	}
	return latest
}

// later compares instants as they are written: this is asked for every fact.
func later(a, b *timestamppb.Timestamp) bool {
	if a.Seconds != b.Seconds {
		return a.Seconds > b.Seconds
	}
	return a.Nanos > b.Nanos
}
