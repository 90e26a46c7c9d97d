package sla_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/flow/flowtest"
	"kaohe.dev/services/words"
)

const (
	startUntold = "mass_fault_untold/O/start/U"
	endUntold   = "mass_fault_untold/O/end/U"
	unannounced = "interruption_unannounced/C/O"
	unnamed     = "interruption_unannounced/C" // by a complaint that names no outage
)

func because(n, unit string) *feedv1.ComplaintFiled {
	c := filed(feedv1.ComplaintCause_COMPLAINT_CAUSE_OTHER)
	c.Complaint, c.Outage, c.Unit = n, "O", unit
	return c
}

// risen are two complaints against U because of the mass fault.
func risen(w *flowtest.World) {
	w.Do(live("c1", "01-05 10:05", because("1", "U")), live("c2", "01-05 10:10", because("2", "U")))
}

func declared() *feedv1.MassFaultDeclared {
	return &feedv1.MassFaultDeclared{Units: []string{"U", "V"}}
}

func told() *feedv1.MassFaultTold { return &feedv1.MassFaultTold{ExpectedEnd: stamp("01-05 18:00")} }

func TestTheCallCentreIsToldOfAMassFaultInTimeOrNot(t *testing.T) {
	for when, late := range map[string]bool{"01-05 10:29:59": false, "01-05 10:30": false, "01-05 10:30:01": true} {
		w := run(t, live("1", "01-05 10:00", declared()), risen, live("2", when, told()))
		if late {
			holds(t, w, startUntold, "01-05 10:30")
		} else {
			holdsNot(t, w, startUntold, "")
		}
	}
}

func TestAMassFaultIsUntoldFromItsLimitOnWhereComplaintsRose(t *testing.T) {
	w := run(t, live("1", "01-05 10:00", declared()), risen, now("01-05 10:29:59"))
	holdsNot(t, w, startUntold, "")
	w.Do(now("01-05 10:30"))
	f := holds(t, w, startUntold, "01-05 10:30")
	want := &factv1.MassFaultUntold{Outage: "O", Part: "start", Complaints: 2}
	if got := f.GetMassFaultUntold(); !proto.Equal(got, want) {
		t.Errorf("body %v, want %v", got, want)
	}
	if want := "应于 2026-01-05 10:30 前将预计恢复时间告知呼叫中心，到期未告知，引发投诉 2 起"; words.Text(f.Reason).Zh != want {
		t.Errorf("reason %q, want %q", words.Text(f.Reason).Zh, want)
	}
	if len(f.Proof) != 3 {
		t.Errorf("proof %v, want the declaration and both complaints", f.Proof)
	}
	if n := len(w.Kind(flow.MassFaultUntold)); n != 1 {
		t.Errorf("%d facts, want one: nobody complained about V", n)
	}
	w.Do(live("3", "01-05 10:20", told()))
	holdsNot(t, w, startUntold, "told_in_time")
}

func TestOneComplaintOrAnInvalidOneIsNoRise(t *testing.T) {
	w := run(t, live("1", "01-05 10:00", declared()), live("c1", "01-05 10:05", because("1", "U")), now("01-05 12:00"))
	holdsNot(t, w, startUntold, "")
	w.Do(live("c2", "01-05 13:00", because("2", "U")))
	holds(t, w, startUntold, "01-05 10:30")
	w.Do(live("c3", "01-05 14:00", &feedv1.ComplaintVerified{Complaint: "2", Valid: false}))
	holdsNot(t, w, startUntold, "complaints_did_not_rise")
}

func TestToldWithoutAnExpectedEndIsNotTold(t *testing.T) {
	w := run(t, live("1", "01-05 10:00", declared()), risen, live("2", "01-05 10:15", &feedv1.MassFaultTold{}), now("01-05 10:30"))
	holds(t, w, startUntold, "01-05 10:30")
}

func TestTheEndOfAMassFaultMustBeToldToo(t *testing.T) {
	w := run(t, live("1", "01-05 10:00", declared()), risen, live("2", "01-05 10:10", told()),
		live("3", "01-05 15:00", &feedv1.MassFaultRestored{}), now("01-05 15:59:59"))
	holdsNot(t, w, endUntold, "")
	w.Do(now("01-05 16:00"))
	holds(t, w, endUntold, "01-05 16:00")
	w.Do(live("4", "01-05 17:00", &feedv1.MassFaultRestored{ToldAt: stamp("01-05 16:00")}))
	holdsNot(t, w, endUntold, "told_in_time")
	holdsNot(t, w, startUntold, "")
}

func TestAMassFaultOverBeforeTheLimitHadNoEndToExpect(t *testing.T) {
	w := run(t, live("1", "01-05 10:00", declared()), risen, live("2", "01-05 10:30", &feedv1.MassFaultRestored{}), now("01-05 10:45"))
	holdsNot(t, w, startUntold, "")
}

func interrupted(outage string) *feedv1.ComplaintFiled {
	c := filed(feedv1.ComplaintCause_COMPLAINT_CAUSE_UNANNOUNCED_INTERRUPTION)
	c.Outage = outage
	return c
}

func planned(notice, customers string) *feedv1.InterruptionPlanned {
	p := &feedv1.InterruptionPlanned{StartsAt: stamp("01-06 10:00")}
	if notice != "" {
		p.NoticeAt = stamp(notice)
	}
	if customers != "" {
		p.CustomersToldAt = stamp(customers)
	}
	return p
}

func TestAnInterruptionIsAnnouncedADayAheadAndToCustomers(t *testing.T) {
	for _, c := range []struct{ notice, customers, missing string }{
		{"01-05 10:00", "01-06 10:00", ""},
		{"01-05 10:00:01", "01-06 09:00", "notice"},
		{"", "01-06 09:00", "notice"},
		{"01-05 10:00", "01-06 10:00:01", "customers"},
		{"01-05 10:00", "", "customers"},
		{"", "", "both"},
	} {
		w := run(t, old("1", "01-04 10:00", planned(c.notice, c.customers)), old("2", "01-06 11:00", interrupted("O")))
		if c.missing == "" {
			holdsNot(t, w, unannounced, "")
			continue
		}
		f := holds(t, w, unannounced, "01-06 11:00")
		want := &factv1.InterruptionUnannounced{Outage: "O", Complaint: "C", Missing: c.missing}
		if got := f.GetInterruptionUnannounced(); !proto.Equal(got, want) {
			t.Errorf("%v: body %v, want %v", c, got, want)
		}
		if f.Route.Unit != "U" || f.Route.Complaint != "C" || f.Route.Outage != "O" {
			t.Errorf("%v: route %v", c, f.Route)
		}
	}
}

func TestAnInterruptionNobodyKnowsOfWasNotAnnounced(t *testing.T) {
	for _, outage := range []string{"", "O"} {
		w := run(t, live("1", "01-06 11:00", interrupted(outage)))
		id := unnamed
		if outage != "" {
			id = unannounced
		}
		if got := holds(t, w, id, "01-06 11:00").GetInterruptionUnannounced(); got.Outage != "" || got.Missing != "both" {
			t.Errorf("outage %q: %v", outage, got)
		}
	}
}

func TestAnAnnouncementHeardOfLaterRetracts(t *testing.T) {
	w := run(t, live("1", "01-06 11:00", interrupted("O")), live("2", "01-04 10:00", planned("01-04 09:00", "01-05 09:00")))
	holdsNot(t, w, unannounced, "announced")
}

func TestAComplaintFoundInvalidOrAboutAFaultIsNoUnannouncedInterruption(t *testing.T) {
	w := run(t, live("1", "01-06 11:00", interrupted("")), live("2", "01-07 11:00", &feedv1.ComplaintVerified{Valid: false}))
	holdsNot(t, w, unnamed, "found_invalid")
	w = run(t, live("1", "01-06 11:00", interrupted("O")), live("2", "01-06 10:00", declared()))
	holdsNot(t, w, unannounced, "not_planned")
}

func TestAComplaintThatNamesItsOutageLaterMovesThere(t *testing.T) {
	w := run(t, live("2", "01-06 11:00", interrupted("")), live("3", "01-04 10:00", planned("", "")),
		live("1", "01-06 10:30", interrupted("O")))
	if got := holds(t, w, unannounced, "01-06 10:30"); got.Route.Outage != "O" {
		t.Errorf("judged with outage %q, want O", got.Route.Outage)
	}
}
