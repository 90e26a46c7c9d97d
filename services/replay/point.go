package replay

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// point is a place in the log at which what the events before it come to is
// wanted: where a month is closed or restated, and in the end. Every key is
// followed from point to point, and decided again where more is known of it,
// where its time has come, or where the rules changed: as it is live.
type point struct {
	before int                // how many events of the log
	clocks map[string]instant // what they show; "" is the wall clock
	policy *rulebook.Policy   // what they publish; nil until they are read
	anew   bool               // the rules are others than at the point before
}

// instant is a time, also as facts carry it: as one for all of them.
type instant struct {
	time.Time
	stamp *timestamppb.Timestamp
}

// span is the points at which something is known, the last one excluded.
type span struct{ from, to int }

func (s span) has(point int) bool { return s.from <= point && point < s.to }

// known is a fact and the points at which it is known.
type known struct {
	fact *factv1.Fact
	span
}

// held is a fact and the instant as of which it counts: that of the point where
// it was taken, wherever between it and the one before it was found.
type held struct {
	*factv1.Fact
	asOf instant
}

// points finds the points of a log.
func points(events []*feedv1.Event, asOf time.Time) []point {
	var all []point
	for at, e := range events {
		if monthDecided(e) != "" {
			all = append(all, point{before: at})
		}
	}
	all = append(all, point{before: len(events)})
	clocks, read := map[string]time.Time{}, 0
	for i := range all {
		p := &all[i]
		for _, e := range events[read:p.before] {
			tick := e.GetClockAdvanced()
			if tick != nil && tick.Clock != "" && tick.To.AsTime().After(clocks[tick.Clock]) {
				clocks[tick.Clock] = tick.To.AsTime()
			}
		}
		read = p.before
		p.clocks = map[string]instant{"": {asOf, flow.At(asOf)}}
		if p.before < len(events) {
			received := flow.Time(events[p.before].ReceivedAt)
			p.clocks[""] = instant{received, flow.At(received)}
		}
		for clock, at := range clocks {
			p.clocks[clock] = instant{at, flow.At(at)}
		}
	}
	return all
}

// monthDecided is the month about which an event decides so that what the events
// before it come to counts.
func monthDecided(e *feedv1.Event) string {
	return cmp.Or(e.GetMonthClosed().GetMonth(), e.GetRestatementDecided().GetMonth())
}

// judge notes what is in force at every point, by the facts known there, and
// gives what could not be used at the last.
func judge(points []point, parts [][]known) (problems []string) {
	var before []*factv1.Fact
	for i := range points {
		p := &points[i]
		now := references(parts, i)
		if i > 0 && slices.Equal(before, now) {
			p.policy = points[i-1].policy
			continue
		}
		policy, err := rulebook.PolicyFromFacts(now)
		problems = nil
		if err != nil {
			problems = append(problems, err.Error())
		}
		p.policy, before = policy, now
		p.anew = i > 0 && !(policy.SameRules(points[i-1].policy) && policy.SameZones(points[i-1].policy))
	}
	return problems
}

// policies gives what is judged by at every point.
func (r *Recorded) policies(tried *rulebook.Rulebook, w Window) []*rulebook.Policy {
	all := make([]*rulebook.Policy, len(r.points))
	for i, p := range r.points {
		switch {
		case tried == nil:
			all[i] = p.policy
		case i > 0 && p.policy == r.points[i-1].policy:
			all[i] = all[i-1]
		default:
			all[i] = p.policy.Trial(tried, w.From, w.To)
		}
	}
	return all
}
