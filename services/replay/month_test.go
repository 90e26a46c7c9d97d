package replay_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/replay"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
	"kaohe.dev/services/words"
)

var update = flag.Bool("update", false, "write the golden files anew")

// scripted reads the feed of testdata/month: six units, and every line of the
// rules (domain §3.2 and §4) at least once. An event was received when it
// happened, unless it says otherwise.
func scripted(t *testing.T) []*feedv1.Event {
	t.Helper()
	raw, err := os.ReadFile("testdata/month/feed.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	var events []*feedv1.Event
	for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
		e := &feedv1.Event{}
		if err := protojson.Unmarshal(lines.Bytes(), e); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		if e.ReceivedAt == nil {
			e.ReceivedAt = e.OccurredAt
		}
		events = append(events, e)
	}
	return events
}

// TestAScriptedMonth: feed in, ledger and sheets out, as a person can read and
// has checked against the rules. Run with -update after a change, and read it.
func TestAScriptedMonth(t *testing.T) {
	events := scripted(t)
	zone := time.FixedZone("CST", 8*3600)
	result := fold(t, events, time.Date(2026, 4, 10, 0, 0, 0, 0, zone))
	var out bytes.Buffer
	ruled := map[string]bool{}
	for _, m := range result.Months {
		if m.Month == "2026-03" {
			told(&out, m, zone, ruled)
		}
	}
	golden(t, "testdata/month/ledger.txt", out.Bytes())
	for _, rule := range rulebook.Default().Rules {
		if !ruled[rule.Name] {
			t.Errorf("rule %s does not occur in the scripted month", rule.Name)
		}
	}
	w := live(t, result, events)
	w.Do(flowtest.Clock("", result.AsOf))
	compare(t, w, result)
}

func told(out *bytes.Buffer, m *replay.Month, zone *time.Location, ruled map[string]bool) {
	card := m.Scorecard
	fmt.Fprintf(out, "== %s %s %s  %s\n", m.Unit, card.Name.Zh, card.Name.En, m.Month)
	for _, e := range slices.SortedFunc(slices.Values(m.Entries), scoring.InOrder) {
		ruled[e.Rule] = true
		fmt.Fprintf(out, "%s  %-16s %-4s %7s  %s %s: %s | %s\n", flow.Time(e.OccurredAt).In(zone).Format("01-02 15:04"), e.Part, e.Item, e.Points,
			e.Clause, e.Rule, words.Text(e.Why).GetZh(), words.Text(e.Why).GetEn())
	}
	for _, part := range card.Parts {
		fmt.Fprintf(out, "-- %s %s (%s%%)\n", part.Label.Zh, part.Label.En, part.Weight)
		for _, item := range part.Items {
			if item.Deducted != "0.00" || item.Zeroed {
				fmt.Fprintf(out, "   %-4s max %s, deducted %s, beyond %s, scores %s\n", item.Item, item.Max, item.Deducted, item.Overflow, item.Score)
			}
		}
		for _, s := range part.Sections {
			fmt.Fprintf(out, "   section %s: %s of %s, items %s\n", s.Label.En, s.Score, s.Max, s.ItemsTotal)
		}
		fmt.Fprintf(out, "   bonuses %s, penalties %s, carried %s: part %s\n", part.Bonuses, part.Penalties, part.Carried, part.Score)
	}
	fmt.Fprintf(out, "   total %s, %s\n\n", card.Total, card.State)
}
