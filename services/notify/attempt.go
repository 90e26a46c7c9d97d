package notify

import (
	"fmt"
	"net/http"
	"time"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
)

// Retry says when what was not taken is tried again.
type Retry struct {
	// First is the pause after the first attempt; each next one is three times as
	// long, up to Longest, and up to a fifth longer or shorter by chance.
	First, Longest time.Duration
	// GiveUp is how long after it was queued a notification becomes a dead letter.
	GiveUp time.Duration
}

// DefaultRetry tries some fifteen times in three days: after 5 s, 15 s, 45 s, …,
// at last every six hours.
func DefaultRetry() Retry {
	return Retry{First: 5 * time.Second, Longest: 6 * time.Hour, GiveUp: 72 * time.Hour}
}

// Validate reports what cannot work.
func (r Retry) Validate() error {
	if r.First <= 0 || r.Longest < r.First || r.GiveUp < 0 {
		return fmt.Errorf("--webhook-retry %s and --webhook-give-up %s: give a first pause between 0 and %s, and an age that is not negative",
			r.First, r.GiveUp, r.Longest)
	}
	return nil
}

// pause is how long to wait after the nth attempt; chance is from 0 to 1.
func (r Retry) pause(attempts int32, chance float64) time.Duration {
	pause := r.First
	for range attempts - 1 {
		if pause = 3 * pause; pause >= r.Longest {
			pause = r.Longest
			break
		}
	}
	return time.Duration(float64(pause) * (0.8 + 0.4*chance))
}

// begin notes an attempt before it is made. Should nothing be heard of it, it is
// made again when its pause is over.
func begin(d *statev1.Delivery, r Retry, now time.Time, chance float64) {
	d.Attempts++
	d.TriedAt = flow.At(now)
	d.NextAt = flow.At(now.Add(r.pause(d.Attempts, chance)))
	d.Status, d.Said, d.Error = 0, "", "no answer was noted: the process ended meanwhile"
}

// answer is what a receiver said.
type answer struct {
	status int           // 0: nothing
	err    error         // why nothing was said
	after  time.Duration // when it wants to be asked again; 0: it did not say
	body   string        // the beginning of it
}

// taken reports whether the receiver has the notification.
func (a answer) taken() bool { return a.status >= 200 && a.status < 300 }

// gone reports whether the receiver wants nothing more, ever.
func (a answer) gone() bool { return a.status == http.StatusGone }

// troubled reports whether the receiver is in trouble altogether, and not only
// with this one notification.
func (a answer) troubled() bool {
	return a.status < 400 && !a.taken() || a.status >= 500 || a.status == http.StatusRequestTimeout || a.status == http.StatusTooManyRequests
}

// end notes what became of an attempt that began.
func end(d *statev1.Delivery, a answer, r Retry) {
	d.Status, d.Error, d.Said = int32(a.status), a.why(), a.body
	if a.taken() {
		d.State, d.Said = Delivered, ""
		return
	}
	if wanted := flow.Time(d.TriedAt).Add(min(a.after, r.Longest)); wanted.After(flow.Time(d.NextAt)) {
		d.NextAt = flow.At(wanted)
	}
	tooLate := flow.Time(d.NextAt).After(flow.Time(d.QueuedAt).Add(r.GiveUp))
	if a.gone() || tooLate || d.Record == nil { // a test is made once
		d.State, d.NextAt = Dead, nil
	}
}

func (a answer) why() string {
	switch {
	case a.taken():
		return ""
	case a.err != nil:
		return a.err.Error()
	case a.status >= 300 && a.status < 400:
		return fmt.Sprintf("answered %d: redirects are not followed; register the address it redirects to", a.status)
	}
	return fmt.Sprintf("answered %d", a.status)
}
