package sla

import (
	"fmt"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
)

// forwarding is one forwarding 转办 of a complaint, and the clock of its answer.
type forwarding struct {
	of       *factv1.Fact // the complaint
	step     *factv1.ComplaintStep
	answered *factv1.ComplaintStep // nil: not yet
	nth      int
	unit     string
	due      time.Time
}

// alert says what the responsible person must be told: at once that a complaint
// was forwarded, some time before the answer is due that it is still missing,
// and when it is due that it is late. What was answered before its instant is
// no news, however late that was heard.
func (d *docket) alert(f forwarding) {
	at, done := flow.Time(f.step.At), flow.Time(f.answered.GetAt())
	d.alerted(f, factv1.AlertLevel_ALERT_LEVEL_INFORMATION, at, "alert_forwarded")
	warning := d.policy.For(f.unit, at).Limits.ComplaintWarning
	if warnAt := f.due.Add(-warning); warning > 0 && warnAt.After(at) {
		d.alertUnlessAnswered(f, factv1.AlertLevel_ALERT_LEVEL_WARNING, warnAt, done, "alert_due_soon")
	}
	d.alertUnlessAnswered(f, factv1.AlertLevel_ALERT_LEVEL_BREACH, f.due, done, "alert_missed")
}

func (d *docket) alertUnlessAnswered(f forwarding, level factv1.AlertLevel, at, done time.Time, code string) {
	switch {
	case d.missed(at, done):
		d.alerted(f, level, at, code)
	case !done.IsZero():
		d.say(flow.Not(alertID(f, level), flow.Because("alert_answered", flow.Instant("done", done, d.policy.Zone(f.unit)))))
	}
}

func alertID(f forwarding, level factv1.AlertLevel) string {
	return fmt.Sprintf("complaint_alerted/%s/%d/%d", f.of.GetComplaintRecorded().Complaint, f.nth, level)
}

// alerted says one level of a forwarding.
func (d *docket) alerted(f forwarding, level factv1.AlertLevel, at time.Time, code string) {
	complaint := f.of.GetComplaintRecorded().Complaint
	d.say(&factv1.Fact{
		Id: alertID(f, level), OccurredAt: flow.At(at),
		Route: complaintRoute(f.of, f.unit), Proof: proofs(f.step.Proof),
		Reason: flow.Because(code, flow.Said("complaint", complaint), flow.Instant("due", f.due, d.policy.Zone(f.unit))),
		Body: &factv1.Fact_ComplaintAlerted{ComplaintAlerted: &factv1.ComplaintAlerted{
			Complaint: complaint, Forwarding: int32(f.nth), Level: level, Person: f.step.Person,
			ForwardedAt: f.step.At, DueAt: flow.At(f.due),
		}},
	})
}
