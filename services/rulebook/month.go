package rulebook

import (
	"fmt"
	"time"
)

// The years whose months are named ahead: a month is asked for with every fact.
const (
	firstYear = 2000
	lastYear  = 2099
)

var monthNames = func() (names [(lastYear - firstYear + 1) * 12]string) {
	for i := range names {
		names[i] = fmt.Sprintf("%04d-%02d", firstYear+i/12, 1+i%12)
	}
	return names
}()

// MonthOf names the month (yyyy-mm) of an instant in its own zone.
func MonthOf(at time.Time) string {
	year, month, _ := at.Date()
	if year < firstYear || year > lastYear {
		return at.Format("2006-01")
	}
	return monthNames[(year-firstYear)*12+int(month)-1]
}
