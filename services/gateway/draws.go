package gateway

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nuid"
	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/draw"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/rulebook"
)

// drawServer is the DrawService.
type drawServer struct {
	apiv1.UnimplementedDrawServiceServer
	g *Gateway
}

// DrawHalls draws halls for a month and records the draw.
func (s *drawServer) DrawHalls(ctx context.Context, r *apiv1.DrawHallsRequest) (*apiv1.Draw, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	release, err := s.g.registering(ctx) // no hall is registered meanwhile
	if err != nil {
		return nil, err
	}
	defer release()
	if _, err := s.g.awaitNow(ctx); err != nil {
		return nil, err
	}
	if err := s.stillOpen(ctx, r.Month); err != nil {
		return nil, err
	}
	eligible := halls(s.g.views.Policy(), r.Month)
	if n := int(r.Halls); n > len(eligible) {
		return nil, trouble(codes.FailedPrecondition, "too_few_halls", "%[1]s 只有 %[2]d 个营业厅，抽不出 %[3]d 个",
			"%[1]s has %[2]d halls; %[3]d cannot be drawn", r.Month, len(eligible), n).at("halls", fmt.Sprint(n))
	}
	seed := cmp.Or(r.Seed, rand.Text())
	made := &feedv1.HallsDrawn{
		Draw: "draw-" + nuid.Next(), Month: r.Month, Seed: seed, SeedChosen: r.Seed != "", Person: person(ctx),
		Eligible: eligible, Drawn: draw.Draw(seed, eligible, int(r.Halls)),
	}
	if err := s.g.tell(ctx, &feedv1.Event{Payload: &feedv1.Event_HallsDrawn{HallsDrawn: made}}); err != nil {
		return nil, err
	}
	if err := s.g.settled(ctx); err != nil {
		return nil, err
	}
	return s.find(ctx, made.Draw)
}

// stillOpen refuses to draw for a month that nothing is assessed in any more.
func (s *drawServer) stillOpen(ctx context.Context, month string) error {
	closed, err := s.g.closedMonths(ctx)
	if err == nil && slices.Contains(closed, month) {
		return alreadyClosed(month)
	}
	return err
}

// halls are the units with a hall in a month, sorted: every outlet has one, a
// contractor has none.
func halls(policy *rulebook.Policy, month string) (eligible []string) {
	for _, unit := range policy.Units() {
		if policy.KindIn(unit, month) == feedv1.UnitKind_UNIT_KIND_OUTLET {
			eligible = append(eligible, unit)
		}
	}
	return eligible
}

// ListDraws gives the draws of a month.
func (s *drawServer) ListDraws(ctx context.Context, r *apiv1.ListDrawsRequest) (*apiv1.ListDrawsResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	draws, err := s.all(ctx, "draw/")
	draws = slices.DeleteFunc(draws, func(d *apiv1.Draw) bool { return d.Drawn.Month != r.Month })
	slices.SortFunc(draws, func(a, b *apiv1.Draw) int {
		return cmp.Or(flow.Time(a.At).Compare(flow.Time(b.At)), strings.Compare(a.Drawn.Draw, b.Drawn.Draw))
	})
	return &apiv1.ListDrawsResponse{Draws: draws}, err
}

// GetDraw gives one draw.
func (s *drawServer) GetDraw(ctx context.Context, r *apiv1.GetDrawRequest) (*apiv1.Draw, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	return s.find(ctx, r.Draw)
}

func (s *drawServer) find(ctx context.Context, id string) (*apiv1.Draw, error) {
	found, err := s.all(ctx, "draw/"+id)
	if err != nil {
		return nil, err
	}
	for _, d := range found {
		if d.Drawn.Draw == id {
			return d, nil
		}
	}
	return nil, fmt.Errorf("draw %q: %w", id, views.ErrNotFound)
}

// all gives the draws under a prefix, each drawn again.
func (s *drawServer) all(ctx context.Context, prefix string) (draws []*apiv1.Draw, err error) {
	units := map[string][]*feedv1.Event{}
	err = s.g.eachDossier(ctx, "unit/", func(key string, events []*feedv1.Event) {
		units[strings.TrimPrefix(key, "unit/")] = events
	})
	return draws, errors.Join(err, s.g.eachDossier(ctx, prefix, func(_ string, events []*feedv1.Event) {
		draws = append(draws, s.again(events, units))
	}))
}

// again draws again what was recorded first: a draw is made once, and another
// under its id is none that holds.
func (s *drawServer) again(events []*feedv1.Event, units map[string][]*feedv1.Event) *apiv1.Draw {
	first := slices.MinFunc(events, func(a, b *feedv1.Event) int { return flow.Time(a.ReceivedAt).Compare(flow.Time(b.ReceivedAt)) })
	drawn := first.GetHallsDrawn()
	d := &apiv1.Draw{Drawn: drawn, At: first.OccurredAt, Again: draw.Draw(drawn.Seed, drawn.Eligible, len(drawn.Drawn))}
	for _, hall := range halls(s.knownThen(first, units), drawn.Month) {
		if !slices.Contains(drawn.Eligible, hall) {
			d.LeftOut = append(d.LeftOut, hall)
		}
	}
	d.Holds = len(events) == 1 && len(d.LeftOut) == 0 && slices.Equal(d.Again, drawn.Drawn)
	return d
}

// knownThen is the policy with the units as they were registered when an event
// came in: what was registered later could not be drawn.
func (s *drawServer) knownThen(at *feedv1.Event, units map[string][]*feedv1.Event) *rulebook.Policy {
	var known []*factv1.UnitKnown
	for unit, events := range units {
		k := &factv1.UnitKnown{Unit: unit}
		for _, e := range ingest.Timeline(events) {
			if !flow.Time(e.ReceivedAt).After(flow.Time(at.ReceivedAt)) {
				k.Registrations = append(k.Registrations, e.GetUnitRegistered())
			}
		}
		if len(k.Registrations) > 0 {
			known = append(known, k)
		}
	}
	return rulebook.NewPolicy(s.g.views.Policy().Books(), known)
}
