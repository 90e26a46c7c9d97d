package gateway

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"buf.build/go/protovalidate"
	"github.com/shopspring/decimal"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/gateway/access"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/scoring"
	"kaohe.dev/services/words"
)

// scoreServer is the ScoreService.
type scoreServer struct {
	apiv1.UnimplementedScoreServiceServer
	g *Gateway
}

// defaultPage is the size of a page when none is asked for.
const defaultPage = 100

// valid checks a request against the contract's field rules.
func (g *Gateway) valid(request proto.Message) error {
	refusal := door.Texts(request)
	if refusal == nil {
		refusal = door.Broken(protovalidate.Validate(request, protovalidate.WithFailFast()))
	}
	if refusal != nil {
		return refused(refusal)
	}
	return nil
}

func unknownUnit(unit string, known []string) *problem {
	near := door.Nearest(unit, known)
	if near != "" {
		return trouble(codes.NotFound, "unknown_unit", "没有登记业务单位 %[1]q，是不是 %[2]q？",
			"no business unit %[1]q is registered; did you mean %[2]q?", unit, near).at("unit", unit)
	}
	return trouble(codes.NotFound, "unknown_unit", "没有登记业务单位 %[1]q；GET /v1/units 列出全部",
		"no business unit %[1]q is registered; GET /v1/units lists them", unit).at("unit", unit)
}

// ListUnits lists the units as they are now.
func (s *scoreServer) ListUnits(context.Context, *apiv1.ListUnitsRequest) (*apiv1.ListUnitsResponse, error) {
	policy, now := s.g.views.Policy(), s.g.opts.Now()
	answer := &apiv1.ListUnitsResponse{}
	for _, id := range policy.Units() {
		r, known := policy.Unit(id, now)
		if !known {
			continue
		}
		answer.Units = append(answer.Units, &apiv1.Unit{
			Unit: id, Name: &factv1.Text{Zh: r.NameZh, En: cmp.Or(r.NameEn, r.NameZh)}, Kind: r.Kind,
			Customers: r.Customers, Zone: policy.Zone(id).String(),
		})
	}
	return answer, nil
}

// ListScorecards gives all units of a month, best first.
func (s *scoreServer) ListScorecards(ctx context.Context, r *apiv1.ListScorecardsRequest) (*apiv1.ListScorecardsResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	cards, err := s.g.views.Scorecards(ctx, r.Month)
	if err != nil {
		return nil, err
	}
	scored := map[string]bool{}
	for _, card := range cards {
		scored[card.Unit] = true
	}
	policy := s.g.views.Policy()
	for _, unit := range policy.Units() {
		if !scored[unit] {
			cards = append(cards, s.g.views.Noted(scoring.Empty(policy, unit, r.Month)))
		}
	}
	cards = slices.DeleteFunc(cards, func(c *ledgerv1.Scorecard) bool { return !access.Sees(ctx, c.Unit) })
	slices.SortFunc(cards, func(a, b *ledgerv1.Scorecard) int {
		return cmp.Or(points(b.Total).Cmp(points(a.Total)), strings.Compare(a.Unit, b.Unit))
	})
	return &apiv1.ListScorecardsResponse{Scorecards: cards}, nil
}

// points reads a decimal of our own making; what is none counts as 0.
func points(text string) decimal.Decimal {
	d, err := decimal.NewFromString(text)
	if err != nil {
		return decimal.Zero
	}
	return d
}

// GetScorecard gives one unit's scorecard, full where nothing was scored yet.
func (s *scoreServer) GetScorecard(ctx context.Context, r *apiv1.GetScorecardRequest) (*ledgerv1.Scorecard, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	card, err := s.g.views.Scorecard(ctx, r.Month, r.Unit)
	if !errors.Is(err, views.ErrNotFound) {
		return card, err
	}
	policy := s.g.views.Policy()
	units := policy.Units()
	if _, known := slices.BinarySearch(units, r.Unit); !known {
		return nil, unknownUnit(r.Unit, units)
	}
	return s.g.views.Noted(scoring.Empty(policy, r.Unit, r.Month)), nil
}

// ListEntries gives a page of a month's ledger.
func (s *scoreServer) ListEntries(ctx context.Context, r *apiv1.ListEntriesRequest) (*apiv1.ListEntriesResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	var after *store.Cursor
	if r.PageToken != "" {
		var err error
		if after, err = store.DecodeCursor(r.PageToken); err != nil {
			return nil, err
		}
	}
	size := cmp.Or(int(r.PageSize), defaultPage)
	filter := views.Filter{Month: r.Month, Unit: r.Unit, Rule: r.Rule, State: r.State, Latest: r.OrderBy == "sequence desc"}
	entries, next, err := s.g.views.Entries(ctx, filter, after, size)
	if err != nil {
		return nil, err
	}
	answer := &apiv1.ListEntriesResponse{Entries: entries}
	if next != nil {
		answer.NextPageToken = next.Encode()
	}
	return answer, nil
}

// ListQuarantine gives a page over all services' quarantines, the door's first.
// A page token is the service and the place in its quarantine.
func (s *scoreServer) ListQuarantine(ctx context.Context, r *apiv1.ListQuarantineRequest) (*apiv1.ListQuarantineResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	services := s.g.quarantining()
	var after *store.Cursor
	if r.PageToken != "" {
		name, token, _ := strings.Cut(r.PageToken, ".")
		at := slices.Index(services, name)
		if at < 0 {
			return nil, store.ErrCursor
		}
		services = services[at:]
		var err error
		if after, err = store.DecodeCursor(token); token != "" && err != nil {
			return nil, err
		}
	}
	size := cmp.Or(int(r.PageSize), defaultPage)
	answer := &apiv1.ListQuarantineResponse{}
	for i, service := range services {
		docs, next, err := s.g.opts.Store.Query(ctx, store.Query{
			Collection: run.Quarantine(service).Name, After: after, Limit: size - len(answer.Items),
		})
		if err != nil {
			return nil, err
		}
		for _, doc := range docs {
			answer.Items = append(answer.Items, quarantined(service, doc))
		}
		after = nil
		switch {
		case next != nil:
			answer.NextPageToken = service + "." + next.Encode()
			return answer, nil
		case len(answer.Items) == size && i+1 < len(services):
			answer.NextPageToken = services[i+1] + "."
			return answer, nil
		}
	}
	return answer, nil
}

// maxInputShown bounds a page: an input can have megabytes.
const maxInputShown = 4 << 10

func quarantined(service string, doc store.Doc) *apiv1.QuarantineItem {
	q := doc.Body.(*statev1.Quarantined)
	return &apiv1.QuarantineItem{
		Id: service + ":" + doc.Key, Service: cmp.Or(q.Service, service), Reason: words.Tell(q.Reason), At: q.At, Input: q.Input[:min(len(q.Input), maxInputShown)], Subject: q.Subject,
		Failed: q.Program != "", Unit: q.Unit, Month: q.Month,
	}
}
