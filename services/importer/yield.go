package importer

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/common/types"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

// ticketRun is one ticket while its rows are used.
type ticketRun struct {
	last     *row           // the row used last; nil: none yet
	ordinals map[string]int // PerUpdate: events by type
	verdict  *feedv1.SourceVerdictReported
}

// ticket uses a row that is a whole ticket.
func (r *run) ticket(ctx context.Context, row *row) error {
	t := &ticketRun{}
	if err := r.use(ctx, t, row); err != nil {
		return err
	}
	r.done(t)
	return nil
}

// updates orders the rows that were kept and uses them, ticket by ticket.
func (r *run) updates(ctx context.Context) error {
	m := r.m
	slices.SortFunc(r.kept, func(a, b *row) int {
		if c := strings.Compare(a.get(m.ticket), b.get(m.ticket)); c != 0 {
			return c
		}
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		if c := compareTies(a.get(m.tiebreak), b.get(m.tiebreak)); c != 0 {
			return c
		}
		return slices.Compare(a.values, b.values)
	})
	t := &ticketRun{ordinals: map[string]int{}}
	for i, row := range r.kept {
		if i > 0 && r.kept[i-1].get(m.ticket) != row.get(m.ticket) {
			r.done(t)
			t = &ticketRun{ordinals: map[string]int{}}
		}
		if err := r.use(ctx, t, row); err != nil {
			return err
		}
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	r.done(t)
	r.kept = nil
	return nil
}

// compareTies compares numbers as numbers, other texts as texts.
func compareTies(a, b string) int {
	x, errX := strconv.ParseInt(a, 10, 64)
	y, errY := strconv.ParseInt(b, 10, 64)
	if errX == nil && errY == nil {
		return int(min(1, max(-1, x-y)))
	}
	return strings.Compare(a, b)
}

// done counts a ticket.
func (r *run) done(t *ticketRun) {
	if t.last == nil {
		return
	}
	r.summary.Tickets++
	switch {
	case t.verdict == nil:
	case t.verdict.Met:
		r.summary.CarriedMet++
	default:
		r.summary.CarriedMissed++
	}
}

// use yields the events of a row. A row that is rejected yields none and is
// nobody's row before.
func (r *run) use(ctx context.Context, t *ticketRun, row *row) error {
	prev := t.last
	if prev == nil {
		prev = newRow(r.m)
	}
	s := &scope{row: row, prev: prev, first: t.last == nil, ctx: ctx}
	if bad, err := r.check(s); bad || err != nil {
		return err
	}
	items, later, bad := r.yield(t, s)
	switch {
	case ctx.Err() != nil: // the row is not to blame
		return context.Cause(ctx)
	case bad != nil:
		return r.reject(row, kindRejected, bad)
	case later:
		r.summary.Later++
		return nil
	}
	t.last = row
	for _, item := range items {
		r.count(t, item.Event)
	}
	return r.send(ctx, items)
}

// check applies the mapping's checks and says whether the row is set aside.
func (r *run) check(s *scope) (rejected bool, err error) {
	for _, c := range r.m.checks {
		holds, bad := c.when.holds(s)
		switch {
		case s.ctx.Err() != nil: // the row is not to blame
			return true, context.Cause(s.ctx)
		case bad != nil:
			return true, r.reject(s.row, kindRejected, bad)
		case !holds:
			continue
		}
		found := wrong(c.code, "%s", "%s", "")
		found.reason.Text.Zh, found.reason.Text.En = c.zh, c.en
		found.column, found.value = c.column, s.row.get(c.column)
		if c.reject {
			return true, r.reject(s.row, kindRejected, found)
		}
		if err := r.reject(s.row, kindWarning, found); err != nil {
			return false, err
		}
	}
	return false, nil
}

// yield makes a row's events. Those later than as-of are left out; when the
// first of a ticket's only row is, the whole row is later.
func (r *run) yield(t *ticketRun, s *scope) (items []Item, later bool, bad *fault) {
	var names []string // of the events made
	for i := range r.m.events {
		rule := &r.m.events[i]
		holds, bad := rule.when.holds(s)
		if bad != nil {
			return nil, false, bad
		}
		if !holds {
			continue
		}
		at, bad := r.instant(rule, s)
		if bad != nil {
			return nil, false, bad
		}
		if !r.o.AsOf.IsZero() && at.After(r.o.AsOf) {
			if i == 0 && r.m.Shape == PerTicket {
				return nil, true, nil
			}
			continue
		}
		made, bad := r.event(rule, s, at, t.next(rule.name, names))
		if bad != nil {
			return nil, false, bad
		}
		items, names = append(items, made...), append(names, rule.name)
	}
	return items, false, nil
}

// next numbers the next event of a type, after those made of the same row.
func (t *ticketRun) next(name string, made []string) int {
	ordinal := t.ordinals[name] + 1
	for _, other := range made {
		if other == name {
			ordinal++
		}
	}
	return ordinal
}

// event makes one event, preceded by the registration of its unit if that is
// not known yet.
func (r *run) event(rule *eventRule, s *scope, at time.Time, ordinal int) ([]Item, *fault) {
	event := &feedv1.Event{Source: r.m.Source, OccurredAt: timestamppb.New(at), Clock: r.clock}
	event.Id = s.row.get(r.m.ticket) + "/" + rule.name
	if r.m.Shape == PerUpdate || ordinal > 1 {
		event.Id += "/" + strconv.Itoa(ordinal)
	}
	if rule.id != nil {
		id, err := rule.id.Eval(s.ctx, s)
		text, ok := id.(types.String)
		if err != nil || !ok {
			return nil, wrong("bad_id", "事件编号无法计算：%v", "the event's id cannot be computed: %v", err)
		}
		event.Id = string(text)
	}
	payload := event.ProtoReflect().Mutable(rule.payload).Message()
	if ticket := payload.Descriptor().Fields().ByName("ticket"); ticket != nil {
		payload.Set(ticket, protoreflect.ValueOfString(s.row.get(r.m.ticket)))
	}
	items := []Item{{event, s.row.file, s.row.line}}
	for i := range rule.set {
		a := &rule.set[i]
		v, present, bad := r.resolve(a, s)
		if bad != nil {
			return nil, bad
		}
		if !present {
			continue
		}
		if a.field.Name() == "unit" {
			id, created, bad := r.unit(v.String())
			if bad != nil {
				return nil, bad
			}
			v = protoreflect.ValueOfString(id)
			if created != nil {
				items = append([]Item{{created, s.row.file, s.row.line}}, items...)
			}
		}
		payload.Set(a.field, v)
	}
	return items, nil
}

// count notes an event that is yielded.
func (r *run) count(t *ticketRun, e *feedv1.Event) {
	name := flow.EventType(e)
	r.summary.Events[name]++
	if e.GetUnitRegistered() != nil {
		r.summary.Units++
		return
	}
	if t.ordinals != nil {
		t.ordinals[name]++
	}
	if v := e.GetSourceVerdictReported(); v != nil {
		t.verdict = v
	}
	at := e.OccurredAt.AsTime()
	if r.summary.First.IsZero() || at.Before(r.summary.First) {
		r.summary.First = at
	}
	if at.After(r.summary.Last) {
		r.summary.Last = at
	}
}
