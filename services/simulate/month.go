package simulate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/period"
	"kaohe.dev/services/rulebook"
)

const (
	// Clock is the named clock of a simulated month. Whoever plays the month
	// moves it.
	Clock = "demo"
	// Source is where simulated events come from.
	Source = "96766"
)

// Month gives the events of a simulated month (yyyy-mm) in a zone, by the time
// they happen, none outside the month. It is an error if the month does not
// read as one.
func Month(seed uint64, month string, zone *time.Location) ([]*feedv1.Event, error) {
	in, err := period.ParseMonth(month)
	if err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	start := in.Start(zone)
	w := &world{
		rng: rand.New(rand.NewPCG(seed, uint64(start.Year()*12+int(start.Month())))), clock: Clock,
		start: start, end: in.End(zone), serials: map[string]int{}, book: rulebook.Default(),
	}
	for i := range units {
		w.unit(&units[i])
	}
	w.outages()
	w.halls()
	return w.told(), nil
}

// world is a month in the making.
type world struct {
	rng        *rand.Rand
	clock      string
	start, end time.Time
	book       *rulebook.Rulebook
	serials    map[string]int
	events     []*feedv1.Event
}

// unit makes up a unit's month.
func (w *world) unit(u *unit) {
	w.say(w.start, "unit-"+u.id, &feedv1.Event{Payload: &feedv1.Event_UnitRegistered{UnitRegistered: &feedv1.UnitRegistered{
		Unit: u.id, NameZh: u.zh, NameEn: u.en, Kind: u.kind, Customers: u.customers, Zone: w.start.Location().String(),
	}}})
	tickets := w.tickets(u)
	w.incidents(u, tickets)
	if u.duplicates > 0 {
		w.rush(u)
	}
	for _, t := range tickets {
		w.tell(t)
	}
	w.enquiries(u)
}

// say notes that something happens. The id is unique within the month.
func (w *world) say(at time.Time, id string, e *feedv1.Event) *feedv1.Event {
	e.Id, e.Source, e.Clock = id, Source, w.clock
	e.OccurredAt = timestamppb.New(at.Truncate(time.Second))
	w.events = append(w.events, e)
	return e
}

// told gives what happens within the month, in order.
func (w *world) told() []*feedv1.Event {
	slices.SortFunc(w.events, func(a, b *feedv1.Event) int {
		if c := a.OccurredAt.AsTime().Compare(b.OccurredAt.AsTime()); c != 0 {
			return c
		}
		return strings.Compare(a.Id, b.Id)
	})
	return slices.DeleteFunc(w.events, func(e *feedv1.Event) bool {
		at := e.OccurredAt.AsTime()
		return at.Before(w.start) || !at.Before(w.end)
	})
}

// serial numbers things of a kind from 1.
func (w *world) serial(kind string) string {
	w.serials[kind]++
	return fmt.Sprintf("%s%s-%04d", kind, w.start.Format("200601"), w.serials[kind])
}

// between draws a duration, to the second.
func (w *world) between(least, most time.Duration) time.Duration {
	return least + time.Duration(w.rng.Int64N(int64((most-least)/time.Second)+1))*time.Second
}

// chance is true with a probability.
func (w *world) chance(p float64) bool { return w.rng.Float64() < p }

// pick draws one of several.
func pick[T any](w *world, from []T) T { return from[w.rng.IntN(len(from))] }

// office moves an instant into the hours of the assessor's desk, 8:30 to 17:30.
func office(t time.Time) time.Time {
	minutes := t.Hour()*60 + t.Minute()
	switch {
	case minutes < 510:
		return t.Add(time.Duration(510-minutes) * time.Minute)
	case minutes >= 1050:
		return t.Add(time.Duration(510+1440-minutes) * time.Minute)
	}
	return t
}
