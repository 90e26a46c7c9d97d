package replay

import (
	"context"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// Both is the months of a window by two policies: as they are, and as they
// would be.
type Both struct {
	// Old is by what is in force, New by the trial; each as Under gives it, for
	// the months and units of the window.
	Old, New *Result
	// Contrasts are the verdicts that the policies do not share, by the id of the
	// fact.
	Contrasts map[string]Contrast
}

// Contrast is a verdict that holds by one policy only, or for another unit or
// instant by the other. A side that is retracted carries the reason it does not
// hold; nil: nothing is said about it.
type Contrast struct{ Old, New *factv1.Fact }

// Both judges what is recorded by what is in force and by another rulebook in
// its place in the months of a window. Whatever is decided without asking for a
// month that is tried is decided once.
func (r *Recorded) Both(ctx context.Context, tried *rulebook.Rulebook, w Window) (*Both, error) {
	f, trial := r.fold(ctx), r.policy(tried, w)
	var shares []verdicts
	var closings []*closing
	if r.decided == nil {
		shares = r.shownBoth(f, trial)
	} else {
		shares, closings = r.unfold(ctx, tried, w, 2)
	}
	both := &Both{Contrasts: map[string]Contrast{}}
	for _, share := range shares {
		maps.Copy(both.Contrasts, share.contrasts)
	}
	before, after := sides(shares, r.facts)
	both.Old = r.result(f, r.Policy, w, before)
	both.New = r.result(f, trial, w, after)
	r.close(f, w, closings, both.Old, both.New)
	return both, f.err()
}

// shownBoth gives all that judging services say by what is in force, and by a
// trial.
func (r *Recorded) shownBoth(f *fold, trial *rulebook.Policy) []verdicts {
	judging := r.services[1:]
	return f.decideBoth(r.Policy, trial, judging, f.spread(judging, r.facts))
}

// verdicts are what a shard of the keys shows.
type verdicts struct {
	alike         []*factv1.Fact // by both policies
	before, after []*factv1.Fact
	contrasts     map[string]Contrast
}

// decideBoth decides every key by the trial, and once more by what is in force
// if that may make a difference.
func (f *fold) decideBoth(inForce, trial *rulebook.Policy, services []flow.Service, routed []buckets) []verdicts {
	found := make([]verdicts, f.shards)
	f.parallel(f.shards, func(shard int) {
		v, asked := &found[shard], false
		v.contrasts = map[string]Contrast{}
		watched := trial.Watched(&asked)
		for i, s := range services {
			for key, facts := range groups(routed, i, shard) {
				if f.ctx.Err() != nil {
					return
				}
				about := f.inquiry(key, facts)
				asked = false
				after := s.Decide(watched, about.Case)
				if !asked {
					v.alike = about.found(after, v.alike)
					continue
				}
				before := s.Decide(inForce, about.Case)
				v.before, v.after = about.found(before, v.before), about.found(after, v.after)
				if !slices.EqualFunc(before.Facts, after.Facts, alike) {
					about.Terse = false // why it does not hold is asked now
					v.contrast(s.Decide(inForce, about.Case).Facts, s.Decide(trial, about.Case).Facts)
				}
			}
		}
	})
	return found
}

// contrast notes where two decisions about a key differ: what holds and, with
// the reason, what does not.
func (v *verdicts) contrast(before, after []*factv1.Fact) {
	pairs := make(map[string]Contrast, len(before))
	for _, fact := range before {
		pairs[fact.Id] = Contrast{Old: fact}
	}
	for _, fact := range after {
		pairs[fact.Id] = Contrast{Old: pairs[fact.Id].Old, New: fact}
	}
	for id, c := range pairs {
		differ := holds(c.Old) != holds(c.New)
		if differ || holds(c.Old) && !alike(c.Old, c.New) {
			v.contrasts[id] = c
		}
	}
}

// alike reports whether two verdicts stand at the same place.
func alike(a, b *factv1.Fact) bool {
	return a.Id == b.Id && a.Retracted == b.Retracted &&
		proto.Equal(a.OccurredAt, b.OccurredAt) && a.Route.GetUnit() == b.Route.GetUnit()
}

func holds(f *factv1.Fact) bool { return f != nil && !f.Retracted }
