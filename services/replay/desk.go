package replay

import (
	"iter"
	"slices"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// desk is a service's work on a shard of the keys, while a log unfolds.
type desk struct {
	service flow.Service
	keys    map[string]*dossier
	heard   []*dossier        // since they were decided
	waiting map[*dossier]bool // for a deadline, or for a clock to move
	kinds   map[flow.Kind]bool
	months  []map[int]map[*factv1.Fact]bool // what scoring judges, by side and calendar month
}

// dossier is a key, what is known of it and what was decided.
type dossier struct {
	key   string
	facts []*factv1.Fact
	heard bool
	asOf  time.Time
	clock string
	due   time.Time
	shown [][]*factv1.Fact // by side; one alone where all say the same
}

func newDesk(s flow.Service, kinds map[flow.Kind]bool, sides int) *desk {
	d := &desk{service: s, keys: map[string]*dossier{}, waiting: map[*dossier]bool{}, kinds: kinds}
	for range sides {
		d.months = append(d.months, map[int]map[*factv1.Fact]bool{})
	}
	return d
}

// hear puts facts into their dossiers, and takes out those that have gone.
func (d *desk) hear(gone, come []buckets, service, shard int) {
	for key, fact := range all(gone, service, shard) {
		doc := d.open(key)
		doc.facts = slices.DeleteFunc(doc.facts, func(f *factv1.Fact) bool { return f == fact })
	}
	for key, fact := range all(come, service, shard) {
		doc := d.open(key)
		doc.facts = append(doc.facts, fact)
	}
}

// open finds a dossier that is to be decided.
func (d *desk) open(key string) *dossier {
	doc := d.keys[key]
	if doc == nil {
		doc = &dossier{key: key}
		d.keys[key] = doc
	}
	if !doc.heard {
		doc.heard = true
		d.heard = append(d.heard, doc)
	}
	return doc
}

// settle decides what has to be decided, and gives what is said no more and
// what is said now, by the first policy.
func (d *desk) settle(f *fold, policies []*rulebook.Policy, everything bool) (lost, found []*factv1.Fact) {
	if everything {
		for key := range d.keys {
			d.open(key)
		}
	}
	for doc := range d.waiting {
		if doc.stale(f.clocks[doc.clock]) {
			d.open(doc.key)
		}
	}
	for _, doc := range d.heard {
		doc.heard = false
		before := doc.shown
		doc.decide(f, d.service, policies)
		d.index(before, false)
		d.index(doc.shown, true)
		d.wait(doc)
		lost, found = append(lost, first(before)...), append(found, first(doc.shown)...)
	}
	d.heard = d.heard[:0]
	return lost, found
}

func first(shown [][]*factv1.Fact) []*factv1.Fact {
	if len(shown) == 0 {
		return nil
	}
	return shown[0]
}

// wait notes whether the mere passing of time may change what is decided.
func (d *desk) wait(doc *dossier) {
	if len(doc.facts) > 0 && (doc.asOf.IsZero() || !doc.due.IsZero()) {
		d.waiting[doc] = true
		return
	}
	delete(d.waiting, doc)
}

// stale reports whether a decision would be another at an instant.
func (doc *dossier) stale(now time.Time) bool {
	if doc.asOf.IsZero() {
		return !now.IsZero()
	}
	return !doc.due.IsZero() && !doc.due.After(now)
}

// decide derives what holds by each of the policies; once, if the last, the
// trial, is not asked about its months.
func (doc *dossier) decide(f *fold, s flow.Service, policies []*rulebook.Policy) {
	doc.shown, doc.due = nil, time.Time{}
	if len(doc.facts) == 0 {
		return
	}
	about := f.inquiry(doc.key, slices.Clone(doc.facts))
	doc.clock, doc.asOf = about.clock, about.AsOf
	asked := false
	last := policies[len(policies)-1]
	if len(policies) > 1 {
		last = last.Watched(&asked)
	}
	doc.say(&about, s.Decide(last, about.Case))
	if asked {
		doc.say(&about, s.Decide(policies[0], about.Case))
		slices.Reverse(doc.shown)
	}
}

// say notes a decision of one more side.
func (doc *dossier) say(about *inquiry, decision flow.Decision) {
	doc.shown = append(doc.shown, about.found(decision, nil))
	wake := decision.Wake
	if wake.After(doc.asOf) && (doc.due.IsZero() || wake.Before(doc.due)) {
		doc.due = wake
	}
}

// index enters facts into the months of every side, or takes them out.
func (d *desk) index(shown [][]*factv1.Fact, enter bool) {
	if len(shown) == 0 {
		return
	}
	for side, months := range d.months {
		for _, fact := range shown[min(side, len(shown)-1)] {
			if fact.Route.GetUnit() == "" || !d.kinds[flow.Kind(fact.Kind)] {
				continue
			}
			month := ordinal(flow.Time(fact.OccurredAt))
			switch {
			case !enter:
				delete(months[month], fact)
			case months[month] == nil:
				months[month] = map[*factv1.Fact]bool{fact: true}
			default:
				months[month][fact] = true
			}
		}
	}
}

// near gives the facts of one side that may be of a month in some zone.
func (d *desk) near(side int, month string) iter.Seq[*factv1.Fact] {
	return func(yield func(*factv1.Fact) bool) {
		at, err := time.Parse("2006-01", month)
		if err != nil {
			return
		}
		for n := ordinal(at) - 1; n <= ordinal(at)+1; n++ {
			for fact := range d.months[side][n] {
				if !yield(fact) {
					return
				}
			}
		}
	}
}

// ordinal numbers the calendar months in UTC.
func ordinal(t time.Time) int {
	t = t.UTC()
	return t.Year()*12 + int(t.Month())
}
