package door

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
)

// agents are registrations of n agents whose names have some letters; the last
// is of a unit.
func agents(n, letters int, unit string) []*feedv1.Event {
	events := make([]*feedv1.Event, n)
	for i := range events {
		a := &feedv1.AgentRegistered{Agent: fmt.Sprint(i), Name: strings.Repeat("x", letters)}
		if i == n-1 {
			a.Unit = unit
		}
		events[i] = &feedv1.Event{Id: fmt.Sprintf("a%d", i), Source: "desk", OccurredAt: flow.At(now), Payload: &feedv1.Event_AgentRegistered{AgentRegistered: a}}
	}
	return events
}

// What belongs together is one message of the stream, and a message is stored
// or it is not.
func TestEventsThatBelongTogetherAreOneMessageOrNone(t *testing.T) {
	h := build(t, time.Hour)
	d := h.open(t)
	last := func() uint64 {
		t.Helper()
		at, err := h.bus.Last(t.Context(), bus.Feed)
		if err != nil {
			t.Fatal(err)
		}
		return bus.Messages(at)
	}
	before := last()
	bad := agents(10, 5, "")
	bad[9].GetAgentRegistered().Agent = ""
	for name, events := range map[string][]*feedv1.Event{
		"the last is nobody's": bad, "the last names an unknown unit": agents(10, 5, "nowhere"), "more than a message holds": agents(4000, 200, ""),
	} {
		if err := d.PushWhole(t.Context(), events); err == nil {
			t.Errorf("%s: it was taken", name)
		}
		if got := last(); got != before {
			t.Errorf("%s: %d messages came into the feed", name, got-before)
		}
	}
	var whole *WholeError
	if err := d.PushWhole(t.Context(), bad); !errors.As(err, &whole) || whole.Index != 9 || whole.Refusal.Field != "agent_registered.agent" {
		t.Errorf("what is wrong: %v", err)
	}
	unit := &feedv1.Event{Id: "u", Source: "desk", OccurredAt: flow.At(now), Payload: &feedv1.Event_UnitRegistered{
		UnitRegistered: &feedv1.UnitRegistered{Unit: "chengqu", NameZh: "城区", Kind: feedv1.UnitKind_UNIT_KIND_OUTLET},
	}}
	if err := d.PushWhole(t.Context(), append([]*feedv1.Event{unit}, agents(2000, 5, "chengqu")...)); err != nil {
		t.Fatal(err)
	}
	if got := last(); got != before+1 {
		t.Errorf("2,001 events are %d messages", got-before)
	}
	if got := statuses(push(t, d, &feedv1.Event{Id: "p", Source: "desk", OccurredAt: flow.At(now), Payload: &feedv1.Event_PraiseGiven{
		PraiseGiven: &feedv1.PraiseGiven{Unit: "chengqu"},
	}})); got != "A" {
		t.Errorf("an event of the unit: %s", got)
	}
}
