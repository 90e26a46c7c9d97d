package scoring

import (
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
)

// The keys of UnitMonth.counts for rated callbacks, without the day.
const (
	satisfied    = "callback_rated/satisfied"
	dissatisfied = "callback_rated/dissatisfied"
)

// The prefixes of the keys of UnitMonth.counts for items that were assessed or
// waived, before "part/item".
const (
	assessed = "assessed/"
	waived   = "waived/"
)

// Count adds what a fact was judged to be to its month, or with a sign of −1
// takes it away again. Counting and taking away leaves no trace, so a month is
// the same whatever was once in it.
func Count(m *statev1.UnitMonth, f *factv1.Fact, judged Judged, sign int64) {
	day := judged.Day
	if flow.KindOf(f) == flow.FaultReported {
		if m.FaultsByDay == nil {
			m.FaultsByDay = map[int32]int64{}
		}
		bump(m.FaultsByDay, day, sign)
	}
	if rated := f.GetCallbackRated(); rated != nil {
		key := dissatisfied
		if rated.Satisfied {
			key = satisfied
		}
		countDay(m, key, day, sign)
	}
	how := assessed
	if f.GetItemExcused() != nil {
		how = waived
	}
	for _, item := range judged.Assessed {
		count(m, how+item, sign)
	}
	for _, e := range judged.Entries {
		key := tallyKey(e)
		tally(m, key, e, sign)
		countDay(m, key, day, sign)
	}
}

// penalties is what stands for an item in the key of deductions beside the
// items; of bonuses it is empty.
const penalties = "-"

func tallyKey(e *ledgerv1.Entry) string {
	if e.Item == "" && e.Points[0] == '-' {
		return e.Part + "/" + penalties
	}
	return e.Part + "/" + e.Item
}

// Add adds the counts of a share of a month to the month; entries of the month
// as a whole are left to Derive.
func Add(m, share *statev1.UnitMonth) {
	for day, n := range share.FaultsByDay {
		if m.FaultsByDay == nil {
			m.FaultsByDay = map[int32]int64{}
		}
		bump(m.FaultsByDay, day, n)
	}
	for key, n := range share.Counts {
		if m.Counts == nil {
			m.Counts = map[string]int64{}
		}
		bump(m.Counts, key, n)
	}
	for key, t := range share.Tallies {
		whole := tallyOf(m, key)
		whole.Points = twoPlaces(points(whole.Points).Add(points(t.Points)))
		whole.Entries += t.Entries
		whole.ZeroItems += t.ZeroItems
		whole.ZeroSections += t.ZeroSections
	}
	if flow.Time(share.AsOf).After(flow.Time(m.AsOf)) {
		m.AsOf = share.AsOf
	}
}

func tallyOf(m *statev1.UnitMonth, key string) *statev1.Tally {
	if m.Tallies == nil {
		m.Tallies = map[string]*statev1.Tally{}
	}
	t := m.Tallies[key]
	if t == nil {
		t = &statev1.Tally{}
		m.Tallies[key] = t
	}
	return t
}

func tally(m *statev1.UnitMonth, key string, e *ledgerv1.Entry, sign int64) {
	t := tallyOf(m, key)
	sum := points(t.Points)
	if sign > 0 {
		sum = sum.Add(points(e.Points))
	} else {
		sum = sum.Sub(points(e.Points))
	}
	t.Points, t.Entries = twoPlaces(sum), t.Entries+sign
	switch e.Effect {
	case ledgerv1.Effect_EFFECT_ZERO_ITEM:
		t.ZeroItems += sign
	case ledgerv1.Effect_EFFECT_ZERO_SECTION:
		t.ZeroSections += sign
	}
	if t.Entries == 0 {
		delete(m.Tallies, key)
	}
}

func countDay(m *statev1.UnitMonth, key string, day int32, sign int64) {
	count(m, dayKey(key, day), sign)
}

func count(m *statev1.UnitMonth, key string, sign int64) {
	if m.Counts == nil {
		m.Counts = map[string]int64{}
	}
	bump(m.Counts, key, sign)
}

func dayKey(key string, day int32) string {
	return key + "@" + string([]byte{byte('0' + day/10), byte('0' + day%10)})
}

func bump[K comparable](counts map[K]int64, key K, by int64) {
	if counts[key] += by; counts[key] == 0 {
		delete(counts, key)
	}
}

// days gives the counts of a key for the days of a month; index 0 is unused.
func days(m *statev1.UnitMonth, key string) (byDay [32]int64, total int64) {
	for day := int32(1); day <= 31; day++ {
		byDay[day] = m.Counts[dayKey(key, day)]
		total += byDay[day]
	}
	return byDay, total
}

// faults gives the faults of the days of a month.
func faults(m *statev1.UnitMonth) (byDay [32]int64, total int64) {
	for day := int32(1); day <= 31; day++ {
		byDay[day] = m.FaultsByDay[day]
		total += byDay[day]
	}
	return byDay, total
}

// dayReached gives the day on which a running count first exceeded a limit
// that it exceeds in the end.
func dayReached(byDay [32]int64, exceeds func(count int64) bool) int {
	count := int64(0)
	for day := 1; day <= 31; day++ {
		count += byDay[day]
		if exceeds(count) {
			return day
		}
	}
	return 31
}

// lastDay gives the last day with a count; 0: none.
func lastDay(byDays ...[32]int64) int {
	for day := 31; day > 0; day-- {
		for _, byDay := range byDays {
			if byDay[day] > 0 {
				return day
			}
		}
	}
	return 0
}
