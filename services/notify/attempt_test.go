package notify

import (
	"net/http"
	"testing"
	"time"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func delivery() *statev1.Delivery {
	return &statev1.Delivery{Id: "E1", State: Pending, Record: &ledgerv1.Record{}, QueuedAt: flow.At(noon), NextAt: flow.At(noon)}
}

func TestAReceiverThatIsAwayIsTriedFifteenTimesInThreeDays(t *testing.T) {
	d, now := delivery(), noon
	var pauses []time.Duration
	for d.State == Pending {
		now = d.NextAt.AsTime()
		begin(d, DefaultRetry(), now, 0.5)
		end(d, answer{status: http.StatusBadGateway}, DefaultRetry())
		if d.State == Pending {
			pauses = append(pauses, d.NextAt.AsTime().Sub(now))
		}
	}
	if d.Attempts < 15 || d.Attempts > 20 || now.Sub(noon) < 60*time.Hour || now.Sub(noon) > 72*time.Hour {
		t.Errorf("given up after %d attempts and %s", d.Attempts, now.Sub(noon))
	}
	if pauses[0] != 5*time.Second || pauses[1] != 15*time.Second || pauses[len(pauses)-1] != 6*time.Hour {
		t.Errorf("pauses %v", pauses)
	}
}

func TestChanceSpreadsAttemptsByAFifth(t *testing.T) {
	r := DefaultRetry()
	if least, most := r.pause(1, 0), r.pause(1, 1); least != 4*time.Second || most != 6*time.Second {
		t.Errorf("from %s to %s", least, most)
	}
}

func TestAReceiverMaySayWhenToComeAgain(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"120": 2 * time.Minute, noon.Add(time.Minute).Format(http.TimeFormat): time.Minute, "soon": 0, "": 0, "-5": 0,
	} {
		if got := retryAfter(header, noon); got != want {
			t.Errorf("Retry-After %q: %s, want %s", header, got, want)
		}
	}
	d := delivery()
	begin(d, DefaultRetry(), noon, 0.5)
	end(d, answer{status: http.StatusTooManyRequests, after: 2 * time.Minute}, DefaultRetry())
	if got := d.NextAt.AsTime().Sub(noon); got != 2*time.Minute {
		t.Errorf("tried again after %s", got)
	}
}

func TestOnlyTheReceiverAsAWholeIsLeftInPeace(t *testing.T) {
	for status, troubled := range map[int]bool{
		0: true, 200: false, 204: false, 302: true, 400: false, 404: false, 408: true, 410: false, 422: false, 429: true, 500: true, 503: true,
	} {
		if got := (answer{status: status}).troubled(); got != troubled {
			t.Errorf("%d: troubled %v", status, got)
		}
	}
}
