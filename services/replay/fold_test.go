package replay_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/replay"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
)

// tick is the event that moves a clock.
func tick(clock string, to time.Time) *feedv1.Event {
	return &feedv1.Event{
		Id: "tick/" + clock + to.String(), Source: "test", OccurredAt: flow.At(to),
		Payload: &feedv1.Event_ClockAdvanced{ClockAdvanced: &feedv1.ClockAdvanced{Clock: clock, To: flow.At(to)}},
	}
}

func fold(t interface{ Fatalf(string, ...any) }, events []*feedv1.Event, asOf time.Time) *replay.Result {
	result, err := replay.Fold(context.Background(), services(), events, asOf, nil)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return result
}

// TestLiveAndOfflineGiveTheSameMonths: whatever the order events arrive in, how
// often, on which clocks, and when the clocks move and the policy takes effect,
// the ledger holds what the fold of the log gives.
func TestLiveAndOfflineGiveTheSameMonths(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		clocks := rapid.SampledFrom([][]string{{""}, {"import"}, {"", "import"}}).Draw(r, "clocks")
		events := (&world{t: r, clocks: clocks}).draw()
		end := origin.Add(time.Duration(rapid.IntRange(0, 60*24).Draw(r, "end")) * time.Hour)
		asOf := origin.AddDate(0, 0, 60)
		log := append(slices.Clone(events), tick("import", end))
		result := fold(r, log, asOf)
		if len(result.Problems) > 0 {
			r.Fatalf("problems: %v", result.Problems)
		}

		machines := []flow.Machine{}
		for _, s := range services() {
			machines = append(machines, flow.NewMachine(s))
		}
		w := flowtest.Run(t, rulebook.NewPolicy(nil, nil), append(machines, scoring.New()))
		known := rapid.IntRange(0, len(events)).Draw(r, "policy known after")
		for i, e := range arrivals(r, events) {
			if i == known {
				w.Do(flowtest.Policy(result.Policy))
			}
			if rapid.Bool().Draw(r, "moves") {
				w.Do(flowtest.Clock("", flow.Time(e.ReceivedAt)))
				w.Do(flowtest.Clock("import", origin.Add(end.Sub(origin)*time.Duration(i)/100)))
			}
			w.Do(flowtest.Event(e))
		}
		w.Do(flowtest.Policy(result.Policy), flowtest.Clock("import", end), flowtest.Clock("", asOf))
		compare(r, w, result)
	})
}

// arrivals shuffles events, repeats some, and lets them be received one after
// the other.
func arrivals(r *rapid.T, events []*feedv1.Event) []*feedv1.Event {
	order := rapid.Permutation(events).Draw(r, "order")
	for range rapid.IntRange(0, 3).Draw(r, "duplicates") {
		order = append(order, rapid.SampledFrom(events).Draw(r, "duplicate"))
	}
	var arrived []*feedv1.Event
	for i, e := range order {
		e = proto.CloneOf(e)
		e.ReceivedAt = flow.At(origin.Add(time.Duration(i*12) * time.Hour))
		arrived = append(arrived, e)
	}
	return arrived
}

func compare(r failing, w *flowtest.World, result *replay.Result) {
	posted, cards := map[string]*ledgerv1.Entry{}, map[string]*ledgerv1.Scorecard{}
	for _, record := range w.Records {
		if card := record.GetScorecard(); card != nil {
			cards[card.Unit+" "+card.Month] = card
		}
		if p := record.GetProofChanged(); p != nil {
			posted[p.Entry] = proto.CloneOf(posted[p.Entry])
			posted[p.Entry].Proof = p.Proof
		}
		if e := record.GetEntry(); e != nil {
			posted[e.Id] = e
			delete(posted, e.Reverses)
			if e.Reverses != "" {
				delete(posted, e.Id)
			}
		}
	}
	var live, offline []string
	for _, e := range posted {
		live = append(live, scoring.Line(e))
	}
	for _, m := range result.Months {
		for _, e := range m.Entries {
			offline = append(offline, scoring.Line(e))
		}
		if cards[m.Unit+" "+m.Month] == nil {
			r.Fatalf("no score of %s %s was told", m.Unit, m.Month)
		}
	}
	slices.Sort(live)
	slices.Sort(offline)
	if !slices.Equal(live, offline) {
		r.Fatalf("live:\n%s\noffline:\n%s\nsaid:\n%s", strings.Join(live, "\n"), strings.Join(offline, "\n"), w.Transcript())
	}
	for key, card := range cards {
		want := result.ScorecardAt(card.Unit, card.Month, flow.Time(card.AsOf))
		if card, want = lifeless(card), lifeless(want); !proto.Equal(card, want) {
			r.Fatalf("score of %s:\n%v\noffline:\n%v", key, card, want)
		}
	}
}

// failing is a test that can fail.
type failing interface{ Fatalf(string, ...any) }

// lifeless is a scorecard without where the month stands in its life, which is
// not a matter of points.
func lifeless(card *ledgerv1.Scorecard) *ledgerv1.Scorecard {
	card = proto.CloneOf(card)
	card.State, card.Correction, card.CorrectedWhy = 0, 0, nil
	card.ClosedAt, card.ClosedBy, card.PublishedAt, card.PublishedBy = nil, "", nil, ""
	return card
}

// TestTheFoldDoesNotDependOnTheOrderOfTheLog: nor on what it repeats.
func TestTheFoldDoesNotDependOnTheOrderOfTheLog(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		events := (&world{t: r, clocks: []string{""}}).draw()
		shuffled := rapid.Permutation(append(slices.Clone(events), events...)).Draw(r, "order")
		asOf := origin.AddDate(0, 0, 60)
		one, other := fold(r, events, asOf), fold(r, shuffled, asOf)
		for _, month := range []string{"2026-01", "2026-02"} {
			if one.Hash(month) != other.Hash(month) {
				r.Fatalf("%s: the hash depends on the order of the log", month)
			}
		}
		if len(one.Months) != len(other.Months) || one.Facts != other.Facts {
			r.Fatalf("%d months of %d facts, in another order %d of %d", len(one.Months), one.Facts, len(other.Months), other.Facts)
		}
	})
}

func TestAnOpenTicketIsOverdueOnlyWhenItsClockHasPassedTheDeadline(t *testing.T) {
	due := origin.Add(48 * time.Hour)
	open := func(clock string) *feedv1.Event {
		return &feedv1.Event{
			Id: "1", Source: "s", Clock: clock, OccurredAt: flow.At(origin),
			Payload: &feedv1.Event_TicketOpened{TicketOpened: &feedv1.TicketOpened{
				Ticket: "T", Kind: feedv1.TicketKind_TICKET_KIND_ENQUIRY, Unit: "U", Commitment: &feedv1.TicketOpened_DueAt{DueAt: flow.At(due)},
			}},
		}
	}
	later := due.AddDate(0, 1, 0)
	for name, c := range map[string]struct {
		events []*feedv1.Event
		asOf   time.Time
		points string
	}{
		"the wall clock at the deadline":     {[]*feedv1.Event{open("")}, due, "-5.00"},
		"the wall clock before":              {[]*feedv1.Event{open("")}, due.Add(-time.Nanosecond), ""},
		"a named clock that never moved":     {[]*feedv1.Event{open("sim")}, later, ""},
		"a named clock that passed it":       {[]*feedv1.Event{open("sim"), tick("sim", due)}, time.Time{}, "-5.00"},
		"a named clock never goes back":      {[]*feedv1.Event{tick("sim", due), open("sim"), tick("sim", origin)}, time.Time{}, "-5.00"},
		"another clock that passed it":       {[]*feedv1.Event{open("sim"), tick("other", later)}, later, ""},
		"a tick of the wall clock is nobody": {[]*feedv1.Event{open(""), tick("", later)}, origin, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var points string
			for _, e := range fold(t, c.events, c.asOf).Entries("2026-01") {
				points += e.Points
			}
			if points != c.points {
				t.Errorf("points %q, want %q", points, c.points)
			}
		})
	}
}

func TestOfTwoEventsWithOneIdTheFirstOfTheLogCounts(t *testing.T) {
	open := func(unit string) *feedv1.Event {
		return &feedv1.Event{
			Id: "1", Source: "s", OccurredAt: flow.At(origin),
			Payload: &feedv1.Event_TicketOpened{TicketOpened: &feedv1.TicketOpened{
				Ticket: "T", Kind: feedv1.TicketKind_TICKET_KIND_FAULT, Unit: unit,
			}},
		}
	}
	result := fold(t, []*feedv1.Event{open("first"), open("second")}, origin)
	if result.Find("first", "2026-01") == nil || result.Find("second", "2026-01") != nil {
		t.Errorf("months: %v", result.Months)
	}
}

func TestProgressIsToldAndACancelledFoldSaysSo(t *testing.T) {
	events := cityYear(8_000)
	told := 0
	if _, err := replay.Fold(context.Background(), services(), events, origin, func(n int) { told = n }); err != nil || told < 10_000 {
		t.Errorf("told %d of %d events, error %v", told, len(events), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := replay.Fold(ctx, services(), events, origin, nil); err == nil {
		t.Error("a cancelled fold gave a result")
	}
	if _, err := replay.Fold(context.Background(), services()[1:], events, origin, nil); err == nil {
		t.Error("a fold without ticket-ingest gave a result")
	}
}

func TestARulebookThatDoesNotCompileIsReportedAndLeftOut(t *testing.T) {
	result := fold(t, []*feedv1.Event{{
		Id: "1", Source: "s", OccurredAt: flow.At(origin),
		Payload: &feedv1.Event_RulebookPublished{RulebookPublished: &feedv1.RulebookPublished{Version: "bad", EffectiveMonth: "2026-01", Yaml: "x"}},
	}}, origin)
	if len(result.Problems) != 1 || !strings.Contains(result.Problems[0], "bad") || len(result.Policy.Books()) != 0 {
		t.Errorf("problems %v", result.Problems)
	}
}

func ExampleFold() {
	opened := origin
	result, err := replay.Fold(context.Background(), []flow.Service{ingest.Service()}, []*feedv1.Event{{
		Id: "1", Source: "96766", OccurredAt: flow.At(opened),
		Payload: &feedv1.Event_TicketOpened{TicketOpened: &feedv1.TicketOpened{
			Ticket: "T1", Kind: feedv1.TicketKind_TICKET_KIND_FAULT, Unit: "chengqu",
		}},
	}}, opened, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	month := result.Find("chengqu", "2026-01")
	fmt.Println(month.Scorecard.Total, month.Scorecard.Quota.Used)
	// Output: 100.00 1
}
