package views

import (
	"time"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/internal/traces"
	"kaohe.dev/services/words"
)

// News is a record as watchers are told of it.
type News struct {
	*ledgerv1.Record
	// Trace is what a watcher's own span goes on with; empty: nobody follows it.
	Trace string
}

// show gives the news of a batch, and the spans of those that are followed,
// which end when the watchers are told.
func (v *Views) show(f *fold, began time.Time) (news []News, followed []traces.Span) {
	news = make([]News, len(f.news))
	for i, r := range f.news {
		tell(r)
		news[i] = News{r, f.carried[r]}
		if span := v.tracer.Follow(news[i].Trace, shown(r), began); span.On() {
			describe(span, r)
			news[i].Trace = span.Carry()
			followed = append(followed, span)
		}
	}
	return news, followed
}

// tell puts a record, which is committed, into words: once for all watchers.
func tell(r *ledgerv1.Record) {
	if e := r.GetEntry(); e != nil {
		words.Tell(e)
	}
	if card := r.GetScorecard(); card != nil {
		words.Tell(card)
	}
}

func shown(r *ledgerv1.Record) string {
	if r.GetEntry() != nil {
		return "entry shown"
	}
	return "score shown"
}

func describe(span traces.Span, r *ledgerv1.Record) {
	span.Note("target", group, "sequence", SequenceOf(r))
	if e := r.GetEntry(); e != nil {
		span.Note("entry", e.Id, "unit", e.Unit, "month", e.Month, "rule", e.Rule, "points", e.Points, "ticket", e.Ticket)
		return
	}
	s := r.GetScorecard()
	span.Note("unit", s.GetUnit(), "month", s.GetMonth(), "total", s.GetTotal())
}
