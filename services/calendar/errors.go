package calendar

import (
	"errors"
	"fmt"
	"time"
)

// ErrNegativeDuration is returned by Deadline for a duration below zero.
var ErrNegativeDuration = errors.New("the duration of a commitment cannot be negative")

// MissingYearError is the alarm that a calendar which lives by yearly holiday data was asked about a year
// it has none for. Whoever sees it must add that year to the calendar; no deadline is guessed meanwhile.
type MissingYearError struct {
	Calendar string // name of the calendar
	Year     int    // Gregorian year in the calendar's zone
}

// Error tells which year of which calendar to add.
func (e *MissingYearError) Error() string {
	return fmt.Sprintf("calendar %q has no holidays for %d; add that year to its data", e.Calendar, e.Year)
}

// NoWorkingTimeError says that a deadline was asked of a calendar whose week is empty.
type NoWorkingTimeError struct {
	Calendar string // name of the calendar
}

// Error tells which calendar to give working hours.
func (e *NoWorkingTimeError) Error() string {
	return fmt.Sprintf("calendar %q has no working hours, so no deadline can be reached; give its week at least one segment", e.Calendar)
}

// HorizonError says that a deadline in working time lies more than HorizonYears after its start.
type HorizonError struct {
	Calendar string        // name of the calendar
	Start    time.Time     // instant the clock started
	Wanted   time.Duration // working time asked for
	Found    time.Duration // working time there is within the horizon, pauses taken out
}

// Error tells how far the search went and what it found.
func (e *HorizonError) Error() string {
	return fmt.Sprintf("calendar %q has only %s of the wanted %s within %d years after %s; shorten the commitment or the pauses",
		e.Calendar, e.Found, e.Wanted, HorizonYears, e.Start.Format(time.RFC3339))
}
