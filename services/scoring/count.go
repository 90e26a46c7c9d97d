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

// Count adds what a fact of a day was judged to be to its month, or with a
// sign of −1 takes it away again. Counting and taking away leaves no trace, so
// a month is the same whatever was once in it.
func Count(m *statev1.UnitMonth, f *factv1.Fact, day int32, entries []*ledgerv1.Entry, sign int64) {
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
	for _, e := range entries {
		key := e.Part + "/" + e.Item
		tally(m, key, e.Points, sign)
		countDay(m, key, day, sign)
	}
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
		tally(m, key, t.Points, +1)
		m.Tallies[key].Entries += t.Entries - 1
	}
	if flow.Time(share.AsOf).After(flow.Time(m.AsOf)) {
		m.AsOf = share.AsOf
	}
}

func tally(m *statev1.UnitMonth, key, change string, sign int64) {
	if m.Tallies == nil {
		m.Tallies = map[string]*statev1.Tally{}
	}
	t := m.Tallies[key]
	if t == nil {
		t = &statev1.Tally{}
		m.Tallies[key] = t
	}
	sum := points(t.Points)
	if sign > 0 {
		sum = sum.Add(points(change))
	} else {
		sum = sum.Sub(points(change))
	}
	t.Points, t.Entries = twoPlaces(sum), t.Entries+sign
	if t.Entries == 0 {
		delete(m.Tallies, key)
	}
}

func countDay(m *statev1.UnitMonth, key string, day int32, sign int64) {
	if m.Counts == nil {
		m.Counts = map[string]int64{}
	}
	bump(m.Counts, dayKey(key, day), sign)
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
