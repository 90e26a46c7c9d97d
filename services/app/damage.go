package app

import (
	"fmt"
	"strings"
	"time"
)

// Damage is something that is not as it was left.
type Damage struct {
	// Where is a stream, or a file of the data directory.
	Where string
	// From and To are the messages of a stream that are missing; 0: none are, or it
	// cannot be told which.
	From, To uint64
	// Earliest and Latest are when the messages before and behind them were stored;
	// zero: there is none.
	Earliest, Latest time.Time
	// What is wrong.
	What string
}

// String tells it in one line.
func (d Damage) String() string {
	var text strings.Builder
	text.WriteString(d.Where)
	switch {
	case d.From > 0 && d.To > d.From:
		fmt.Fprintf(&text, ", messages %d to %d", d.From, d.To)
	case d.From > 0:
		fmt.Fprintf(&text, ", message %d", d.From)
	}
	if d.From > 0 && !(d.Earliest.IsZero() && d.Latest.IsZero()) {
		fmt.Fprintf(&text, " (stored between %s and %s)", instant(d.Earliest, "the beginning"), instant(d.Latest, "the end"))
	}
	return text.String() + ": " + d.What
}

func instant(t time.Time, otherwise string) string {
	if t.IsZero() {
		return otherwise
	}
	return t.UTC().Format(time.RFC3339)
}

// DamagedError says that something is damaged that nothing else in the data
// directory can replace. Nothing was changed.
type DamagedError struct {
	Dir     string
	Damages []Damage
}

// maxLines is how many damages an error tells one by one.
const maxLines = 20

// Error tells what is damaged, and what to do.
func (e *DamagedError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "the data directory %s is not as it was left:", e.Dir)
	for i, d := range e.Damages {
		if i == maxLines {
			fmt.Fprintf(&text, "\n  and %d more", len(e.Damages)-i)
			break
		}
		text.WriteString("\n  " + d.String())
	}
	fmt.Fprintf(&text, "\nnothing was changed. Put back what is damaged from a copy, or run kaohe mend --data %s (with --backup DIR, if there is a "+
		"backup): it keeps a copy of what is damaged, mends the rest, and takes back from the backup what is missing; what no backup has can be sent again", e.Dir)
	return text.String()
}
