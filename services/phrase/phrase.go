// Package phrase puts instants and durations into the words of reasons.
//
// In flow instants, zones and durations; out flow short texts in Chinese and
// English. Never here: a decision, or the present time.
package phrase

import (
	"strconv"
	"time"
)

// Instant reads an instant on the local clock of a zone, to the minute, or to
// the second where it does not fall on a minute: 2026-01-03 10:00. A nil zone
// is UTC, an absent instant a dash.
func Instant(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "—"
	}
	if zone == nil {
		zone = time.UTC
	}
	layout := "2006-01-02 15:04"
	if t.Nanosecond() != 0 || t.Second() != 0 {
		layout = "2006-01-02 15:04:05"
	}
	return t.In(zone).Format(layout)
}

// Duration says how long something took, in whole seconds: 2小时30分 and
// 2 h 30 min. Seconds are left out from an hour on; days are 24 hours. A
// negative duration is said without its sign.
func Duration(d time.Duration) (zh, en string) {
	seconds := int64(d.Abs() / time.Second)
	if seconds == 0 {
		return "不到1秒", "less than 1 s"
	}
	units := [...]struct {
		length int64
		zh, en string
	}{{86400, "天", "d"}, {3600, "小时", "h"}, {60, "分", "min"}, {1, "秒", "s"}}
	long := seconds >= 3600
	for _, u := range units {
		n := seconds / u.length
		seconds %= u.length
		if n == 0 || (u.length == 1 && long) {
			continue
		}
		if en != "" {
			en += " "
		}
		number := strconv.FormatInt(n, 10)
		zh, en = zh+number+u.zh, en+number+" "+u.en
	}
	return zh, en
}
