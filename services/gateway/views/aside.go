package views

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/internal/run"
)

// lookAside is how often the quarantines are looked at.
const lookAside = 2 * time.Second

// asides are how many inputs services failed on, by what they are about. What
// they would change is missing in a sheet, so the sheet says it.
type asides struct {
	found atomic.Pointer[map[run.About]int]
	// changed counts how often that was another answer.
	changed atomic.Uint64
	counts  map[string]int64 // by service, when it was looked at last
	parts   map[string]map[run.About]int
}

// watchAside looks at the quarantines for ever.
func (v *Views) watchAside(ctx context.Context) {
	defer v.running.Done()
	look := time.NewTicker(lookAside)
	defer look.Stop()
	for {
		if err := v.readAside(ctx); err != nil && ctx.Err() == nil {
			v.log.Warn("the quarantines cannot be looked at now", "error", err)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

func (v *Views) readAside(ctx context.Context) error {
	news := false
	for _, service := range v.quarantines {
		count, err := run.CountFailed(ctx, v.store, service)
		if err != nil {
			return err
		}
		if count == v.asides.counts[service] {
			continue
		}
		about, err := run.FailedAbout(ctx, v.store, service)
		if err != nil {
			return err
		}
		v.asides.counts[service], v.asides.parts[service], news = count, about, true
	}
	if !news {
		return nil
	}
	all := map[run.About]int{}
	for _, part := range v.asides.parts {
		for about, n := range part {
			all[about] += n
		}
	}
	v.asides.found.Store(&all)
	v.asides.changed.Add(1)
	return nil
}

// AsideChanged counts how often something else was set aside: what was noted on
// a card before is old.
func (v *Views) AsideChanged() uint64 { return v.asides.changed.Load() }

// Noted gives a card with what was set aside about its unit and month, and about
// nobody knows which unit.
func (v *Views) Noted(card *ledgerv1.Scorecard) *ledgerv1.Scorecard {
	found := v.asides.found.Load()
	if found == nil || card == nil {
		return card
	}
	about, unclear := (*found)[run.About{Unit: card.Unit, Month: card.Month}], (*found)[run.About{Month: card.Month}]
	if about+unclear == 0 {
		return card
	}
	noted := proto.CloneOf(card)
	note := func(n int, zh, en string) {
		if n > 0 {
			noted.Warnings = append(noted.Warnings, &factv1.Text{Zh: fmt.Sprintf(zh, n), En: fmt.Sprintf(en, n)})
		}
	}
	note(about, "有 %d 条关于本单位本月的输入因程序出错被隔离，其影响尚未计入；见 kaohe quarantine",
		"%d inputs about this unit and month were set aside because a service failed on them: what they would change is missing here; see kaohe quarantine")
	note(unclear, "有 %d 条本月的输入因程序出错被隔离，所属单位不明，可能影响本表；见 kaohe quarantine",
		"%d inputs of this month were set aside because a service failed on them, of which the unit is not known: what they would change may be missing here; see kaohe quarantine")
	return noted
}

// NotedIn is Noted for a record that may have a card.
func (v *Views) NotedIn(r *ledgerv1.Record) *ledgerv1.Record {
	card := r.GetScorecard()
	if noted := v.Noted(card); noted != card {
		return &ledgerv1.Record{Record: &ledgerv1.Record_Scorecard{Scorecard: noted}}
	}
	return r
}
