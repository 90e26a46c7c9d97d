package gateway

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/gateway/registry"
)

const closedState = ledgerv1.MonthState_MONTH_STATE_CLOSED

// validated is a request that the contract has rules for.
type validated = proto.Message

// plan is what some registrations would change.
type plan struct {
	changes  []registry.Change
	problems []registry.Problem
}

// registering lets one caller at a time change the registry, so that what he
// compared with is what he changes.
func (g *Gateway) registering(ctx context.Context) (release func(), err error) {
	select {
	case g.registers <- struct{}{}:
		return func() { <-g.registers }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// plan compares registrations with what is known now, units first.
func (g *Gateway) plan(ctx context.Context, rows []registry.Row) (p plan, err error) {
	if err := g.settled(ctx); err != nil {
		return p, err
	}
	policy := g.views.Policy()
	known := registry.Known{Kind: policy.Kind, Units: policy.Units(), Zone: g.zoneOf, Now: g.opts.Now()}
	if known.Closed, err = g.closedMonths(ctx); err != nil {
		return p, err
	}
	for _, kind := range registry.Kinds() {
		var own []registry.Row
		for _, row := range rows {
			if row.Kind == kind {
				own = append(own, row)
			}
		}
		if known.Histories, err = g.histories(ctx, kind); err != nil {
			return p, err
		}
		changes, refused := registry.Compare(own, known)
		p.changes = append(p.changes, changes...)
		p.problems = append(append(p.problems, refused...), g.untakeable(ctx, changes)...)
		known = known.With(changes)
	}
	if text := registry.TooMuch(p.changes); text != nil {
		p.problems = append(p.problems, registry.Row{}.Wrong("", "", text))
	}
	return p, nil
}

// untakeable tells which changes the door would not take, and why.
func (g *Gateway) untakeable(ctx context.Context, changes []registry.Change) (problems []registry.Problem) {
	for _, c := range changes {
		if refusal := g.door.Check(g.event(ctx, registry.Event(c.Row.Payload))); refusal != nil {
			_, column, _ := strings.Cut(refusal.Field, ".")
			problems = append(problems, c.Row.Wrong(column, refusal.Value, refusal.Text))
		}
	}
	return problems
}

// carryOut writes what a plan changes, all or nothing, and waits until it shows.
func (g *Gateway) carryOut(ctx context.Context, p plan) error {
	var events []*feedv1.Event
	for _, c := range p.changes {
		if c.Action != apiv1.ImportAction_IMPORT_ACTION_UNCHANGED {
			events = append(events, g.event(ctx, registry.Event(c.Row.Payload)))
		}
	}
	if len(events) == 0 {
		return nil
	}
	var refused *door.WholeError
	if err := g.door.PushWhole(ctx, events); errors.As(err, &refused) {
		return trouble(codes.InvalidArgument, refused.Refusal.Code, "%[1]s", "%[2]s", refused.Refusal.Text.GetZh(), refused.Refusal.Text.GetEn()).at(refused.Refusal.Field, refused.Refusal.Value)
	} else if err != nil {
		return err
	}
	return g.settled(ctx)
}
