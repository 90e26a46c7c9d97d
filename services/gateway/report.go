package gateway

import (
	"context"
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/report"
)

const (
	// reportsAtOnce is how many reports are made at the same time: each holds the
	// entries it lists.
	reportsAtOnce = 2
	// reportPage is how many entries are read at a time.
	reportPage = 500
)

// reportServer is the ReportService.
type reportServer struct {
	apiv1.UnimplementedReportServiceServer
	g *Gateway
}

// GetReport gives the report of a month.
func (s *reportServer) GetReport(ctx context.Context, r *apiv1.GetReportRequest) (*apiv1.MonthReport, error) {
	return s.g.report(ctx, r)
}

// report makes the report of a month.
func (g *Gateway) report(ctx context.Context, r *apiv1.GetReportRequest) (*apiv1.MonthReport, error) {
	if err := g.valid(r); err != nil {
		return nil, err
	}
	select {
	case g.reports <- struct{}{}:
		defer func() { <-g.reports }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	m := &report.Month{Name: r.Month, Unit: r.Unit, Zone: g.views.Policy().Zone}
	var err error
	if m.Cards, err = g.reportCards(ctx, r); err != nil {
		return nil, err
	}
	if r.Unit != "" && !slices.ContainsFunc(m.Cards, func(c *ledgerv1.Scorecard) bool { return c.Unit == r.Unit }) {
		return nil, unknownUnit(r.Unit, g.views.Policy().Units())
	}
	if err := g.compareWith(ctx, m); err != nil {
		return nil, err
	}
	if err := g.countEntries(ctx, m, r.Entries); err != nil {
		return nil, err
	}
	return m.Report(), nil
}

// reportCards gives the scores of a month that has some: as they stand, or the
// sheets as they were with a correction.
func (g *Gateway) reportCards(ctx context.Context, r *apiv1.GetReportRequest) ([]*ledgerv1.Scorecard, error) {
	if r.Correction != nil {
		return g.sheetsAt(ctx, r.Month, *r.Correction)
	}
	scored, err := g.views.Scorecards(ctx, r.Month)
	if err != nil {
		return nil, err
	}
	if len(scored) == 0 {
		return nil, trouble(codes.NotFound, "no_scores", "%[1]s 没有任何得分；GET /v1/months 列出有得分的月份",
			"nothing was scored in %[1]s; GET /v1/months lists the months with scores", r.Month).at("month", r.Month)
	}
	cards, err := g.monthCards(ctx, r.Month)
	policy := g.views.Policy()
	return slices.DeleteFunc(cards, func(c *ledgerv1.Scorecard) bool {
		_, known := policy.Unit(c.Unit, end(policy.Zone(c.Unit), r.Month).Add(-time.Nanosecond))
		return c.Sequence == 0 && !known // registered later
	}), err
}

// sheetsAt gives each unit's sheet of a closed month with the latest correction
// up to one.
func (g *Gateway) sheetsAt(ctx context.Context, month string, correction int32) ([]*ledgerv1.Scorecard, error) {
	sheets, err := g.views.Sheets(ctx, month, "")
	if err != nil {
		return nil, err
	}
	if len(sheets) == 0 {
		return nil, trouble(codes.FailedPrecondition, "not_closed", "%[1]s 还没有关账，没有更正；请去掉 correction",
			"%[1]s is not closed and has no corrections; leave correction out", month).at("correction", "")
	}
	last, at := int32(0), map[string]*ledgerv1.Scorecard{}
	for _, s := range sheets {
		last = max(last, s.Correction)
		if before := at[s.Unit]; s.Correction <= correction && (before == nil || before.Correction < s.Correction || before.Sequence < s.Sequence && before.Correction == s.Correction) {
			at[s.Unit] = s
		}
	}
	if correction > last {
		return nil, trouble(codes.NotFound, "no_such_correction", "%[1]s 最后一次更正是 %[2]d，没有更正 %[3]d",
			"the last correction of %[1]s is %[2]d, there is no correction %[3]d", month, last, correction).at("correction", "")
	}
	var cards []*ledgerv1.Scorecard
	for _, s := range at {
		cards = append(cards, s)
	}
	return cards, nil
}

// compareWith reads the months that a month is compared with.
func (g *Gateway) compareWith(ctx context.Context, m *report.Month) (err error) {
	lastMonth, lastYear := report.Before(m.Name)
	if m.LastMonth, err = g.views.Scorecards(ctx, lastMonth); err != nil {
		return err
	}
	m.LastYear, err = g.views.Scorecards(ctx, lastYear)
	return err
}

// countEntries counts what the sheets add up: what the ledger had up to their
// places in it and had not taken back by then. The newest come first, so that a
// reversal is met before what it takes back.
func (g *Gateway) countEntries(ctx context.Context, m *report.Month, list bool) error {
	upTo := map[string]uint64{}
	for _, card := range m.Cards {
		upTo[card.Unit] = card.Sequence
	}
	reversed := map[string]bool{}
	filter := views.Filter{Month: m.Name, Unit: m.Unit, Latest: true}
	entries, after, err := g.views.Entries(ctx, filter, nil, reportPage)
	for ; err == nil; entries, after, err = g.views.Entries(ctx, filter, after, reportPage) {
		for _, e := range entries {
			switch {
			case e.Sequence > upTo[e.Unit]:
			case e.Type == ledgerv1.EntryType_ENTRY_TYPE_REVERSAL:
				reversed[e.Reverses] = true
			case !reversed[e.Id]:
				m.Count(e, list)
			}
		}
		if after == nil {
			return nil
		}
	}
	return err
}
