package rulebook

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

func at(t testing.TB, s string) time.Time {
	t.Helper()
	instant, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

func registered(t testing.TB, customers int64, from, zone string) *feedv1.UnitRegistered {
	r := &feedv1.UnitRegistered{Unit: "north", Customers: customers, Zone: zone}
	if from != "" {
		r.EffectiveFrom = timestamppb.New(at(t, from))
	}
	return r
}

func unitOf(registrations ...*feedv1.UnitRegistered) []*factv1.UnitKnown {
	return []*factv1.UnitKnown{{Unit: "north", Registrations: registrations}}
}

func TestMonthIsNaturalInTheUnitsZone(t *testing.T) {
	p := NewPolicy(nil, append(unitOf(registered(t, 0, "", "Asia/Urumqi")),
		&factv1.UnitKnown{Unit: "odd", Registrations: []*feedv1.UnitRegistered{{Zone: "Nowhere/At_All"}}}))
	for _, c := range []struct{ unit, instant, month string }{
		{"other", "2026-06-30T15:59:59Z", "2026-06"}, // the default's zone: Asia/Shanghai
		{"other", "2026-06-30T16:00:00Z", "2026-07"},
		{"north", "2026-06-30T17:59:59Z", "2026-06"}, // Asia/Urumqi is two hours behind
		{"north", "2026-06-30T18:00:00Z", "2026-07"},
		{"odd", "2026-06-30T16:00:00Z", "2026-07"}, // an unknown zone is not guessed
	} {
		if got := p.Month(c.unit, at(t, c.instant)); got != c.month {
			t.Errorf("%s is in %s for unit %s, want %s", c.instant, got, c.unit, c.month)
		}
	}
}

func TestZoneIsTheOneRegisteredLast(t *testing.T) {
	p := NewPolicy(nil, unitOf(registered(t, 0, "2026-05-01T00:00:00Z", ""), registered(t, 0, "", "Asia/Urumqi")))
	if got := p.Zone("north").String(); got != "Asia/Shanghai" {
		t.Errorf("zone %s, want the rulebook's, as the last registration names none", got)
	}
}

// book is the fixture under another version and month.
func book(t testing.TB, version, month string) *Rulebook {
	t.Helper()
	b, err := Load("", []byte(strings.NewReplacer("rate-1", version, "2026-07", month).Replace(rateBook(t))))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVersionInForceByMonth(t *testing.T) {
	p := NewPolicy([]*Rulebook{book(t, "v3", "2026-09"), book(t, "v1", "2026-07"), book(t, "v2", "2026-07")}, nil)
	for month, want := range map[string]string{
		"2026-06": Default().Version, "2026-07": "v2", "2026-08": "v2", "2026-09": "v3", "2030-01": "v3",
	} {
		if got := p.In("", month).Version; got != want {
			t.Errorf("version %s in %s, want %s", got, month, want)
		}
	}
	if got := p.For("north", at(t, "2026-08-31T16:00:00Z")).Version; got != "v3" {
		t.Errorf("version %s at the first instant of September in the zone, want v3", got)
	}
}

func TestQuotaCountsTheCustomersOfTheStatedDay(t *testing.T) {
	units := unitOf(
		registered(t, 3000, "2026-07-20T00:00:00+08:00", ""),
		registered(t, 1000, "2026-06-10T00:00:00+08:00", ""),
		registered(t, 2000, "2026-07-10T00:00:00+08:00", ""),
	)
	start, end := NewPolicy(nil, units), NewPolicy([]*Rulebook{book(t, "end", "2026-01")}, units)
	for _, c := range []struct {
		month      string
		start, end int64
	}{
		{"2026-05", 0, 0},
		{"2026-06", 1000, 1000}, // registered within the month
		{"2026-07", 1000, 3000},
		{"2026-08", 3000, 3000},
		{"July", 0, 0},
	} {
		if got := start.Customers("north", c.month); got != c.start {
			t.Errorf("%s is judged by %d customers at its start, want %d", c.month, got, c.start)
		}
		if got := end.Customers("north", c.month); got != c.end {
			t.Errorf("%s is judged by %d customers at its end, want %d", c.month, got, c.end)
		}
	}
	if got := start.Customers("south", "2026-07"); got != 0 {
		t.Errorf("an unknown unit has %d customers", got)
	}
}

func TestCustomersFromTheFirstInstantCount(t *testing.T) {
	p := NewPolicy(nil, unitOf(registered(t, 1000, "", ""), registered(t, 2000, "2026-07-01T00:00:00+08:00", "")))
	if got := p.Customers("north", "2026-07"); got != 2000 {
		t.Errorf("%d customers, want those in effect at the month's first instant", got)
	}
	if got := p.Customers("north", "2026-06"); got != 1000 {
		t.Errorf("%d customers in June, want those before", got)
	}
}

func TestUnitIsTheRegistrationInEffect(t *testing.T) {
	p := NewPolicy(nil, unitOf(registered(t, 2, "2026-07-01T00:00:00Z", ""), registered(t, 1, "2026-06-01T00:00:00Z", "")))
	for instant, want := range map[string]int64{"2026-01-01T00:00:00Z": 1, "2026-06-30T23:59:59Z": 1, "2026-07-01T00:00:00Z": 2} {
		if r, ok := p.Unit("north", at(t, instant)); !ok || r.Customers != want {
			t.Errorf("at %s registration %v, want %d", instant, r, want)
		}
	}
	if _, ok := p.Unit("south", time.Time{}); ok {
		t.Error("found a unit that is not registered")
	}
	if ids := NewPolicy(nil, []*factv1.UnitKnown{{Unit: "b"}, {Unit: "a"}}).Units(); !slices.Equal(ids, []string{"a", "b"}) {
		t.Errorf("units %v, want them sorted", ids)
	}
}

func published(t testing.TB, version, month, when, yaml string) *factv1.Fact {
	return &factv1.Fact{
		Id: "rulebook_in_force/" + version, Kind: "rulebook_in_force", OccurredAt: timestamppb.New(at(t, when)),
		Body: &factv1.Fact_RulebookInForce{RulebookInForce: &factv1.RulebookInForce{
			Published: &feedv1.RulebookPublished{Version: version, EffectiveMonth: month, Yaml: yaml},
		}},
	}
}

func TestABrokenRulebookLeavesTheOthersInForce(t *testing.T) {
	good := rateBook(t)
	facts := []*factv1.Fact{
		published(t, "rate-1", "2026-08", "2026-07-01T00:00:00Z", good),
		published(t, "broken", "2026-09", "2026-07-02T00:00:00Z", "rules: what?"),
		published(t, "mislabelled", "2026-09", "2026-07-02T00:00:00Z", good),
		{Id: "x", Kind: "unit_known", Body: &factv1.Fact_UnitKnown{UnitKnown: unitOf(registered(t, 5, "", ""))[0]}},
		{Id: "gone", Kind: "rulebook_in_force", Retracted: true},
	}
	p, err := PolicyFromFacts(facts)
	var check *CheckError
	if !errors.As(err, &check) || !strings.Contains(err.Error(), "rulebook broken: ") || !strings.Contains(err.Error(), "rulebook mislabelled: ") {
		t.Errorf("error %v, want one naming both", err)
	}
	if len(p.Books()) != 1 || p.In("", "2026-09").Version != "rate-1" || p.Customers("north", "2026-09") != 5 {
		t.Errorf("in force is %v", p.Books())
	}
	if got := p.In("", "2026-07").Version; got != Default().Version {
		t.Errorf("version %s in July, want the default: publishing says August", got)
	}
}

func TestTheLaterPublicationOfAMonthHolds(t *testing.T) {
	named := func(v string) string { return strings.Replace(rateBook(t), "rate-1", v, 1) }
	facts := []*factv1.Fact{
		published(t, "v9", "2026-08", "2026-07-01T00:00:00Z", named("v9")),
		published(t, "v10", "2026-08", "2026-07-02T00:00:00Z", named("v10")),
	}
	for range 2 {
		p, err := PolicyFromFacts(facts)
		if err != nil || p.In("", "2026-08").Version != "v10" {
			t.Errorf("version %s, error %v; want v10, published later", p.In("", "2026-08").Version, err)
		}
		slices.Reverse(facts)
	}
}

func TestPoliciesAreCompared(t *testing.T) {
	units := unitOf(registered(t, 1, "", ""))
	a := NewPolicy([]*Rulebook{book(t, "v1", "2026-07")}, units)
	for _, c := range []struct {
		name              string
		b                 *Policy
		rules, zones, one bool
	}{
		{"same", NewPolicy([]*Rulebook{book(t, "v1", "2026-07")}, unitOf(registered(t, 1, "", ""))), true, true, true},
		{"another version", NewPolicy([]*Rulebook{book(t, "v2", "2026-07")}, units), false, true, true},
		{"another month", NewPolicy([]*Rulebook{book(t, "v1", "2026-08")}, units), false, true, true},
		{"more customers", NewPolicy(a.Books(), unitOf(registered(t, 2, "", ""))), true, true, false},
		{"another zone", NewPolicy(a.Books(), unitOf(registered(t, 1, "", "Asia/Urumqi"))), true, false, false},
		{"the same zone by name", NewPolicy(a.Books(), unitOf(registered(t, 1, "", "Asia/Shanghai"))), true, true, false},
		{"no units", NewPolicy(a.Books(), nil), true, true, false},
		{"none", nil, false, false, false},
	} {
		if got := a.SameRules(c.b); got != c.rules {
			t.Errorf("%s: same rules %t", c.name, got)
		}
		if got := a.SameZones(c.b); got != c.zones {
			t.Errorf("%s: same zones %t", c.name, got)
		}
		if got := a.SameUnit(c.b, "north"); got != c.one {
			t.Errorf("%s: same unit %t", c.name, got)
		}
	}
}

// TestAUnitsOwnRulebookComesBeforeThatOfAll, whichever was published later; of
// its own the latest counts, and others are not touched.
func TestAUnitsOwnRulebookComesBeforeThatOfAll(t *testing.T) {
	p := NewPolicy([]*Rulebook{
		book(t, "all-1", "2026-07"), book(t, "all-2", "2026-10"),
		book(t, "own-1", "2026-08").Publish("", "south", "north"), book(t, "own-2", "2026-08").Publish("2026-11", "north"),
	}, nil)
	for _, c := range []struct{ unit, month, want string }{
		{"north", "2026-06", Default().Version}, {"north", "2026-07", "all-1"}, {"north", "2026-08", "own-1"}, {"north", "2026-10", "own-1"},
		{"north", "2026-11", "own-2"}, {"south", "2026-11", "own-1"}, {"east", "2026-08", "all-1"}, {"east", "2026-11", "all-2"}, {"", "2026-11", "all-2"},
	} {
		if got := p.In(c.unit, c.month).Version; got != c.want {
			t.Errorf("version %s for %q in %s, want %s", got, c.unit, c.month, c.want)
		}
	}
	others := NewPolicy([]*Rulebook{book(t, "all-1", "2026-07"), book(t, "own-1", "2026-08").Publish("", "north")}, nil)
	same := NewPolicy([]*Rulebook{book(t, "all-1", "2026-07"), book(t, "own-1", "2026-08").Publish("", "south")}, nil)
	if others.SameRules(same) || !others.SameRules(others) {
		t.Error("for whom a rulebook is in force is part of the rules")
	}
}

func TestAPublicationNamesItsUnits(t *testing.T) {
	fact := published(t, "rate-1", "2026-08", "2026-07-01T00:00:00Z", rateBook(t))
	fact.GetRulebookInForce().Published.Units = []string{"south", "north"}
	p, err := PolicyFromFacts([]*factv1.Fact{fact})
	if err != nil {
		t.Fatal(err)
	}
	if north, east := p.In("north", "2026-08").Version, p.In("east", "2026-08").Version; north != "rate-1" || east != Default().Version {
		t.Errorf("north is judged by %s, east by %s", north, east)
	}
}
