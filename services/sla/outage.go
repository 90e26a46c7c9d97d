package sla

import (
	"cmp"
	"slices"
	"strings"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
)

// outage judges a mass fault and the complaints that name an outage, which may
// not be known itself.
func (d *docket) outage(facts []*factv1.Fact) {
	var outage *factv1.Fact
	var complaints []*factv1.Fact
	for _, f := range facts {
		if f.GetOutageRecorded() != nil {
			outage = f
		} else if f.GetComplaintRecorded() != nil {
			complaints = append(complaints, f)
		}
	}
	slices.SortStableFunc(complaints, func(a, b *factv1.Fact) int {
		return cmp.Or(flow.Time(a.OccurredAt).Compare(flow.Time(b.OccurredAt)), strings.Compare(a.Id, b.Id))
	})
	if outage.GetOutageRecorded().GetDeclaredAt() != nil {
		d.massFault(outage, complaints)
	}
	for _, f := range complaints {
		if f.GetComplaintRecorded().GetFiled().GetCause() == interruption {
			d.interruption(f, outage)
		}
	}
}

// duty is one thing the call centre had to be told of a mass fault (六.4).
type duty struct {
	part string // "start" or "end"
	due  time.Time
	told time.Time // zero: not told
	moot bool      // there is nothing to tell
}

// massFault judges for each unit whether the call centre was told in time of
// the fault and of its end, where complaints rose.
func (d *docket) massFault(f *factv1.Fact, complaints []*factv1.Fact) {
	r := f.GetOutageRecorded()
	for i, unit := range r.Units {
		if slices.Contains(r.Units[:i], unit) {
			continue
		}
		limits := &d.policy.For(unit, flow.Time(r.DeclaredAt)).Limits
		because := causedBy(complaints, unit)
		start := duty{
			part: "start",
			due:  flow.Time(r.DeclaredAt).Add(limits.MassFaultTold), told: flow.Time(r.ToldAt),
		}
		restored := flow.Time(r.RestoredAt)
		// A fault that was over before the limit had no end left to expect.
		start.moot = start.told.IsZero() && !restored.IsZero() && !restored.After(start.due)
		end := duty{
			part: "end",
			due:  restored.Add(limits.MassFaultEndTold), told: flow.Time(r.EndToldAt), moot: restored.IsZero(),
		}
		d.untold(f, unit, start, because, limits.ComplaintsRose)
		d.untold(f, unit, end, because, limits.ComplaintsRose)
	}
}

// causedBy gives the complaints against a unit that were not found invalid.
func causedBy(complaints []*factv1.Fact, unit string) []*factv1.Fact {
	var stand []*factv1.Fact
	for _, f := range complaints {
		if f.Route.GetUnit() == unit && !invalid(f.GetComplaintRecorded()) {
			stand = append(stand, f)
		}
	}
	return stand
}

func invalid(r *factv1.ComplaintRecorded) bool { return r.Valid != nil && !*r.Valid }

func (d *docket) untold(f *factv1.Fact, unit string, duty duty, complaints []*factv1.Fact, rose int) {
	r := f.GetOutageRecorded()
	id := "mass_fault_untold/" + r.Outage + "/" + duty.part + "/" + unit
	switch {
	case duty.moot:
		d.say(flow.Not(id, flow.Because("nothing_to_tell")))
		return
	case len(complaints) < rose:
		d.say(flow.Not(id, flow.Because("complaints_did_not_rise")))
		return
	case !d.missed(duty.due, duty.told):
		d.say(flow.Not(id, flow.Because("told_in_time")))
		return
	}
	proof := slices.Clone(f.Proof)
	for _, c := range complaints {
		proof = append(proof, c.Proof...)
	}
	d.say(&factv1.Fact{
		Id: id, OccurredAt: flow.At(duty.due), Reason: d.untoldReason(unit, duty, len(complaints)),
		Proof: proofs(proof...), Route: &factv1.Route{Unit: unit, Outage: r.Outage},
		Body: &factv1.Fact_MassFaultUntold{MassFaultUntold: &factv1.MassFaultUntold{
			Outage: r.Outage, Part: duty.part, Complaints: int32(len(complaints)),
		}},
	})
}

func (d *docket) untoldReason(unit string, duty duty, complaints int) *factv1.Reason {
	zone := d.policy.Zone(unit)
	by, rose := flow.Instant("due", duty.due, zone), flow.Count("complaints", complaints)
	if duty.told.IsZero() {
		return flow.Because("not_told_"+duty.part, by, rose)
	}
	return flow.Because("told_late_"+duty.part, by, flow.Instant("done", duty.told, zone), rose)
}
