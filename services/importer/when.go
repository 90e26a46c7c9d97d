package importer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// directives are the strftime directives a layout may use, as Go layouts. All
// take one digit or two.
var directives = map[byte]string{
	'Y': "2006", 'y': "06", 'm': "1", 'd': "2", 'b': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday",
	'H': "15", 'I': "3", 'M': "4", 'S': "5", 'p': "PM", 'z': "-0700", '%': "%",
}

// The layouts that are words.
const (
	layoutUnix      = "unix"
	layoutUnixMilli = "unix_ms"
)

// layout reads a layout of times: a word (rfc3339, unix, unix_ms), strftime
// ("%d/%m/%Y %H:%M") or Go's ("2006-01-02 15:04:05").
func layout(text string) (string, error) {
	switch {
	case text == "rfc3339":
		return time.RFC3339, nil
	case text == layoutUnix || text == layoutUnixMilli:
		return text, nil
	}
	goLayout := text
	if strings.Contains(text, "%") {
		var err error
		if goLayout, err = strftime(text); err != nil {
			return "", err
		}
	}
	if !strings.Contains(goLayout, "06") || !strings.Contains(goLayout, "2") {
		return "", errors.New("no day or no year in it")
	}
	return goLayout, nil
}

func strftime(text string) (string, error) {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			out.WriteByte(text[i])
			continue
		}
		i++
		if i == len(text) {
			return "", errors.New("it ends with %")
		}
		directive, known := directives[text[i]]
		if !known {
			return "", fmt.Errorf("%%%c is not known", text[i])
		}
		out.WriteString(directive)
	}
	return out.String(), nil
}

// errNoTime says that a value fits no layout.
var errNoTime = errors.New("not a time of any layout")

// parseTime reads a time by the mapping's layouts, in its zone unless it has an
// offset. An hour that came twice is read as its first; an hour that did not
// exist as the instant the clock had then passed.
func (m *Mapping) parseTime(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	for _, l := range m.layouts {
		if l == layoutUnix || l == layoutUnixMilli {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				if l == layoutUnix {
					return time.Unix(n, 0), nil
				}
				return time.UnixMilli(n), nil
			}
			continue
		}
		if t, err := time.ParseInLocation(l, text, m.Zone); err == nil {
			if strings.Contains(l, "07") { // the value names its offset
				return t, nil
			}
			return first(t), nil
		}
	}
	return time.Time{}, errNoTime
}

// first gives the first of the two instants with this local time.
func first(t time.Time) time.Time {
	start, _ := t.ZoneBounds()
	if start.IsZero() {
		return t
	}
	_, before := start.Add(-1).Zone()
	_, after := t.Zone()
	back := time.Duration(before-after) * time.Second
	if earlier := t.Add(-back); back > 0 && earlier.Before(start) {
		return earlier
	}
	return t
}
