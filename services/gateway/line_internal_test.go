package gateway

import (
	"testing"
	"time"
)

// mill is a clock, and works off a line at a rate.
type mill struct {
	at   time.Time
	line line
	done []func()
}

func newMill() *mill {
	m := &mill{at: time.Unix(0, 0)}
	m.line = newLine(func() time.Time { return m.at })
	return m
}

// offer offers a push and reports whether it was taken in.
func (m *mill) offer(token string, bytes int64) bool {
	done, ok := m.line.join(token, bytes)
	if ok {
		m.done = append(m.done, done)
	}
	return ok
}

// work finishes the first in the line, which takes its time.
func (m *mill) work(took time.Duration) {
	m.at = m.at.Add(took)
	m.done[0]()
	m.done = m.done[1:]
}

func TestTheLineIsAsLongAsTheRateAllows(t *testing.T) {
	const push = 64 << 10
	for _, rate := range []int{1 << 20, 4 << 20, 20 << 20} {
		m := newMill()
		tokens := []string{"a", "b", "c", "d", "e"}
		for range 2000 { // far more is offered than is worked off
			for _, token := range tokens {
				for m.offer(token, push) {
				}
			}
			m.work(time.Duration(push * int(time.Second) / rate))
		}
		held := time.Duration(float64(m.line.waiting) / float64(rate) * float64(time.Second))
		if held < maxWait*8/10 || held > maxWait*12/10 {
			t.Errorf("at %d bytes a second the line takes %s, allowed is %s", rate, held, maxWait)
		}
	}
}

func TestAFloodFillsItsOwnShareOfTheLine(t *testing.T) {
	m := newMill()
	for m.offer("flood", 10_000) {
	}
	if !m.offer("quiet", 10_000) {
		t.Error("another token does not get in beside a flood")
	}
	if m.offer("flood", 1) {
		t.Error("the flood gets in again")
	}
	for len(m.done) > 0 {
		m.work(time.Millisecond)
	}
	if !m.offer("flood", maxBody) {
		t.Error("the largest push does not get into an empty line")
	}
	if m.line.wait() == 0 {
		t.Error("a push that comes now would not wait")
	}
}

func TestALineThatGoesSlowlyIsNotShutForEver(t *testing.T) {
	m := newMill()
	for range 50 {
		if !m.offer("a", 1000) {
			t.Fatal("a small push into an empty line is refused")
		}
		m.work(10 * time.Second)
	}
	m.at = m.at.Add(time.Hour)
	for range 100 {
		if !m.offer("a", 1000) {
			t.Fatal("few small pushes are refused because the ones before were slow")
		}
	}
}
