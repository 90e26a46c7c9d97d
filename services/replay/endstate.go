package replay

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// end carries the fold on to the end of the log and gives what judging services
// say there, a part for each shard: what all policies agree in, and the rest by
// each.
func (u *unfolding) end(asOf time.Time) []verdicts {
	u.to(len(u.events), asOf)
	found := make([]verdicts, u.shards)
	stamps := map[string]*timestamppb.Timestamp{}
	for clock, now := range u.clocks {
		stamps[clock] = flow.At(now)
	}
	u.parallel(u.shards, func(shard int) {
		v := &found[shard]
		v.contrasts = map[string]Contrast{}
		for i := 1; i < len(u.desks) && u.ctx.Err() == nil; i++ {
			for _, doc := range u.desks[i][shard].keys {
				doc.restamp(stamps[doc.clock])
				v.add(u.fold, u.services[i], u.policies, doc)
			}
		}
	})
	return found
}

// restamp notes the instant by which what was decided still holds. What closed
// months hold are copies.
func (doc *dossier) restamp(now *timestamppb.Timestamp) {
	for _, facts := range doc.shown {
		for _, fact := range facts {
			fact.DetectedAt = now
		}
	}
}

// add adds what is said of a key, and where the policies differ.
func (v *verdicts) add(f *fold, s flow.Service, policies []*rulebook.Policy, doc *dossier) {
	switch len(doc.shown) {
	case 1:
		v.alike = append(v.alike, doc.shown[0]...)
	case 2:
		before, after := doc.shown[0], doc.shown[1]
		v.before, v.after = append(v.before, before...), append(v.after, after...)
		if slices.EqualFunc(before, after, alike) {
			return
		}
		about := f.inquiry(doc.key, slices.Clone(doc.facts))
		about.Terse = false // why it does not hold is asked now
		v.contrast(s.Decide(policies[0], about.Case).Facts, s.Decide(policies[1], about.Case).Facts)
	}
}

// sides puts the parts of all shards together by side.
func sides(shares []verdicts, facts [][]*factv1.Fact) (before, after [][]*factv1.Fact) {
	before, after = slices.Clone(facts), slices.Clone(facts)
	for _, share := range shares {
		before = append(before, share.alike, share.before)
		after = append(after, share.alike, share.after)
	}
	return before, after
}
