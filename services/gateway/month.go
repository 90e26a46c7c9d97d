package gateway

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/period"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
)

// monthServer is the MonthService. Every call that decides waits until all that
// came before is decided, so that what it checks is what it closes.
type monthServer struct {
	apiv1.UnimplementedMonthServiceServer
	g *Gateway
}

// GetMonth tells where a month stands.
func (s *monthServer) GetMonth(ctx context.Context, r *apiv1.GetMonthRequest) (*apiv1.MonthStatus, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	return s.g.month(ctx, r.Month)
}

// matters is where a month stands, and what that was counted from.
type matters struct {
	status       *apiv1.MonthStatus
	objections   []*ledgerv1.Objection
	restatements []*ledgerv1.Restatement
}

// month gathers where a month stands.
func (g *Gateway) month(ctx context.Context, month string) (*apiv1.MonthStatus, error) {
	m, err := g.matters(ctx, month)
	return m.status, err
}

func (g *Gateway) matters(ctx context.Context, month string) (matters, error) {
	cards, err := g.monthCards(ctx, month)
	objections, err2 := g.views.Objections(ctx, month, "")
	restatements, err3 := g.views.Restatements(ctx, month)
	awaited, err4 := g.views.Awaited(ctx, month)
	if err := errors.Join(err, err2, err3, err4); err != nil {
		return matters{}, err
	}
	slices.SortStableFunc(awaited, func(a, b *ledgerv1.Awaited) int { return flow.Time(a.Since).Compare(flow.Time(b.Since)) })
	policy := g.views.Policy()
	status := &apiv1.MonthStatus{Awaited: awaited, Month: month, Units: cards, State: stateOf(cards), Missing: missing(cards)}
	status.Restatements = int32(len(restatements)) //nolint:gosec // as many as units
	for _, o := range objections {
		if waits(o) {
			status.Objections++
		}
	}
	by := publishBy(policy, month)
	status.OverAt, status.PublishBy = flow.At(overAt(policy, month)), flow.At(by)
	status.Late = status.State < ledgerv1.MonthState_MONTH_STATE_PUBLISHED && !g.opts.Now().Before(by) && len(cards) > 0
	return matters{status, objections, restatements}, nil
}

// monthCards gives the scores of all units in a month, best first.
func (g *Gateway) monthCards(ctx context.Context, month string) ([]*ledgerv1.Scorecard, error) {
	cards, err := g.views.Scorecards(ctx, month)
	if err != nil {
		return nil, err
	}
	policy := g.views.Policy()
	for _, unit := range policy.Units() {
		if !slices.ContainsFunc(cards, func(c *ledgerv1.Scorecard) bool { return c.Unit == unit }) {
			cards = append(cards, g.views.Noted(scoring.Empty(policy, unit, month)))
		}
	}
	slices.SortFunc(cards, func(a, b *ledgerv1.Scorecard) int {
		return cmp.Or(points(b.Total).Cmp(points(a.Total)), strings.Compare(a.Unit, b.Unit))
	})
	return cards, nil
}

// stateOf is the earliest state of a month's units.
func stateOf(cards []*ledgerv1.Scorecard) ledgerv1.MonthState {
	state := ledgerv1.MonthState_MONTH_STATE_PUBLISHED
	for _, card := range cards {
		state = min(state, max(card.State, ledgerv1.MonthState_MONTH_STATE_OPEN))
	}
	if len(cards) == 0 {
		return ledgerv1.MonthState_MONTH_STATE_OPEN
	}
	return state
}

func missing(cards []*ledgerv1.Scorecard) []*apiv1.MissingItem {
	var items []*apiv1.MissingItem
	for _, card := range cards {
		for _, part := range card.Parts {
			for _, item := range part.Items {
				if item.Provisional {
					items = append(items, &apiv1.MissingItem{Unit: card.Unit, Item: item.Item, Label: item.Label})
				}
			}
		}
	}
	return items
}

// publishBy is until when a month has to be published of every unit.
func publishBy(policy *rulebook.Policy, month string) time.Time {
	by := scoring.PublishBy(policy, "", month)
	for _, unit := range policy.Units() {
		if at := scoring.PublishBy(policy, unit, month); at.After(by) {
			by = at
		}
	}
	return by
}

// overAt is when a month has ended for every unit.
func overAt(policy *rulebook.Policy, month string) time.Time {
	over := end(policy.Zone(""), month)
	for _, unit := range policy.Units() {
		if at := end(policy.Zone(unit), month); at.After(over) {
			over = at
		}
	}
	return over
}

func end(zone *time.Location, month string) time.Time {
	in, err := period.ParseMonth(month)
	if err != nil {
		return time.Time{} // the contract refuses it
	}
	return in.End(zone)
}

// StartClosing begins to close a month.
func (s *monthServer) StartClosing(ctx context.Context, r *apiv1.StartClosingRequest) (*apiv1.MonthStatus, error) {
	status, err := s.check(ctx, r, r.Month)
	if err != nil {
		return nil, err
	}
	if status.State >= ledgerv1.MonthState_MONTH_STATE_CLOSED {
		return nil, alreadyClosed(r.Month)
	}
	return s.decide(ctx, r.Month, &feedv1.Event{Payload: &feedv1.Event_MonthClosingStarted{
		MonthClosingStarted: &feedv1.MonthClosingStarted{Month: r.Month, Person: person(ctx)},
	}})
}

// CloseMonth closes a month.
func (s *monthServer) CloseMonth(ctx context.Context, r *apiv1.CloseMonthRequest) (*apiv1.MonthStatus, error) {
	status, err := s.check(ctx, r, r.Month)
	if err != nil {
		return nil, err
	}
	if status.State >= ledgerv1.MonthState_MONTH_STATE_CLOSED {
		return nil, alreadyClosed(r.Month)
	}
	if n := len(status.Missing); n > 0 {
		first := status.Missing[0]
		return nil, trouble(codes.FailedPrecondition, "items_missing",
			"%[1]s 还有 %[2]d 个项目未评定，不能关账，例如 %[3]s 的 %[4]s %[5]s。请评定或免评（附理由）；GET /v1/months/%[1]s/status 列出全部",
			"%[1]s has %[2]d items that are neither assessed nor waived and cannot be closed, for example %[4]s (%[6]s) of %[3]s. Assess or waive them with a reason; GET /v1/months/%[1]s/status lists them",
			r.Month, n, first.Unit, first.Item, first.Label.GetZh(), first.Label.GetEn()).at("month", r.Month)
	}
	return s.decide(ctx, r.Month, &feedv1.Event{Payload: &feedv1.Event_MonthClosed{
		MonthClosed: &feedv1.MonthClosed{Month: r.Month, Person: person(ctx)},
	}})
}

// PublishMonth publishes a closed month.
func (s *monthServer) PublishMonth(ctx context.Context, r *apiv1.PublishMonthRequest) (*apiv1.MonthStatus, error) {
	status, err := s.check(ctx, r, r.Month)
	switch {
	case err != nil:
		return nil, err
	case status.State == ledgerv1.MonthState_MONTH_STATE_PUBLISHED:
		return nil, trouble(codes.FailedPrecondition, "already_published", "%[1]s 已经公布；更正请通过更正或异议办理",
			"%[1]s is published already; what is wrong is corrected by a restatement or an objection", r.Month).at("month", r.Month)
	case status.State != ledgerv1.MonthState_MONTH_STATE_CLOSED:
		return nil, trouble(codes.FailedPrecondition, "not_closed", "%[1]s 还没有关账，请先 POST /v1/months/%[1]s/closure",
			"%[1]s is not closed; close it first with POST /v1/months/%[1]s/closure", r.Month).at("month", r.Month)
	}
	return s.decide(ctx, r.Month, &feedv1.Event{Payload: &feedv1.Event_MonthPublished{
		MonthPublished: &feedv1.MonthPublished{Month: r.Month, Person: person(ctx)},
	}})
}

func alreadyClosed(month string) error {
	return trouble(codes.FailedPrecondition, "already_closed", "%[1]s 已经关账", "%[1]s is closed already", month).at("month", month)
}

// check waits until all that came before is decided, and gives where a month
// stands that is over.
func (s *monthServer) check(ctx context.Context, r interface{ GetMonth() string }, month string) (*apiv1.MonthStatus, error) {
	if over := overAt(s.g.views.Policy(), month); s.g.opts.Now().Before(over) {
		return nil, trouble(codes.FailedPrecondition, "month_not_over", "%[1]s 要到 %[2]s 才结束，之后才能办理",
			"%[1]s ends at %[2]s; come again after that", month, over.Format("2006-01-02 15:04 MST")).at("month", r.GetMonth())
	}
	if _, err := s.g.awaitNow(ctx); err != nil {
		return nil, err
	}
	return s.g.month(ctx, month)
}

// decide sends a decision about a month and gives where it stands then.
func (s *monthServer) decide(ctx context.Context, month string, e *feedv1.Event) (*apiv1.MonthStatus, error) {
	if err := s.g.tell(ctx, e); err != nil {
		return nil, err
	}
	return s.g.month(ctx, month)
}

// ListSheets gives the sheets of a closed month.
func (s *monthServer) ListSheets(ctx context.Context, r *apiv1.ListSheetsRequest) (*apiv1.ListSheetsResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	sheets, err := s.g.views.Sheets(ctx, r.Month, r.Unit)
	slices.SortStableFunc(sheets, func(a, b *ledgerv1.Scorecard) int {
		return cmp.Or(strings.Compare(a.Unit, b.Unit), cmp.Compare(a.Correction, b.Correction))
	})
	return &apiv1.ListSheetsResponse{Sheets: sheets}, err
}

// ListRestatements gives what came late about a closed month.
func (s *monthServer) ListRestatements(ctx context.Context, r *apiv1.ListRestatementsRequest) (*apiv1.ListRestatementsResponse, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	found, err := s.g.views.Restatements(ctx, r.Month)
	return &apiv1.ListRestatementsResponse{Restatements: found}, err
}

// DecideRestatement approves or refuses what came late.
func (s *monthServer) DecideRestatement(ctx context.Context, r *apiv1.DecideRestatementRequest) (*apiv1.MonthStatus, error) {
	if err := s.g.valid(r); err != nil {
		return nil, err
	}
	if _, err := s.g.awaitNow(ctx); err != nil {
		return nil, err
	}
	waiting, err := s.g.views.Restatements(ctx, r.Month)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(waiting, func(w *ledgerv1.Restatement) bool { return w.Unit == r.Unit }) {
		return nil, trouble(codes.FailedPrecondition, "nothing_waits", "%[1]s 的 %[2]s 没有待更正的内容", "nothing waits to be restated in %[2]s of %[1]s", r.Unit, r.Month).at("unit", r.Unit)
	}
	return s.decide(ctx, r.Month, &feedv1.Event{Payload: &feedv1.Event_RestatementDecided{RestatementDecided: &feedv1.RestatementDecided{
		Unit: r.Unit, Month: r.Month, Approved: r.Approved, Person: person(ctx), Reason: r.Reason,
	}}})
}
