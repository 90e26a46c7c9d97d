package door

import (
	"testing"
	"time"
)

// A clock that is set back takes nothing back: what was seen has passed, and
// time goes on.
func TestWhatHasPassedDoesNotComeBack(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	p := &passed{}
	for _, step := range []struct {
		name      string
		now, want time.Time
	}{
		{"the first look", noon, noon},
		{"a minute later", noon.Add(time.Minute), noon.Add(time.Minute)},
		{"a day back", noon.AddDate(0, 0, -1), noon.Add(time.Minute)},
		{"a minute later again", noon.AddDate(0, 0, -1).Add(time.Minute), noon.Add(2 * time.Minute)},
	} {
		if got := p.by(step.now); !got.Equal(step.want) {
			t.Errorf("%s: %s has passed, want %s", step.name, got, step.want)
		}
	}
	p = &passed{}
	p.seen(noon)
	if got := p.by(noon.AddDate(0, 0, -1)); !got.Equal(noon) {
		t.Errorf("the log has an event of %s, and %s has passed", noon, got)
	}
}
