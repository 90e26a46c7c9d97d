package gateway

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"google.golang.org/grpc"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/replay"
	"kaohe.dev/services/scoring"
)

const (
	// verifyTries is how often a month is compared anew when events came in
	// meanwhile that one side knows already.
	verifyTries = 3
	// maxDifferences is how many lines a result tells.
	maxDifferences = 100
	// progressEvery is how many events lie between two messages.
	progressEvery = 10_000
)

// VerifyMonth recomputes a month from the feed up to a barrier and compares it
// with the live ledger as it was at that barrier.
func (s *scoreServer) VerifyMonth(r *apiv1.VerifyMonthRequest, stream grpc.ServerStreamingServer[apiv1.VerifyMonthResponse]) error {
	if err := s.g.valid(r); err != nil {
		return err
	}
	ctx := stream.Context()
	if err := s.g.record(ctx, "VerifyMonth", r.Month, ""); err != nil {
		return err
	}
	for try := 1; ; try++ {
		v := verification{g: s.g, month: r.Month, send: stream.Send}
		result, err := v.run(ctx)
		if err != nil {
			return err
		}
		if !result.Same && try < verifyTries {
			last, err := s.g.opts.Bus.Last(ctx, bus.Feed)
			if err != nil {
				return err
			}
			if last > v.passed.FeedSequence {
				continue // events came meanwhile
			}
		}
		return stream.Send(&apiv1.VerifyMonthResponse{EventsRead: v.events, EventsTotal: v.events, Result: result})
	}
}

// verification is one comparison.
type verification struct {
	g      *Gateway
	month  string
	send   func(*apiv1.VerifyMonthResponse) error
	passed views.Passed
	events int64 // of the feed up to the barrier
	log    *apiv1.LogState
}

func (v *verification) run(ctx context.Context) (*apiv1.VerifyResult, error) {
	var err error
	if v.passed, err = v.g.awaitNow(ctx); err != nil {
		return nil, err
	}
	events, err := v.read(ctx)
	if err != nil {
		return nil, err
	}
	asOf := v.passed.To
	folded, err := replay.Fold(ctx, v.g.opts.Services, events, asOf.AsTime(), func(int) {
		// The caller sees that it goes on; when he is gone, so is the context.
		_ = v.progress(v.passed.FeedSequence)
	})
	if err != nil {
		return nil, err
	}
	live, err := v.live(ctx)
	if err != nil {
		return nil, err
	}
	result := compare(live, folded.Entries(v.month), func(e *ledgerv1.Entry) bool {
		return e.OccurredAt.AsTime().After(asOf.AsTime())
	})
	result.Log = v.log
	result.LeftOut, err = v.leftOut(ctx, folded.Problems)
	return result, err
}

// leftOut tells what the log's side left out, and what services did.
func (v *verification) leftOut(ctx context.Context, problems []string) ([]string, error) {
	var lines []string
	for _, problem := range problems {
		lines = append(lines, "+"+problem)
	}
	for _, service := range v.g.quarantining()[1:] {
		failed, err := run.FailedAbout(ctx, v.g.opts.Store, service)
		if err != nil {
			return nil, err
		}
		for about, n := range failed {
			if about.Month == v.month {
				lines = append(lines, fmt.Sprintf("-%s set %d inputs aside about %s", service, n, cmp.Or(about.Unit, "an unknown unit")))
			}
		}
	}
	slices.Sort(lines)
	return lines[:min(len(lines), maxDifferences)], nil
}

func (v *verification) progress(at uint64) error {
	return v.send(&apiv1.VerifyMonthResponse{EventsRead: v.events, EventsTotal: estimate(v.events, at, v.passed.FeedSequence)})
}

// read gives the events of the feed up to the barrier.
func (v *verification) read(ctx context.Context) (events []*feedv1.Event, err error) {
	v.log, err = v.g.readFeed(ctx, v.passed.FeedSequence, func(more []*feedv1.Event, at uint64) error {
		told := v.events / progressEvery
		events = append(events, more...)
		if v.events = int64(len(events)); v.events/progressEvery == told {
			return nil
		}
		return v.progress(at)
	})
	return events, err
}

// live gives the entries that were active at the barrier's place in the ledger.
func (v *verification) live(ctx context.Context) ([]*ledgerv1.Entry, error) {
	postings, reversed := []*ledgerv1.Entry{}, map[string]bool{}
	filter := views.Filter{Month: v.month, UpTo: v.passed.Sequence}
	entries, after, err := v.g.views.Entries(ctx, filter, nil, progressEvery)
	for ; err == nil; entries, after, err = v.g.views.Entries(ctx, filter, after, progressEvery) {
		for _, e := range entries {
			if e.Type == ledgerv1.EntryType_ENTRY_TYPE_REVERSAL {
				reversed[e.Reverses] = true
				continue
			}
			postings = append(postings, e)
		}
		if after == nil {
			break
		}
	}
	return slices.DeleteFunc(postings, func(e *ledgerv1.Entry) bool { return reversed[e.Id] }), err
}

// compare compares two sets of entries by what they say. Later tells what
// happened after the instant of the comparison: a deadline that fell due
// between the marker and its arrival, which the log side cannot have.
func compare(live, log []*ledgerv1.Entry, later func(*ledgerv1.Entry) bool) *apiv1.VerifyResult {
	count := map[string]int{}
	for _, e := range log {
		count[scoring.Line(e)]++
	}
	result := &apiv1.VerifyResult{LogHash: scoring.Hash(log), LogEntries: int64(len(log))}
	var differences []string
	live = slices.DeleteFunc(live, func(e *ledgerv1.Entry) bool {
		line := scoring.Line(e)
		if count[line] > 0 {
			count[line]--
			return false
		}
		if later(e) {
			return true
		}
		differences = append(differences, "-"+line)
		return false
	})
	for line, n := range count {
		for range n {
			differences = append(differences, "+"+line)
		}
	}
	slices.SortFunc(differences, func(a, b string) int { return cmp.Or(cmp.Compare(a[1:], b[1:]), cmp.Compare(a, b)) })
	result.LiveHash, result.LiveEntries = scoring.Hash(live), int64(len(live))
	result.Same = result.LiveHash == result.LogHash
	result.Differences = differences[:min(len(differences), maxDifferences)]
	return result
}
