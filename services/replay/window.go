package replay

import (
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/period"
)

// Window is the months and units somebody asks about.
type Window struct {
	// From and To are the first and the last month, yyyy-mm; empty: without end.
	From, To string
	// Unit, unless empty, is the only one asked about.
	Unit string
}

func (w Window) has(month string) bool {
	return w.From <= month && (w.To == "" || month <= w.To)
}

// answers reports whether a unit is asked about; nobody answers for a fact
// without one.
func (w Window) answers(unit string) bool {
	return unit != "" && (w.Unit == "" || w.Unit == unit)
}

// stretch is the time in which a window's months lie in any zone. It spares
// judging what is months away.
type stretch struct{ from, to int64 } // seconds since 1970

func (w Window) stretch() stretch {
	const margin = 48 * time.Hour // more than zones differ by
	s := stretch{from: -1 << 62, to: 1 << 62}
	if first, err := period.ParseMonth(w.From); err == nil {
		s.from = first.Start(time.UTC).Add(-margin).Unix()
	}
	if last, err := period.ParseMonth(w.To); err == nil {
		s.to = last.End(time.UTC).Add(margin).Unix()
	}
	return s
}

func (s stretch) near(f *factv1.Fact) bool {
	at := f.OccurredAt.GetSeconds()
	return s.from <= at && at <= s.to
}
