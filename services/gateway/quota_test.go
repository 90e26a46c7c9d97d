package gateway_test

import (
	"fmt"
	"strings"
	"testing"
)

// Four faults count: one open, one closed, one that repeats the closed one, and
// one of another customer; a cancelled one does not.
func TestTheQuotaNamesTheTicketsThatCouldStillChangeIt(t *testing.T) {
	h := build(t).services().open()
	fault := func(ticket, customer string, day int) string {
		return fmt.Sprintf(`{"id":"o%[1]s","source":"s","clock":"past","occurredAt":"2026-03-%02[3]dT09:00:00+08:00","ticketOpened":{"ticket":"%[1]s",`+
			`"kind":"TICKET_KIND_FAULT","category":"no signal","unit":"chengqu","customer":"%[2]s"}}`, ticket, customer, day)
	}
	ends := func(ticket, how string, day int) string {
		return fmt.Sprintf(`{"id":"%[2]s%[1]s","source":"s","clock":"past","occurredAt":"2026-03-%02[3]dT18:00:00+08:00","%[2]s":{"ticket":"%[1]s"}}`, ticket, how, day)
	}
	events := []string{
		unit, fault("open", "K1", 2), fault("done", "K2", 2), ends("done", "ticketClosed", 3), fault("again", "K2", 5), ends("again", "ticketClosed", 6),
		fault("other", "K3", 5), ends("other", "ticketClosed", 6), fault("off", "K4", 6), ends("off", "ticketCancelled", 7),
	}
	if got := h.verdicts("[" + strings.Join(events, ",") + "]"); strings.Contains(got, "R") {
		t.Fatal(got)
	}
	if a := h.call("POST", "/v1/barriers", `{"clock":"past","to":"2026-03-11T00:00:00+08:00"}`); a.code != 200 {
		t.Fatal(a.body)
	}
	var answer struct {
		Quota struct {
			Used, Projected string
			Crossed         bool
		}
		AsOf    string
		Tickets []struct {
			Ticket, Category, Repeats string
			Open                      bool
		}
	}
	a := h.call("GET", "/v1/months/2026-03/quota?unit=chengqu", "")
	a.into(t, &answer)
	if answer.Quota.Used != "4" {
		t.Fatalf("quota: %d %s", a.code, a.body)
	}
	got := fmt.Sprint(answer.Tickets)
	if want := "[{again no signal done false} {open no signal  true}]"; got != want {
		t.Errorf("tickets %s, want %s", got, want)
	}
	if a := h.call("GET", "/v1/months/2026-03/quota?unit=chenqu", ""); a.code != 404 || !strings.Contains(a.body, "chengqu") {
		t.Errorf("an unknown unit: %d %s", a.code, a.body)
	}
}
