package gateway

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/replay"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/whatif"
)

const (
	// mostMonths is how many months a trial may have.
	mostMonths = 36
	// changesAtOnce is how many changes a message holds.
	changesAtOnce = 500
)

// whatIfServer is the WhatIfService.
type whatIfServer struct {
	apiv1.UnimplementedWhatIfServiceServer
	g *Gateway
}

// WhatIf judges months by another rulebook.
func (s *whatIfServer) WhatIf(r *apiv1.WhatIfRequest, stream grpc.ServerStreamingServer[apiv1.WhatIfResponse]) error {
	return s.g.whatIf(stream.Context(), r, stream.Send)
}

// trial is one question of what if.
type trial struct {
	g      *Gateway
	asked  *apiv1.WhatIfRequest
	window replay.Window
	send   func(*apiv1.WhatIfResponse) error
	passed views.Passed
	events int64
}

// whatIf answers one question after the other: each reads the whole log.
func (g *Gateway) whatIf(ctx context.Context, r *apiv1.WhatIfRequest, send func(*apiv1.WhatIfResponse) error) error {
	if err := g.valid(r); err != nil {
		return err
	}
	t := &trial{g: g, asked: r, send: send, window: replay.Window{From: r.From, To: r.To, Unit: r.Unit}}
	if err := g.views.AwaitPolicy(ctx); err != nil {
		return err
	}
	if err := t.check(); err != nil {
		return err
	}
	select {
	case g.trying <- struct{}{}:
		defer func() { <-g.trying }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return t.run(ctx)
}

// check refuses what cannot be tried before the log is read.
func (t *trial) check() error {
	months := whatif.Months(t.asked.From, t.asked.To)
	if len(months) == 0 {
		return trouble(codes.InvalidArgument, "months_reversed", "from %[1]s 晚于 to %[2]s，请对调", "from %[1]s is after to %[2]s; exchange them",
			t.asked.From, t.asked.To).at("to", t.asked.To)
	}
	if len(months) > mostMonths {
		return trouble(codes.InvalidArgument, "too_many_months", "一次最多试算 %[1]d 个月，请求了 %[2]d 个，请分次",
			"at most %[1]d months are tried at once, not %[2]d; ask for fewer", mostMonths, len(months)).at("to", t.asked.To)
	}
	if _, err := t.rulebook(t.g.views.Policy()); err != nil {
		return err
	}
	units := t.g.views.Policy().Units()
	if _, known := t.g.views.Policy().Unit(t.asked.Unit, t.g.opts.Now()); t.asked.Unit != "" && !known {
		return unknownUnit(t.asked.Unit, units)
	}
	return nil
}

// rulebook is what is to be tried.
func (t *trial) rulebook(policy *rulebook.Policy) (*rulebook.Rulebook, error) {
	if yaml := t.asked.GetYaml(); yaml != "" {
		return loaded("yaml", yaml)
	}
	for _, b := range policy.Books() {
		if b.Version == t.asked.GetVersion() {
			return b, nil
		}
	}
	return nil, unknownVersion("version", t.asked.GetVersion(), policy.Books())
}

func (t *trial) run(ctx context.Context) error {
	recorded, err := t.record(ctx)
	if err != nil {
		return err
	}
	book, err := t.rulebook(recorded.Policy)
	if err != nil {
		return err
	}
	both, err := recorded.Both(ctx, book, t.window)
	if err != nil {
		return err
	}
	summary, err := t.tell(whatif.Compare(both, t.window))
	if err != nil {
		return err
	}
	summary.Version, summary.AsOf, summary.Events = book.Version, t.passed.To, int64(recorded.Events)
	summary.OldProblems, summary.NewProblems = both.Old.Problems, both.New.Problems
	summary.Notes = whatif.Notes(recorded.Policy, book, t.window)
	for _, month := range whatif.Months(t.window.From, t.window.To) {
		summary.Hashes = append(summary.Hashes, &apiv1.WhatIfHashes{Month: month, Old: both.Old.Hash(month), New: both.New.Hash(month)})
	}
	return t.send(&apiv1.WhatIfResponse{Told: &apiv1.WhatIfResponse_Summary{Summary: summary}})
}

// record reads the log up to a barrier: all that is decided, and no more.
func (t *trial) record(ctx context.Context) (*replay.Recorded, error) {
	var err error
	if t.passed, err = t.g.awaitNow(ctx); err != nil {
		return nil, err
	}
	var events []*feedv1.Event
	err = t.g.readFeed(ctx, t.passed.FeedSequence, func(more []*feedv1.Event, at uint64) error {
		told := t.events / progressEvery
		events = append(events, more...)
		if t.events = int64(len(events)); t.events/progressEvery == told {
			return nil
		}
		return t.progress(estimate(t.events, at, t.passed.FeedSequence))
	})
	if err != nil {
		return nil, err
	}
	return replay.Record(ctx, t.g.opts.Services, events, t.passed.To.AsTime(), func(int) {
		// The caller sees that it goes on; when he is gone, so is the context.
		_ = t.progress(t.events)
	})
}

func (t *trial) progress(total int64) error {
	return t.send(&apiv1.WhatIfResponse{Told: &apiv1.WhatIfResponse_Progress{
		Progress: &apiv1.WhatIfProgress{EventsRead: t.events, EventsTotal: total},
	}})
}

// tell tells the months and counts them.
func (t *trial) tell(c *whatif.Comparison) (*apiv1.WhatIfSummary, error) {
	summary := &apiv1.WhatIfSummary{}
	for _, m := range c.Months {
		month := monthOf(m)
		summary.Months++
		summary.Vanish, summary.Appear, summary.Change = summary.Vanish+month.Vanish, summary.Appear+month.Appear, summary.Change+month.Change
		if !m.Difference.IsZero() {
			summary.MonthsChanged++
		}
		if err := t.send(&apiv1.WhatIfResponse{Told: &apiv1.WhatIfResponse_Month{Month: month}}); err != nil {
			return nil, err
		}
		if err := t.changes(m); err != nil {
			return nil, err
		}
	}
	return summary, nil
}

// changes tells a month's entries that differ, if they were asked for.
func (t *trial) changes(m *whatif.Month) error {
	if !t.asked.Entries {
		return nil
	}
	for from := 0; from < len(m.Changes); from += changesAtOnce {
		next := &apiv1.WhatIfChanges{Unit: m.Unit, Month: m.Month}
		for _, c := range m.Changes[from:min(from+changesAtOnce, len(m.Changes))] {
			next.Changes = append(next.Changes, &apiv1.WhatIfChange{Kind: kindOf(c), Old: c.Old, New: c.New, Why: c.Why})
		}
		if err := t.send(&apiv1.WhatIfResponse{Told: &apiv1.WhatIfResponse_Changes{Changes: next}}); err != nil {
			return err
		}
	}
	return nil
}

func kindOf(c whatif.Change) apiv1.WhatIfKind {
	switch {
	case c.New == nil:
		return apiv1.WhatIfKind_WHAT_IF_KIND_VANISH
	case c.Old == nil:
		return apiv1.WhatIfKind_WHAT_IF_KIND_APPEAR
	}
	return apiv1.WhatIfKind_WHAT_IF_KIND_CHANGE
}

func monthOf(m *whatif.Month) *apiv1.WhatIfMonth {
	month := &apiv1.WhatIfMonth{
		Unit: m.Unit, Month: m.Month, Name: m.Old.Name, Old: m.Old, New: m.New, Difference: m.Difference.StringFixed(2),
	}
	for _, i := range m.Items {
		month.Items = append(month.Items, &apiv1.WhatIfItem{
			Part: i.Part, Item: i.ID(), Label: i.Label(), Old: i.Old, New: i.New, Difference: i.Difference.StringFixed(2),
		})
	}
	month.Vanish, month.Appear, month.Change = m.Counts()
	return month
}
