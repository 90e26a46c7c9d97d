package importer

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Summary is what an import did.
type Summary struct {
	// Batch is the named clock the events are on, without "import:".
	Batch string
	// AsOf is the instant beyond which nothing was read; zero: none.
	AsOf time.Time
	// Rows were read; of them Rejected could not be used and Later lay wholly
	// after the as-of instant.
	Rows, Rejected, Later int64
	// Tickets of which at least one row was used.
	Tickets int64
	// Events by type; Units is how many units were created among them.
	Events map[string]int64
	Units  int64
	// Accepted, Duplicates and Refused are what the door made of the events.
	Accepted, Duplicates, Refused int64
	// Warnings are rows that were used although something is odd.
	Warnings int64
	// Reasons counts rejected rows, refused events and warnings by code.
	Reasons map[string]int64
	// CarriedMet and CarriedMissed count tickets by the source's own verdict,
	// the last one of each.
	CarriedMet, CarriedMissed int64
	// First and Last are the first and last instants of the events.
	First, Last time.Time
	// Took is how long it took; the caller measures it.
	Took time.Duration
}

// Total is how many events were yielded.
func (s *Summary) Total() int64 {
	total := int64(0)
	for _, n := range s.Events {
		total += n
	}
	return total
}

// Text is the summary in words; lang is "zh" or "en".
func (s *Summary) Text(lang string) string {
	say := func(zh, en string) string {
		if lang == "zh" {
			return zh
		}
		return en
	}
	var b strings.Builder
	line := func(zh, en string, args ...any) { fmt.Fprintf(&b, say(zh, en)+"\n", args...) }
	line("批次 %s", "batch %s", s.Batch)
	if !s.AsOf.IsZero() {
		line("截至 %s", "as of %s", s.AsOf.Format(time.RFC3339))
	}
	line("行数 %d，拒收 %d，晚于截止时刻 %d，警告 %d", "rows %d, rejected %d, later than as-of %d, warnings %d",
		s.Rows, s.Rejected, s.Later, s.Warnings)
	line("工单 %d，新建单位 %d，事件 %d", "tickets %d, units created %d, events %d", s.Tickets, s.Units, s.Total())
	for _, name := range slices.Sorted(maps.Keys(s.Events)) {
		fmt.Fprintf(&b, "  %-24s %d\n", name, s.Events[name])
	}
	line("入库 %d，重复 %d，退回 %d", "accepted %d, duplicates %d, refused %d", s.Accepted, s.Duplicates, s.Refused)
	if s.CarriedMet+s.CarriedMissed > 0 {
		line("来源系统自评：达标 %d，超时 %d", "the source's own verdict: met %d, missed %d", s.CarriedMet, s.CarriedMissed)
	}
	for _, code := range slices.Sorted(maps.Keys(s.Reasons)) {
		fmt.Fprintf(&b, "  %s: %d\n", code, s.Reasons[code])
	}
	if s.Took > 0 {
		line("用时 %s", "took %s", s.Took.Round(time.Millisecond).String())
	}
	return b.String()
}

// String is the summary in English.
func (s *Summary) String() string { return s.Text("en") }
