package importer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/escalation"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/importer"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/replay"
	"kaohe.dev/services/sla"
	"kaohe.dev/services/survey"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

// fold decides imported events offline, as of an instant of their clock.
func fold(t testing.TB, events []*feedv1.Event, asOf time.Time) *replay.Result {
	t.Helper()
	events = append(slices.Clone(events), &feedv1.Event{
		Id: "as-of", Source: "kaohe", OccurredAt: timestamppb.New(asOf),
		Payload: &feedv1.Event_ClockAdvanced{ClockAdvanced: &feedv1.ClockAdvanced{Clock: events[0].Clock, To: timestamppb.New(asOf)}},
	})
	services := []flow.Service{ingest.Service(), sla.Service(), escalation.Service(), survey.Service()}
	result, err := replay.Fold(context.Background(), services, events, asOf, nil)
	if err != nil {
		t.Fatalf("fold: %v", err)
	}
	if len(result.Problems) > 0 {
		t.Errorf("problems: %v", result.Problems)
	}
	return result
}

// entriesOf lists the entries of a rule in all months.
func entriesOf(r *replay.Result, rule string) []*ledgerv1.Entry {
	var entries []*ledgerv1.Entry
	for _, m := range r.Months {
		for _, e := range m.Entries {
			if e.Rule == rule {
				entries = append(entries, e)
			}
		}
	}
	return entries
}

// What the data's own description says of it, found independently.
const (
	bostonByMonth = "2015-01 715, 2015-02 2611, 2015-03 2673, 2015-04 2434, 2015-05 2655, 2015-06 2539, 2015-07 2922, " +
		"2015-08 2949, 2015-09 3253, 2015-10 2459, 2015-11 2297, 2015-12 2585, 2016-01 507"
	bostonByUnit = "BPS_ 8, BTDT 3597, BWSC 155, DISB 15, GEN_ 2, HS_D 2, INFO 4608, ISD 12035, No_Q 1, PARK 1483, " +
		"PROP 495, PWDx 8198"
)

func TestBostonHasItsOverdueTickets(t *testing.T) {
	file := needs(t, bostonFile)
	asOf := local(t, "America/New_York", "2016-01-13 00:00:00")
	m, options := shipped(t, "boston311"), importer.Options{AsOf: asOf, CreateUnits: true}
	for name, shuffle := range map[string]bool{"as published": false, "rows shuffled": true} {
		t.Run(name, func(t *testing.T) {
			from := file
			if shuffle {
				lines := strings.Split(strings.TrimRight(gunzip(t, file), "\r\n"), "\n")
				rows := lines[1:]
				rand.New(rand.NewPCG(3, 4)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
				from = write(t, "shuffled.csv", strings.Join(lines, "\n"))
			}
			overdue := entriesOf(fold(t, run(t, m, options, from).events(), asOf), "ticket_overdue")
			months, units := map[string]int{}, map[string]int{}
			for _, e := range overdue {
				months[e.Month]++
				units[e.Unit]++
			}
			if len(overdue) != 30599 {
				t.Errorf("%d tickets are overdue, not 30599", len(overdue))
			}
			if got := counts(months); got != bostonByMonth {
				t.Errorf("by month of the deadline:\n%s, not\n%s", got, bostonByMonth)
			}
			if got := counts(units); got != bostonByUnit {
				t.Errorf("by department:\n%s, not\n%s", got, bostonByUnit)
			}
		})
	}
}

func TestServiceNowHasItsReopenings(t *testing.T) {
	got := run(t, shipped(t, "servicenow"), importer.Options{CreateUnits: true}, needs(t, serviceNowFile))
	reopenings, tickets := 0, map[string]bool{}
	for _, e := range entriesOf(fold(t, got.events(), got.summary.Last), "ticket_reworked") {
		if strings.Contains(e.Fact, "/again/") {
			continue // reported again in a new incident, not reopened
		}
		reopenings++
		tickets[e.Ticket] = true
	}
	if reopenings != 331 || len(tickets) != 275 {
		t.Errorf("%d reopenings of %d incidents, not 331 of 275", reopenings, len(tickets))
	}
}

func counts(of map[string]int) string {
	var keys []string
	for k := range of {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for i, k := range keys {
		keys[i] = fmt.Sprintf("%s %d", k, of[k])
	}
	return strings.Join(keys, ", ")
}
