package cli

import (
	"fmt"
	"slices"
	"time"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/period"
	"kaohe.dev/services/simulate"
)

// How often the demo's clock moves on, in simulated time: overdue tickets appear
// no later than that. Where nobody watches them appear, rarely is enough; the
// ledger ends the same.
const (
	clockStep   = 30 * time.Minute
	clockRarely = 6 * time.Hour
)

// script gives the events of a demo in the order they happen, its clock's
// steps among them.
func script(seed uint64, month string, every time.Duration) ([]*feedv1.Event, error) {
	in, err := period.ParseMonth(month)
	if err != nil {
		return nil, fmt.Errorf("--month %q: %w", month, err)
	}
	events, err := simulate.Month(seed, month, operatorZone())
	if err != nil {
		return nil, fmt.Errorf("--month %q: %w", month, err)
	}
	first, end := in.Start(operatorZone()), in.End(operatorZone())
	for _, e := range events {
		if at := e.OccurredAt.AsTime(); at.After(end) {
			end = at
		}
	}
	for at := first; ; at = at.Add(every) {
		step := at
		if step.After(end) {
			step = end
		}
		events = append(events, clockAt(step))
		if !step.Before(end) {
			break
		}
	}
	slices.SortStableFunc(events, func(a, b *feedv1.Event) int {
		return a.OccurredAt.AsTime().Compare(b.OccurredAt.AsTime())
	})
	return events, nil
}

func clockAt(t time.Time) *feedv1.Event {
	return simulate.Advance(simulate.Clock, t, "clock/"+t.UTC().Format(time.RFC3339Nano))
}

// player knows which events of a script are due.
type player struct {
	events []*feedv1.Event
	speed  float64 // simulated seconds a second; 0: all at once
	at     int
}

// due takes the events that are due after some time of playing, at most as
// many as asked for.
func (p *player) due(played time.Duration, most int) []*feedv1.Event {
	if p.over() {
		return nil
	}
	now := p.start().Add(time.Duration(played.Seconds() * p.speed * float64(time.Second)))
	from := p.at
	for p.at < len(p.events) && p.at-from < most {
		if p.speed > 0 && p.events[p.at].OccurredAt.AsTime().After(now) {
			break
		}
		p.at++
	}
	return p.events[from:p.at]
}

// start is when playing begins: the first step of the clock. What lies before,
// such as the registration of units, is due at once.
func (p *player) start() time.Time {
	for _, e := range p.events {
		if e.GetClockAdvanced() != nil {
			return e.OccurredAt.AsTime()
		}
	}
	return p.events[0].OccurredAt.AsTime()
}

// now is the simulated instant reached.
func (p *player) now() time.Time { return p.events[max(0, p.at-1)].OccurredAt.AsTime() }

func (p *player) over() bool { return p.at >= len(p.events) }
