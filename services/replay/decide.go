package replay

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// decideAll decides every key of some services once, and gives what holds, in
// as many parts as there are shards.
func (f *fold) decideAll(policy *rulebook.Policy, services []flow.Service, routed []buckets, tell bool) [][]*factv1.Fact {
	parts := make([][]*factv1.Fact, f.shards)
	f.parallel(f.shards, func(shard int) {
		for i, s := range services {
			for key, facts := range groups(routed, i, shard) {
				if f.ctx.Err() != nil {
					return
				}
				about := f.inquiry(key, facts)
				parts[shard] = about.found(s.Decide(policy, about.Case), parts[shard])
				if tell {
					f.tell(len(facts))
				}
			}
		}
	})
	return parts
}

// inquiry is a key with all that is known of it.
type inquiry struct {
	flow.Case
	clock    string
	received *timestamppb.Timestamp // the last of the facts
}

// inquiry reads the facts of a key, of which the first with an id counts.
func (f *fold) inquiry(key string, facts []*factv1.Fact) inquiry {
	facts = firsts(facts)
	clock := flow.ClockOf(facts)
	return inquiry{
		Case:  flow.Case{Key: key, Facts: facts, AsOf: f.clocks[clock], Terse: true},
		clock: clock, received: flow.LatestReceived(facts),
	}
}

// found appends the facts of a decision that hold.
func (i *inquiry) found(decision flow.Decision, out []*factv1.Fact) []*factv1.Fact {
	for _, fact := range decision.Facts {
		if !fact.Retracted {
			flow.Stamp(fact, 1, i.clock, i.AsOf, i.received)
			out = append(out, fact)
		}
	}
	return out
}

// firsts sorts facts by id, and of those with the same id keeps the first of
// the log.
func firsts(facts []*factv1.Fact) []*factv1.Fact {
	if len(facts) == 1 {
		return facts
	}
	slices.SortStableFunc(facts, func(a, b *factv1.Fact) int { return strings.Compare(a.Id, b.Id) })
	return slices.CompactFunc(facts, func(a, b *factv1.Fact) bool { return a.Id == b.Id })
}

// references gives the facts that make the policy, by id.
func references(parts [][]*factv1.Fact) []*factv1.Fact {
	var found []*factv1.Fact
	for _, part := range parts {
		for _, fact := range part {
			if flow.References(flow.Kind(fact.Kind)) {
				found = append(found, fact)
			}
		}
	}
	slices.SortFunc(found, func(a, b *factv1.Fact) int { return strings.Compare(a.Id, b.Id) })
	return found
}
