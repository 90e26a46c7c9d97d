package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/importer"
	"kaohe.dev/services/period"
)

// carried are the source's own verdicts, by ticket, to be compared with ours.
type carried map[string]verdict

type verdict struct {
	met bool
	at  time.Time
}

// noting wraps an emit so that the source's verdicts are noted, the last one of
// each ticket.
func (c carried) noting(emit importer.Emit) importer.Emit {
	return func(ctx context.Context, items []importer.Item) (importer.Outcome, error) {
		for _, item := range items {
			v := item.Event.GetSourceVerdictReported()
			if v == nil {
				continue
			}
			if at := item.Event.OccurredAt.AsTime(); !at.Before(c[v.Ticket].at) {
				c[v.Ticket] = verdict{v.Met, at}
			}
		}
		return emit(ctx, items)
	}
}

// compare says how the source's verdicts agree with the ledger's.
func (s *session) compare(ctx context.Context, r *remote, c carried, summary *importer.Summary) (string, error) {
	if len(c) == 0 {
		return "", nil
	}
	overdue, err := r.overdue(ctx, summary.First, summary.Last, summary.AsOf)
	if err != nil {
		return "", err
	}
	var bothMet, bothMissed, onlySource, onlyOurs int
	for ticket, v := range c {
		switch {
		case v.met && !overdue[ticket]:
			bothMet++
		case !v.met && overdue[ticket]:
			bothMissed++
		case !v.met:
			onlySource++
		default:
			onlyOurs++
		}
	}
	return fmt.Sprintf(s.say(
		"与来源判定比较：一致 %d（达标 %d，超时 %d），仅来源判超时 %d，仅本系统判超时 %d\n",
		"compared with the source's own verdict: %d the same (met %d, missed %d), missed only for the source %d, only for us %d\n"),
		bothMet+bothMissed, bothMet, bothMissed, onlySource, onlyOurs), nil
}

// overdue gives the tickets that the ledger holds to be overdue in the months
// between some instants. A month is read a day beyond each end, since it begins
// and ends on the clock of the unit.
func (r *remote) overdue(ctx context.Context, instants ...time.Time) (map[string]bool, error) {
	first, last := instants[0], instants[0]
	for _, at := range instants {
		if at.Before(first) && !at.IsZero() || first.IsZero() {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	found := map[string]bool{}
	first, last = first.UTC().AddDate(0, 0, -1), last.UTC().AddDate(0, 0, 1)
	for _, month := range period.Of(period.Month, first).Through(period.Of(period.Month, last)) {
		all, err := r.listEntries(ctx, &apiv1.ListEntriesRequest{Month: month.String(), State: "active"}, 0)
		if err != nil {
			return nil, err
		}
		for _, e := range all {
			if isOverdue(e) {
				found[e.Ticket] = true
			}
		}
	}
	return found, nil
}

func isOverdue(e *ledgerv1.Entry) bool {
	return strings.HasPrefix(e.Fact, string(flow.TicketOverdue)+"/") && e.Type == ledgerv1.EntryType_ENTRY_TYPE_POSTING
}
