package gateway

import (
	"cmp"
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/gateway/access"
	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/replay"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/whatif"
	"kaohe.dev/services/words"
)

const (
	// mostMonths is how many months a trial may have.
	mostMonths = 36
	// changesAtOnce is how many changes a message holds.
	changesAtOnce = 500
	// answersAtOnce is how many trials may wait, run or be read, and answersOfOne
	// how many of one caller: an answer of three years has tens of megabytes.
	answersAtOnce, answersOfOne = 8, 3
	// answerWithin is how long its answer may take to be read: it is kept until
	// then.
	answerWithin = 5 * time.Minute
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
	told   *progress
	passed views.Passed
	events int64
	answer []*apiv1.WhatIfResponse
}

// whatIf answers one question after the other: each reads the whole log. The
// answer is sent when the next may have his turn: who reads slowly, or not at
// all, keeps nobody waiting.
func (g *Gateway) whatIf(ctx context.Context, r *apiv1.WhatIfRequest, send func(*apiv1.WhatIfResponse) error) error {
	if err := g.valid(r); err != nil {
		return err
	}
	t := &trial{g: g, asked: r, window: replay.Window{From: r.From, To: r.To, Unit: r.Unit}}
	if err := g.views.AwaitPolicy(ctx); err != nil {
		return err
	}
	if err := t.check(); err != nil {
		return err
	}
	leave, ok := g.answers.Enter(access.Of(ctx).ID)
	if !ok {
		return tooManyTrials()
	}
	defer leave()
	if err := t.try(ctx, send); err != nil {
		return err
	}
	for end := time.Now().Add(answerWithin); len(t.answer) > 0; {
		if time.Now().After(end) {
			return errSlow()
		}
		if err := send(t.answer[0]); err != nil {
			return err
		}
		t.answer = t.answer[1:]
	}
	return nil
}

func tooManyTrials() *problem {
	p := trouble(codes.ResourceExhausted, "too_many_trials", "正在试算或尚未读完的试算过多（每个令牌至多 %[1]d 个），请稍后重试",
		"there are too many trials that wait, run or are being read (at most %[1]d of a token); try again in a moment", answersOfOne)
	p.retry = heartbeat
	return p
}

// try has its turn and makes the answer.
func (t *trial) try(ctx context.Context, send func(*apiv1.WhatIfResponse) error) error {
	select {
	case t.g.trying <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	release := sync.OnceFunc(func() { <-t.g.trying })
	defer release()
	t.told = tellProgress(send)
	err := t.run(ctx)
	release()
	return cmp.Or(t.told.end(), err)
}

// progress tells the newest progress while its reader reads, and skips what he
// does not.
type progress struct {
	newest chan *apiv1.WhatIfResponse
	ended  chan error
}

func tellProgress(send func(*apiv1.WhatIfResponse) error) *progress {
	p := &progress{make(chan *apiv1.WhatIfResponse, 1), make(chan error, 1)}
	go func() {
		var failed error
		for m := range p.newest {
			if failed == nil {
				failed = send(m)
			}
		}
		p.ended <- failed
	}()
	return p
}

// tell tells, unless the reader has still to read what was told before. It is
// called by one goroutine at a time.
func (p *progress) tell(m *apiv1.WhatIfResponse) {
	select {
	case p.newest <- m:
	default:
	}
}

// end waits until what was told is sent, and gives what went wrong with it.
func (p *progress) end() error {
	close(p.newest)
	return <-p.ended
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
	summary := t.tell(whatif.Compare(both, t.window))
	summary.Version, summary.AsOf, summary.Events = book.Version, t.passed.To, int64(recorded.Events)
	summary.OldProblems, summary.NewProblems = both.Old.Problems, both.New.Problems
	summary.Notes = whatif.Notes(recorded.Policy, book, t.window)
	for _, month := range whatif.Months(t.window.From, t.window.To) {
		summary.Hashes = append(summary.Hashes, &apiv1.WhatIfHashes{Month: month, Old: both.Old.Hash(month), New: both.New.Hash(month)})
	}
	t.tells(&apiv1.WhatIfResponse{Told: &apiv1.WhatIfResponse_Summary{Summary: summary}})
	return nil
}

// record reads the log up to a barrier: all that is decided, and no more.
func (t *trial) record(ctx context.Context) (*replay.Recorded, error) {
	var err error
	if t.passed, err = t.g.awaitNow(ctx); err != nil {
		return nil, err
	}
	var events []*feedv1.Event
	_, err = t.g.readFeed(ctx, t.passed.FeedSequence, func(more []*feedv1.Event, at uint64) error {
		told := t.events / progressEvery
		events = append(events, more...)
		if t.events = int64(len(events)); t.events/progressEvery == told {
			return nil
		}
		t.progress(estimate(t.events, at, t.passed.FeedSequence))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return replay.Record(ctx, t.g.opts.Services, events, t.passed.To.AsTime(), func(int) {
		t.progress(t.events)
	})
}

func (t *trial) progress(total int64) {
	t.told.tell(&apiv1.WhatIfResponse{Told: &apiv1.WhatIfResponse_Progress{
		Progress: &apiv1.WhatIfProgress{EventsRead: t.events, EventsTotal: total},
	}})
}

func (t *trial) tells(m *apiv1.WhatIfResponse) { t.answer = append(t.answer, m) }

// tell tells the months and counts them.
func (t *trial) tell(c *whatif.Comparison) *apiv1.WhatIfSummary {
	summary := &apiv1.WhatIfSummary{}
	for _, m := range c.Months {
		month := monthOf(m)
		summary.Months++
		summary.Vanish, summary.Appear, summary.Change = summary.Vanish+month.Vanish, summary.Appear+month.Appear, summary.Change+month.Change
		if !m.Difference.IsZero() {
			summary.MonthsChanged++
		}
		t.tells(&apiv1.WhatIfResponse{Told: &apiv1.WhatIfResponse_Month{Month: month}})
		t.changes(m)
	}
	return summary
}

// changes tells a month's entries that differ, if they were asked for.
func (t *trial) changes(m *whatif.Month) {
	if !t.asked.Entries {
		return
	}
	for from := 0; from < len(m.Changes); from += changesAtOnce {
		next := &apiv1.WhatIfChanges{Unit: m.Unit, Month: m.Month}
		for _, c := range m.Changes[from:min(from+changesAtOnce, len(m.Changes))] {
			next.Changes = append(next.Changes, &apiv1.WhatIfChange{Kind: kindOf(c), Old: words.Tell(c.Old), New: words.Tell(c.New), Why: c.Why})
		}
		t.tells(&apiv1.WhatIfResponse{Told: &apiv1.WhatIfResponse_Changes{Changes: next}})
	}
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
