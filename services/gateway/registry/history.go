package registry

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/ingest"
)

// Stated is a registration of one key.
type Stated struct {
	Event   *feedv1.Event
	Payload Payload
	// Replaced says that another of the same date holds instead.
	Replaced bool
}

func (s Stated) from() time.Time { return flow.Time(s.Payload.GetEffectiveFrom()) }

// History is all that was registered of a key, by the date it holds from; of one
// date the one made last comes last, and holds. It is the order in which
// ticket-ingest gives the registrations of a unit.
type History []Stated

// NewHistory puts the events of a key in order.
func NewHistory(events []*feedv1.Event) History {
	var h History
	for _, e := range ingest.Timeline(events) {
		if p := Of(e); p != nil {
			h = append(h, Stated{Event: e, Payload: p})
		}
	}
	slices.SortStableFunc(h, func(a, b Stated) int { return a.from().Compare(b.from()) })
	for i := range h[:max(0, len(h)-1)] {
		h[i].Replaced = h[i].from().Equal(h[i+1].from())
	}
	return h
}

// At gives what holds at an instant; nil: nothing is registered that early.
func (h History) At(at time.Time) Payload {
	var holds Payload
	for _, s := range h {
		if !s.from().After(at) {
			holds = s.Payload
		}
	}
	return holds
}

// Since gives what was registered for exactly a date; nil: nothing.
func (h History) Since(from *timestamppb.Timestamp) Payload {
	for _, s := range h {
		if !s.Replaced && s.from().Equal(flow.Time(from)) {
			return s.Payload
		}
	}
	return nil
}

// same reports whether two payloads differ in their dates at most.
func same(a, b Payload) bool {
	if a == nil || b == nil {
		return false
	}
	a, b = proto.CloneOf(a), proto.CloneOf(b)
	for _, p := range []Payload{a, b} {
		m := p.ProtoReflect()
		m.Clear(m.Descriptor().Fields().ByName(effectiveFrom))
	}
	return proto.Equal(a, b)
}
