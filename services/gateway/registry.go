package gateway

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/registry"
)

// registryServer is the RegistryService.
type registryServer struct {
	apiv1.UnimplementedRegistryServiceServer
	g *Gateway
}

// RegisterUnit registers a unit, or what changes.
func (s *registryServer) RegisterUnit(ctx context.Context, r *apiv1.RegisterUnitRequest) (*apiv1.Registration, error) {
	return s.register(ctx, r, apiv1.ImportKind_IMPORT_KIND_UNITS, r.EffectiveFrom, &feedv1.UnitRegistered{
		Unit: r.Unit, NameZh: r.NameZh, NameEn: r.NameEn, Kind: r.Kind, Customers: r.Customers, Zone: r.Zone, Hall: r.Hall, HallAddress: r.HallAddress,
	})
}

// RegisterAgent registers an agent, or what changes.
func (s *registryServer) RegisterAgent(ctx context.Context, r *apiv1.RegisterAgentRequest) (*apiv1.Registration, error) {
	return s.register(ctx, r, apiv1.ImportKind_IMPORT_KIND_AGENTS, r.EffectiveFrom, &feedv1.AgentRegistered{
		Agent: r.Agent, Name: r.Name, Unit: r.Unit, Team: r.Team, Left: r.Left,
	})
}

// RegisterHallManager says who manages a hall.
func (s *registryServer) RegisterHallManager(ctx context.Context, r *apiv1.RegisterHallManagerRequest) (*apiv1.Registration, error) {
	return s.register(ctx, r, apiv1.ImportKind_IMPORT_KIND_MANAGERS, r.EffectiveFrom, &feedv1.HallManagerRegistered{
		Unit: r.Unit, Person: r.Person,
	})
}

// ListUnitHistory gives what was registered of units.
func (s *registryServer) ListUnitHistory(ctx context.Context, r *apiv1.ListUnitHistoryRequest) (*apiv1.ListUnitHistoryResponse, error) {
	listed, err := s.list(ctx, r, apiv1.ImportKind_IMPORT_KIND_UNITS, r.Unit)
	return &apiv1.ListUnitHistoryResponse{Registrations: listed}, err
}

// ListHallManagers gives what was registered of hall managers.
func (s *registryServer) ListHallManagers(ctx context.Context, r *apiv1.ListHallManagersRequest) (*apiv1.ListHallManagersResponse, error) {
	listed, err := s.list(ctx, r, apiv1.ImportKind_IMPORT_KIND_MANAGERS, r.Unit)
	return &apiv1.ListHallManagersResponse{Registrations: listed}, err
}

// ListAgents gives the agents at an instant, or their history.
func (s *registryServer) ListAgents(ctx context.Context, r *apiv1.ListAgentsRequest) (*apiv1.ListAgentsResponse, error) {
	listed, err := s.list(ctx, r, apiv1.ImportKind_IMPORT_KIND_AGENTS, r.Unit)
	if err != nil || r.History {
		return &apiv1.ListAgentsResponse{Registrations: listed}, err
	}
	at := s.g.opts.Now()
	if r.At != nil {
		at = r.At.AsTime()
	}
	holds := map[string]*apiv1.Registration{}
	for _, found := range listed {
		p := found.Event.GetAgentRegistered()
		if !flow.Time(p.EffectiveFrom).After(at) {
			holds[p.Agent] = found
		}
	}
	listed = slices.DeleteFunc(listed, func(found *apiv1.Registration) bool { return holds[found.Event.GetAgentRegistered().Agent] != found })
	return &apiv1.ListAgentsResponse{Registrations: listed}, nil
}

// list gives what was registered of a kind, by key and date, of a unit or of all
// that the caller sees.
func (s *registryServer) list(ctx context.Context, r validated, kind apiv1.ImportKind, unit string) ([]*apiv1.Registration, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	histories, err := s.g.histories(ctx, kind)
	if err != nil {
		return nil, err
	}
	var listed []*apiv1.Registration
	for _, history := range histories {
		for _, stated := range history {
			if unit == "" || registry.Unit(stated.Payload) == unit {
				listed = append(listed, s.registration(ctx, stated))
			}
		}
	}
	slices.SortStableFunc(listed, func(a, b *apiv1.Registration) int {
		return strings.Compare(registry.Key(registry.Of(a.Event)), registry.Key(registry.Of(b.Event)))
	})
	return listed, nil
}

// registration shows what was registered.
func (s *registryServer) registration(ctx context.Context, stated registry.Stated) *apiv1.Registration {
	p := stated.Payload
	return &apiv1.Registration{
		Event: stated.Event, Replaced: stated.Replaced, By: cmp.Or(s.g.tokens.Name(ctx, stated.Event.Sender), stated.Event.Sender),
		EffectiveFrom: registry.Day(p.GetEffectiveFrom(), s.g.views.Policy().Zone(registry.Unit(p))),
	}
}

// histories give what was registered of a kind, by key.
func (g *Gateway) histories(ctx context.Context, kind apiv1.ImportKind) (map[string]registry.History, error) {
	prefix := map[apiv1.ImportKind]string{
		apiv1.ImportKind_IMPORT_KIND_UNITS: "unit/", apiv1.ImportKind_IMPORT_KIND_AGENTS: "agent/", apiv1.ImportKind_IMPORT_KIND_MANAGERS: "manager/",
	}[kind]
	found := map[string]registry.History{}
	err := g.eachDossier(ctx, prefix, func(key string, events []*feedv1.Event) {
		found[strings.TrimPrefix(key, prefix)] = registry.NewHistory(events)
	})
	return found, err
}

// zoneOf is where the dates of a unit begin; one that is not known yet says so
// itself.
func (g *Gateway) zoneOf(unit, named string) *time.Location {
	if named != "" {
		if zone, err := time.LoadLocation(named); err == nil {
			return zone
		}
	}
	return g.views.Policy().Zone(unit)
}

// closedMonths are the months that do not change any more, in order.
func (g *Gateway) closedMonths(ctx context.Context) ([]string, error) {
	months, err := g.views.Months(ctx)
	if err != nil {
		return nil, err
	}
	var closed []string
	for _, month := range months {
		cards, err := g.views.Scorecards(ctx, month)
		if err != nil {
			return nil, err
		}
		if len(cards) > 0 && stateOf(cards) >= closedState {
			closed = append(closed, month)
		}
	}
	slices.Sort(closed)
	return closed, nil
}

// register makes one registration, as an import of one row would.
func (s *registryServer) register(ctx context.Context, r validated, kind apiv1.ImportKind, from string, p registry.Payload) (*apiv1.Registration, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	release, err := s.g.registering(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	row := registry.Row{Kind: kind, Payload: p}
	if text := row.Since(from, s.g.zoneOf); text != nil {
		return nil, unregistrable("effective_from", from, row.Wrong("", "", text))
	}
	plan, err := s.g.plan(ctx, []registry.Row{row})
	if err != nil {
		return nil, err
	}
	if len(plan.problems) > 0 {
		return nil, unregistrable(plan.problems[0].Column, plan.problems[0].Value, plan.problems[0])
	}
	if err := s.g.carryOut(ctx, plan); err != nil {
		return nil, err
	}
	histories, err := s.g.histories(ctx, kind)
	if err != nil {
		return nil, err
	}
	history := histories[registry.Key(p)]
	at := slices.IndexFunc(history, func(h registry.Stated) bool {
		return !h.Replaced && flow.Time(h.Payload.GetEffectiveFrom()).Equal(flow.Time(p.GetEffectiveFrom()))
	})
	if at < 0 { // it says what is registered from another date on
		at = slices.IndexFunc(history, func(h registry.Stated) bool { return h.Payload == plan.changes[0].Old })
	}
	if at < 0 {
		return nil, later("登记尚未可见，请稍后查看", "what was registered does not show yet; look again in a moment")
	}
	return s.registration(ctx, history[at]), nil
}

func unregistrable(field, value string, p registry.Problem) *problem {
	refusal := trouble(codes.InvalidArgument, "bad_registration", "", "").at(field, value)
	refusal.text = p.Text
	return refusal
}
