package gateway

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
)

// quotaServer is the QuotaService.
type quotaServer struct {
	apiv1.UnimplementedQuotaServiceServer
	g *Gateway
}

// maxQuotaTickets is how many tickets are listed at most: whoever has more to
// look through begins with the latest.
const maxQuotaTickets = 500

// GetQuota looks ahead to a unit's cliff.
func (s *quotaServer) GetQuota(ctx context.Context, r *apiv1.GetQuotaRequest) (*apiv1.GetQuotaResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	policy := s.g.views.Policy()
	if _, known := slices.BinarySearch(policy.Units(), r.Unit); !known {
		return nil, unknownUnit(r.Unit, policy.Units())
	}
	m, err := s.month(ctx, r.Unit, r.Month)
	if err != nil {
		return nil, err
	}
	asOf := flow.Time(m.AsOf)
	if m.Clock == "" {
		asOf = s.g.opts.Now()
	}
	faults, err := s.faults(ctx, r.Unit, r.Month)
	if err != nil {
		return nil, err
	}
	answer := &apiv1.GetQuotaResponse{Quota: scoring.QuotaOf(policy, m, asOf), AsOf: flow.At(asOf)}
	answer.Tickets, answer.More, err = s.undecided(ctx, policy, faults)
	return answer, err
}

// collection is where scoring keeps the documents of a unit.
func (s *quotaServer) collection(unit string) string {
	m, parts := scoring.New(), s.g.opts.Partitions
	return run.Docs(run.PartName(m.Name(), run.PartOf(m, scoring.MonthKey(unit, ""), parts), parts), nil).Name
}

// month gives what scoring knows of a unit's month.
func (s *quotaServer) month(ctx context.Context, unit, month string) (*statev1.UnitMonth, error) {
	docs, err := s.g.opts.Store.Load(ctx, s.collection(unit), []string{scoring.MonthKey(unit, month)})
	if err != nil {
		return nil, fmt.Errorf("load the counts of %s in %s: %w", unit, month, err)
	}
	for _, doc := range docs {
		if m := doc.Body.(*statev1.ScoringState).GetMonth(); m != nil {
			return m, nil
		}
	}
	return &statev1.UnitMonth{Unit: unit, Month: month}, nil
}

// faults gives the faults that count in a unit's month, the latest first.
func (s *quotaServer) faults(ctx context.Context, unit, month string) ([]*factv1.Fact, error) {
	var counted []*factv1.Fact
	query := store.Query{Collection: s.collection(unit), Prefix: scoring.FaultPrefix(unit)}
	for {
		docs, next, err := s.g.opts.Store.Query(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("list the faults of %s: %w", unit, err)
		}
		for _, doc := range docs {
			if a := doc.Body.(*statev1.ScoringState).GetAccount(); a.GetCounted() && a.Month == month {
				counted = append(counted, a.Fact)
			}
		}
		if query.After = next; next == nil {
			break
		}
	}
	slices.SortFunc(counted, func(a, b *factv1.Fact) int {
		return cmp.Or(flow.Time(b.OccurredAt).Compare(flow.Time(a.OccurredAt)), strings.Compare(a.Id, b.Id))
	})
	return counted, nil
}

// undecided gives the faults that may still be cancelled or merged.
func (s *quotaServer) undecided(ctx context.Context, policy *rulebook.Policy, faults []*factv1.Fact) (tickets []*apiv1.QuotaTicket, more bool, err error) {
	repeats := repeated(policy, faults)
	for chunk := range slices.Chunk(faults, maxQuotaTickets) {
		open, err := s.open(ctx, policy, chunk)
		if err != nil {
			return nil, false, err
		}
		for _, f := range chunk {
			ticket := f.Route.GetTicket()
			if !open[ticket] && repeats[ticket] == "" {
				continue
			}
			if len(tickets) == maxQuotaTickets {
				return tickets, true, nil
			}
			tickets = append(tickets, &apiv1.QuotaTicket{
				Ticket: ticket, Category: f.Route.GetCategory(), OpenedAt: f.OccurredAt, Open: open[ticket], Repeats: repeats[ticket],
			})
		}
	}
	return tickets, false, nil
}

// open tells the tickets whose work is not completed.
func (s *quotaServer) open(ctx context.Context, policy *rulebook.Policy, faults []*factv1.Fact) (map[string]bool, error) {
	keys := map[string]bool{}
	for _, f := range faults {
		keys["ticket/"+f.Route.GetTicket()] = true
	}
	dossiers, err := (&scoreServer{g: s.g}).dossiers(ctx, keys)
	if err != nil {
		return nil, err
	}
	open, service := map[string]bool{}, ingest.Service()
	for _, d := range dossiers {
		key := service.Keys(d.Known[0])[0]
		decided := service.Decide(policy, flow.Case{Key: key, Facts: flow.Holding(d.Known), AsOf: flow.Time(d.AsOf)})
		for _, f := range decided.Facts {
			if record := f.GetTicketRecorded(); len(record.GetCycles()) > 0 {
				last := record.Cycles[len(record.Cycles)-1]
				open[record.Ticket] = last.CompletedAt == nil && last.ClosedAt == nil
			}
		}
	}
	return open, nil
}

// repeated gives for each fault the counted one before it of the same customer
// and category, where that is no longer ago than what makes a report rework.
func repeated(policy *rulebook.Policy, latestFirst []*factv1.Fact) map[string]string {
	repeats, before := map[string]string{}, map[string]*factv1.Fact{}
	for _, f := range slices.Backward(latestFirst) {
		key, at := f.Route.GetCustomer()+"\x00"+f.Route.GetCategory(), flow.Time(f.OccurredAt)
		if earlier := before[key]; earlier != nil && f.Route.GetCustomer() != "" && within(policy, f, earlier, at) {
			repeats[f.Route.GetTicket()] = earlier.Route.GetTicket()
		}
		before[key] = f
	}
	return repeats
}

func within(policy *rulebook.Policy, f, earlier *factv1.Fact, at time.Time) bool {
	return at.Sub(flow.Time(earlier.OccurredAt)) <= policy.For(f.Route.GetUnit(), at).Limits.Rework
}
