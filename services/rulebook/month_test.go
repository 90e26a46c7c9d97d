package rulebook

import (
	"testing"
	"time"
)

func TestAMonthIsNamedAsItIsWritten(t *testing.T) {
	china := time.FixedZone("", 8*60*60)
	for at := time.Date(1998, 12, 31, 20, 0, 0, 0, time.UTC); at.Year() < 2102; at = at.AddDate(0, 0, 1) {
		for _, in := range []time.Time{at, at.In(china)} {
			if got, want := MonthOf(in), in.Format("2006-01"); got != want {
				t.Fatalf("%s: month %s, want %s", in, got, want)
			}
		}
	}
}
