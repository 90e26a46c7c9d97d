package replay

import (
	"context"
	"maps"
	"slices"
	"time"

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
	f, inForce, trial := r.fold(ctx), r.policies(nil, w), r.policies(tried, w)
	before, after, contrasts := r.shownBoth(f, inForce, trial)
	one, other := side{inForce, before}, side{trial, after}
	closings := r.closings(f, one, other)
	return &Both{r.result(f, one, w, closings[0]), r.result(f, other, w, closings[1]), contrasts}, f.err()
}

// shownBoth gives all facts that hold by what is in force, and by a trial.
func (r *Recorded) shownBoth(f *fold, inForce, trial []*rulebook.Policy) (before, after [][]known, contrasts map[string]Contrast) {
	contrasts = map[string]Contrast{}
	before, after = slices.Clone(r.facts), slices.Clone(r.facts)
	judging := r.services[1:]
	for _, share := range f.decideBoth(inForce, trial, judging, f.spread(judging, r.facts)) {
		before = append(before, share.alike.all, share.before.all)
		after = append(after, share.alike.all, share.after.all)
		maps.Copy(contrasts, share.contrasts)
	}
	return before, after, contrasts
}

// verdicts are what a shard of the keys shows.
type verdicts struct {
	alike         findings // by both policies
	before, after findings
	contrasts     map[string]Contrast
}

// decideBoth decides every key by the trial, and once more by what is in force
// if that may make a difference.
func (f *fold) decideBoth(inForce, trial []*rulebook.Policy, services []flow.Service, routed []buckets) []verdicts {
	found := make([]verdicts, f.shards)
	f.parallel(f.shards, func(shard int) {
		v, asked := &found[shard], false
		v.contrasts = map[string]Contrast{}
		watched := make([]*rulebook.Policy, len(trial))
		for point := range trial {
			watched[point] = trial[point].Watched(&asked)
		}
		for i, s := range services {
			for g := range groups(routed, i, shard) {
				if f.ctx.Err() != nil {
					return
				}
				v.begin()
				arrived := func() []*factv1.Fact { return inOrder(routed, i, shard, g.key) }
				differ := false // as far as decided
				var last inquiry
				f.follow(g, func(point int, about inquiry) time.Time {
					asked, differ, last = false, false, about
					after := f.decide(s, watched[point], about.Case, arrived)
					if !asked {
						v.alike.add(about, after, f.ever(point))
						return after.Wake
					}
					before := f.decide(s, inForce[point], about.Case, arrived)
					v.before.add(about, before, f.ever(point))
					v.after.add(about, after, f.ever(point))
					differ = !slices.EqualFunc(before.Facts, after.Facts, alike)
					return sooner(before.Wake, after.Wake)
				}, v.cut)
				if differ {
					last.Terse = false // why it does not hold is asked now
					v.contrast(f.decide(s, inForce[f.last()], last.Case, arrived).Facts, f.decide(s, trial[f.last()], last.Case, arrived).Facts)
				}
			}
		}
	})
	return found
}

func (v *verdicts) begin() {
	v.alike.begin()
	v.before.begin()
	v.after.begin()
}

func (v *verdicts) cut(point int) {
	v.alike.cut(point)
	v.before.cut(point)
	v.after.cut(point)
}

// sooner is the earlier of two instants, of which zero is never.
func sooner(a, b time.Time) time.Time {
	if b.IsZero() || !a.IsZero() && a.Before(b) {
		return a
	}
	return b
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
