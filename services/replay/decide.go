package replay

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// decideAll decides every key of some services, and gives what holds, in as
// many parts as there are shards.
func (f *fold) decideAll(policies []*rulebook.Policy, services []flow.Service, routed []buckets, tell bool) [][]known {
	parts := make([][]known, f.shards)
	f.parallel(f.shards, func(shard int) {
		var out findings
		for i, s := range services {
			for g := range groups(routed, i, shard) {
				if f.ctx.Err() != nil {
					return
				}
				out.begin()
				arrived := func() []*factv1.Fact { return inOrder(routed, i, shard, g.key) }
				f.follow(g, func(point int, about inquiry) time.Time {
					decision := f.decide(s, policies[point], about.Case, arrived)
					out.add(about, decision, f.ever(point))
					return decision.Wake
				}, out.cut)
				if tell {
					f.tell(len(g.facts))
				}
			}
		}
		parts[shard] = out.all
	})
	return parts
}

// follow decides a key at the first point at which something is known of it, and
// again wherever that changes, the rules do, or the instant has come at which
// it would decide otherwise. Before it does so, what was found before is cut.
func (f *fold) follow(g group, decide func(point int, about inquiry) (wake time.Time), cut func(point int)) {
	var about inquiry
	var wake time.Time
	for point := slices.MinFunc(g.spans, earlier).from; point < len(f.points); point++ {
		p := &f.points[point]
		if about.Facts != nil {
			if !p.anew && !g.changes(point) && about.stands(p.clocks[about.clock].Time, wake) {
				continue
			}
			cut(point)
		}
		if about = p.inquiry(g.key, f.known(g, point)); len(about.Facts) > 0 {
			wake = decide(point, about)
		}
	}
}

func earlier(a, b span) int { return a.from - b.from }

// changes reports whether what is known of a key changes at a point.
func (g group) changes(point int) bool {
	for _, s := range g.spans {
		if s.from == point || s.to == point {
			return true
		}
	}
	return false
}

// known gives what is known of a key at a point. Where all of it is from there to
// the end, that is the group's own.
func (f *fold) known(g group, point int) []*factv1.Fact {
	if !slices.ContainsFunc(g.spans, func(s span) bool { return s.from > point || s.to <= f.last() }) {
		return g.facts
	}
	now := make([]*factv1.Fact, 0, len(g.facts))
	for i, s := range g.spans {
		if s.has(point) {
			now = append(now, g.facts[i])
		}
	}
	return now
}

// inquiry is a key with all that is known of it.
type inquiry struct {
	flow.Case
	clock    string
	detected *timestamppb.Timestamp // AsOf
	received *timestamppb.Timestamp // the last of the facts
}

// inquiry reads the facts of a key, of which the first with an id counts.
func (p *point) inquiry(key string, facts []*factv1.Fact) inquiry {
	facts = firsts(facts)
	clock := flow.ClockOf(facts)
	now := p.clocks[clock]
	return inquiry{
		Case:  flow.Case{Key: key, Facts: facts, AsOf: now.Time, Terse: true},
		clock: clock, detected: now.stamp, received: flow.LatestReceived(facts),
	}
}

// stands reports whether what was decided is what would be at another instant. A
// clock that went back, or had not moved, is another matter.
func (i *inquiry) stands(now, wake time.Time) bool {
	if i.AsOf.IsZero() || now.Before(i.AsOf) {
		return now.Equal(i.AsOf)
	}
	return wake.IsZero() || now.Before(wake)
}

// findings are the facts found, those of the key that is decided last.
type findings struct {
	all  []known
	mine int // where those of the last decision about the key begin
}

// begin begins with another key.
func (v *findings) begin() { v.mine = len(v.all) }

// cut ends what the last decision found, before a point.
func (v *findings) cut(point int) {
	for i := range v.all[v.mine:] {
		v.all[v.mine+i].to = point
	}
	v.begin()
}

// add adds the facts of a decision that hold.
func (v *findings) add(about inquiry, decision flow.Decision, while span) {
	for _, fact := range decision.Facts {
		if !fact.Retracted {
			flow.Stamp(fact, 1, about.clock, about.detected, about.received)
			v.all = append(v.all, known{fact, while})
		}
	}
}

// firsts sorts facts by id, and of those with the same id keeps the first of
// the log.
func firsts(facts []*factv1.Fact) []*factv1.Fact {
	if len(facts) <= 1 {
		return facts
	}
	slices.SortStableFunc(facts, func(a, b *factv1.Fact) int { return strings.Compare(a.Id, b.Id) })
	return slices.CompactFunc(facts, func(a, b *factv1.Fact) bool { return a.Id == b.Id })
}

// references gives the facts that make the policy at a point, by id.
func references(parts [][]known, point int) []*factv1.Fact {
	var found []*factv1.Fact
	for _, part := range parts {
		for _, k := range part {
			if k.has(point) && flow.References(flow.Kind(k.fact.Kind)) {
				found = append(found, k.fact)
			}
		}
	}
	slices.SortFunc(found, func(a, b *factv1.Fact) int { return strings.Compare(a.Id, b.Id) })
	return found
}
