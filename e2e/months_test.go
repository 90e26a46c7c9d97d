package e2e

import (
	"strings"
	"time"
)

// monthsFrom lists n months from yyyy-mm on.
func monthsFrom(first string, n int) []string {
	start, err := time.Parse("2006-01", first)
	if err != nil {
		panic(err)
	}
	var months []string
	for i := range n {
		months = append(months, start.AddDate(0, i, 0).Format("2006-01"))
	}
	return months
}

// reworkOf reads a rework fact's id: ticket_reworked/<ticket>/<n>, or
// ticket_reworked/<ticket>/again/<new ticket>.
func reworkOf(fact string) (ticket, how string) {
	parts := strings.Split(fact, "/")
	return parts[1], parts[2]
}
