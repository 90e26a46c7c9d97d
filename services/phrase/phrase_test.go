package phrase_test

import (
	"testing"
	"time"

	"kaohe.dev/services/phrase"
)

func TestInstantReadsTheLocalClock(t *testing.T) {
	shanghai := time.FixedZone("Asia/Shanghai", 8*3600)
	for _, c := range []struct {
		at   time.Time
		zone *time.Location
		want string
	}{
		{time.Date(2026, 1, 3, 2, 0, 0, 0, time.UTC), shanghai, "2026-01-03 10:00"},
		{time.Date(2026, 1, 2, 16, 0, 0, 0, time.UTC), shanghai, "2026-01-03 00:00"},
		{time.Date(2026, 1, 3, 2, 0, 5, 0, time.UTC), shanghai, "2026-01-03 10:00:05"},
		{time.Date(2026, 1, 3, 2, 0, 0, 0, time.UTC), nil, "2026-01-03 02:00"},
		{time.Time{}, shanghai, "—"},
	} {
		if got := phrase.Instant(c.at, c.zone); got != c.want {
			t.Errorf("Instant(%s) = %q, want %q", c.at, got, c.want)
		}
	}
}

func TestDurationNamesItsLargestUnits(t *testing.T) {
	for _, c := range []struct {
		d      time.Duration
		zh, en string
	}{
		{150 * time.Minute, "2小时30分", "2 h 30 min"},
		{26 * time.Hour, "1天2小时", "1 d 2 h"},
		{24*time.Hour + 30*time.Second, "1天", "1 d"},
		{90 * time.Second, "1分30秒", "1 min 30 s"},
		{time.Second, "1秒", "1 s"},
		{999 * time.Millisecond, "不到1秒", "less than 1 s"},
		{-2 * time.Hour, "2小时", "2 h"},
	} {
		if zh, en := phrase.Duration(c.d); zh != c.zh || en != c.en {
			t.Errorf("Duration(%s) = %q, %q, want %q, %q", c.d, zh, en, c.zh, c.en)
		}
	}
}
