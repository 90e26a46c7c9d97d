package report_test

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"os"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/app"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/replay"
	"kaohe.dev/services/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// scripted folds the feed of the scripted month as of an instant.
func scripted(t testing.TB, asOf time.Time) *replay.Result {
	t.Helper()
	raw, err := os.ReadFile("../replay/testdata/month/feed.ndjson")
	must(t, err)
	var events []*feedv1.Event
	for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
		e := &feedv1.Event{}
		must(t, protojson.Unmarshal(lines.Bytes(), e))
		if e.ReceivedAt == nil {
			e.ReceivedAt = e.OccurredAt
		}
		if !flow.Time(e.ReceivedAt).After(asOf) {
			events = append(events, e)
		}
	}
	result, err := replay.Fold(context.Background(), app.Services(), events, asOf, nil)
	must(t, err)
	return result
}

func cardsOf(result *replay.Result, month, as string) (cards []*ledgerv1.Scorecard) {
	for _, m := range result.Months {
		if m.Month == month {
			card := proto.CloneOf(m.Scorecard)
			card.Month = as
			cards = append(cards, card)
		}
	}
	return cards
}

func day(d int) time.Time { return time.Date(2026, 3, d, 0, 0, 0, 0, time.FixedZone("CST", 8*3600)) }

// march is the report of the scripted month as of a day, the 41st being the 10th
// of April, when it is published. It is compared with what the same month came
// to by its 12th day, for want of another.
func march(t testing.TB, asOf time.Time, unit string) *apiv1.MonthReport {
	t.Helper()
	result, before := scripted(t, asOf), scripted(t, day(12))
	m := &report.Month{
		Name: "2026-03", Unit: unit, Zone: result.Policy.Zone,
		Cards: cardsOf(result, "2026-03", "2026-03"), LastMonth: cardsOf(before, "2026-03", "2026-02"),
	}
	for _, month := range result.Months {
		if month.Month != "2026-03" {
			continue
		}
		for _, e := range month.Entries {
			m.Count(e, true)
		}
	}
	return m.Report()
}

func published(t testing.TB) *apiv1.MonthReport { return march(t, day(41), "") }
