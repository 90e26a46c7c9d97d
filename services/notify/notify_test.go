package notify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/notify"
)

func TestWhatHappensIsToldSignedWithTheNumbersOfNow(t *testing.T) { // 34
	h, r := build(t), receive(t)
	h.card = &ledgerv1.Scorecard{Total: "95.00", Quota: &ledgerv1.Quota{Used: 3, Limit: "15"}, Sequence: 7}
	h.hook(r, &statev1.Webhook{})
	h.start(quick())
	reversal := posting("R1", func(e *ledgerv1.Entry) {
		e.Type, e.Reverses, e.Points = ledgerv1.EntryType_ENTRY_TYPE_REVERSAL, "E1", "5.00"
	})
	h.record(posting("E1"), warning("N1"), reversal)
	r.waits("E1", "N1", "R1")
	var kinds []string
	for _, e := range r.taken {
		kinds = append(kinds, fmt.Sprint(e.Type(), " ", e.Subject(), " ", e.Extensions()["unit"], " ", e.Extensions()["level"]))
	}
	want := []string{
		notify.TypePosted + " ticket/T chengqu breach", notify.TypeRaised + " complaint/C chengqu warning", notify.TypeReversed + " ticket/T chengqu breach",
	}
	if !slices.Equal(kinds, want) {
		t.Errorf("told %v, want %v", kinds, want)
	}
	n := r.data(0)
	if n.GetEntry().GetId() != "E1" || n.Standing.GetTotal() != "95.00" || n.Standing.Quota.GetUsed() != 3 || n.SentAt == nil || n.GetEntry().Sequence == 0 {
		t.Errorf("data %v", n)
	}
	if got := r.data(1).GetNotice(); got.GetPerson() != "Li" {
		t.Errorf("notice %v", got)
	}
}

func TestTheNumbersOfARetryAreThoseOfTheRetry(t *testing.T) { // 34
	h, r := build(t), receive(t)
	h.card = &ledgerv1.Scorecard{Total: "95.00"}
	h.hook(r, &statev1.Webhook{})
	r.answers(func(_ event.Event, nth int) int {
		if nth == 1 {
			h.set(func() { h.card = &ledgerv1.Scorecard{Total: "90.00"} })
			return http.StatusBadGateway
		}
		return http.StatusOK
	})
	h.start(quick())
	h.record(posting("E1"))
	r.waits("E1")
	if got := r.data(0).Standing.Total; got != "90.00" {
		t.Errorf("standing at %s, want that of the second attempt", got)
	}
}

func TestFiltersByUnitRuleAndLevel(t *testing.T) {
	h := build(t)
	other := func(e *ledgerv1.Entry) { e.Unit = "xinqu" }
	bonus := func(e *ledgerv1.Entry) { e.Rule, e.Points = "customer_praised", "3.00" }
	filters := map[string]struct {
		filter *statev1.Webhook
		want   []string
	}{
		"unit":         {&statev1.Webhook{Units: []string{"xinqu"}}, []string{"E2"}},
		"rule":         {&statev1.Webhook{Rules: []string{"customer_praised", "none"}}, []string{"E3"}},
		"level":        {&statev1.Webhook{Levels: []factv1.AlertLevel{factv1.AlertLevel_ALERT_LEVEL_WARNING, factv1.AlertLevel_ALERT_LEVEL_INFORMATION}}, []string{"E3", "N4"}},
		"all together": {&statev1.Webhook{Units: []string{"xinqu"}, Rules: []string{"customer_praised"}}, nil},
		"none":         {&statev1.Webhook{}, []string{"E1", "E2", "E3", "N4"}},
	}
	receivers := map[string]*receiver{}
	for name, c := range filters {
		receivers[name] = receive(t)
		h.hook(receivers[name], c.filter)
	}
	h.start(quick())
	h.record(posting("E1"), posting("E2", other), posting("E3", bonus), warning("N4"))
	receivers["none"].waits(filters["none"].want...)
	for name, c := range filters {
		receivers[name].waits(c.want...)
	}
}

// What is before and after is told by the ledger, not by the clock of who
// recognised it, which may be a day behind.
func TestAnImportAndTheTimeBeforeTellNobody(t *testing.T) { // 13
	h, first, r := build(t), receive(t), receive(t)
	h.hook(first, &statev1.Webhook{})
	h.record(posting("Ebefore"))
	end, err := h.bus.End(t.Context(), bus.Ledger)
	if err != nil {
		t.Fatal(err)
	}
	h.hook(r, &statev1.Webhook{After: end})
	h.start(quick())
	h.record(
		posting("Eimported", func(e *ledgerv1.Entry) { e.Clock = "import:boston" }),
		posting("Elive", func(e *ledgerv1.Entry) { e.DetectedAt = flow.At(time.Now().AddDate(0, 0, -1)) }),
	)
	r.waits("Elive")
	first.waits("Ebefore", "Elive")
}

func TestARestartSendsNothingAgain(t *testing.T) { // 26, 31
	h, r := build(t), receive(t)
	h.hook(r, &statev1.Webhook{})
	stop := h.start(quick())
	h.record(posting("E1"), posting("E2"))
	r.waits("E1", "E2")
	stop()
	h.record(posting("E3"), posting("E1")) // E1 is said again by a service that did its work again
	stop = h.start(quick())
	r.waits("E1", "E2", "E3")
	stop()
	h.start(quick())
	h.record(posting("E4"))
	r.waits("E1", "E2", "E3", "E4")
}

func TestWhatIsOnItsWayAtAStopIsHeardToTheEnd(t *testing.T) { // 26, 31
	h, r := build(t), receive(t)
	id := h.hook(r, &statev1.Webhook{})
	asked, answer := make(chan struct{}), make(chan struct{})
	r.answers(func(event.Event, int) int {
		close(asked)
		<-answer
		return http.StatusNoContent
	})
	n := h.notifier(quick())
	h.record(posting("E1"))
	<-asked
	now, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.Stop(now); !errors.Is(err, context.Canceled) {
		t.Fatalf("the stop did not wait for what is on its way: %v", err)
	}
	close(answer)
	must(t, n.Stop(t.Context()))
	if d := h.letters(id, notify.Delivered, 1)[0]; d.Attempts != 1 {
		t.Errorf("sent %d times: %v", d.Attempts, d)
	}
}

func TestACrashBehindTheReadingLosesAndRepeatsNothing(t *testing.T) {
	h, r := build(t), receive(t)
	h.hook(r, &statev1.Webhook{})
	crashes := 3
	h.fault = func(boundary string) error {
		if boundary == notify.BoundaryRead && crashes > 0 {
			crashes--
			return errCrash
		}
		return nil
	}
	h.start(quick())
	h.record(posting("E1"), posting("E2"))
	r.waits("E1", "E2")
}

func TestACrashBehindTheSendingSendsAgainUnderTheSameID(t *testing.T) {
	h, r := build(t), receive(t)
	id := h.hook(r, &statev1.Webhook{})
	crashed := false
	h.fault = func(boundary string) error {
		if boundary == notify.BoundarySent && !crashed {
			crashed = true
			return errCrash
		}
		return nil
	}
	h.start(quick())
	h.record(posting("E1"))
	r.waits("E1", "E1") // at least once: the receiver knows it by its id
	if d := h.letters(id, notify.Delivered, 1)[0]; d.Attempts != 2 {
		t.Errorf("the attempt that crashed was not counted: %v", d)
	}
}

func TestADeadLetterIsKeptSeenAndReplayed(t *testing.T) {
	h, r := build(t), receive(t)
	r.answers(always(http.StatusInternalServerError))
	id := h.hook(r, &statev1.Webhook{})
	retry := quick()
	retry.GiveUp = 40 * time.Millisecond
	h.start(retry)
	h.record(posting("E1"), warning("N2"))
	letters := h.letters(id, notify.Dead, 2)
	for _, d := range letters {
		if d.Status != 500 || d.Error == "" || d.Attempts == 0 {
			t.Errorf("a dead letter that does not say why: %v", d)
		}
	}
	r.answers(nil)
	if n, err := h.hooks.Replay(t.Context(), id, []string{"N2"}); n != 1 || err != nil {
		t.Fatalf("replayed %d, %v", n, err)
	}
	r.waits("N2")
	if n, err := h.hooks.Replay(t.Context(), id, nil); n != 1 || err != nil {
		t.Fatalf("replayed %d, %v", n, err)
	}
	r.waits("N2", "E1")
	h.letters(id, notify.Dead, 0)
}

func TestGoneDisablesUntilItIsReplayed(t *testing.T) {
	h, r := build(t), receive(t)
	r.answers(always(http.StatusGone))
	id := h.hook(r, &statev1.Webhook{})
	h.start(quick())
	h.record(posting("E1"))
	h.letters(id, notify.Dead, 1)
	await(t, func() error {
		var enabled error
		err := h.hooks.Each(t.Context(), func(_ string, w *statev1.Webhook, _, _ int64) {
			if w.DisabledAt == nil || w.DisabledBecause.GetEn() == "" {
				enabled = fmt.Errorf("not disabled: %v", w)
			}
		})
		return errors.Join(err, enabled)
	})
	h.record(posting("E2"))
	h.letters(id, notify.Dead, 2)
	if got := r.tries("E2"); got != 0 {
		t.Errorf("a disabled webhook was tried %d times", got)
	}
	r.answers(nil)
	_, err := h.hooks.Replay(t.Context(), id, nil)
	must(t, err)
	r.waits("E1", "E2")
}

func TestASlowReceiverDelaysNobody(t *testing.T) {
	h, slow, quickly := build(t), receive(t), receive(t)
	release := make(chan struct{})
	slow.Server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	h.hook(slow, &statev1.Webhook{})
	h.hook(quickly, &statev1.Webhook{})
	h.start(quick())
	var want []string
	for i := range 50 {
		want = append(want, fmt.Sprintf("E%02d", i))
		h.record(posting(want[i]))
	}
	quickly.waits(want...)
	close(release)
}

func TestAFullQueueMakesDeadLetters(t *testing.T) {
	h, r := build(t), receive(t)
	h.most = 2
	r.answers(always(http.StatusServiceUnavailable))
	id := h.hook(r, &statev1.Webhook{})
	h.start(notify.Retry{First: time.Minute, Longest: time.Minute, GiveUp: time.Hour})
	h.record(posting("E1"), posting("E2"), posting("E3"))
	if d := h.letters(id, notify.Dead, 1)[0]; d.Id != "E3" || !strings.Contains(d.Error, "full") {
		t.Errorf("dead: %v", d)
	}
	h.letters(id, notify.Pending, 2)
}

func TestATestIsSentOnce(t *testing.T) {
	h, r := build(t), receive(t)
	id := h.hook(r, &statev1.Webhook{Units: []string{"another"}})
	h.start(quick())
	delivery, err := h.hooks.Test(t.Context(), id)
	must(t, err)
	r.waits(delivery)
	r.answers(always(http.StatusTeapot))
	delivery, err = h.hooks.Test(t.Context(), id)
	must(t, err)
	if d := h.letters(id, notify.Dead, 1)[0]; d.Id != delivery || d.Attempts != 1 || d.Status != http.StatusTeapot {
		t.Errorf("a test that was refused: %v", d)
	}
}

func TestARemovedWebhookIsToldNothingMore(t *testing.T) {
	h, r := build(t), receive(t)
	id := h.hook(r, &statev1.Webhook{})
	other := receive(t)
	h.hook(other, &statev1.Webhook{})
	h.start(quick())
	h.record(posting("E1"))
	r.waits("E1")
	must(t, h.hooks.Delete(t.Context(), id))
	h.record(posting("E2"))
	other.waits("E1", "E2")
	r.waits("E1")
	if _, err := h.hooks.Test(t.Context(), id); err == nil {
		t.Error("a removed webhook can be tested")
	}
}

func TestALedgerThatIsBuiltAnewTellsOnlyWhatIsNew(t *testing.T) {
	h, r := build(t), receive(t)
	h.hook(r, &statev1.Webhook{})
	stop := h.start(quick())
	longAgo := posting("E1")
	h.record(longAgo, posting("E2"))
	r.waits("E1", "E2")
	stop()
	must(t, notify.Hush(t.Context(), h.store))
	must(t, h.bus.Forget(t.Context(), bus.Ledger))
	must(t, h.bus.Ensure(t.Context()))
	h.record(
		posting("Eold", func(e *ledgerv1.Entry) { e.DetectedAt = flow.At(time.Now().Add(-time.Hour)) }), // it was told under another id
		longAgo, posting("E2"), posting("E3"))
	h.start(quick())
	r.waits("E1", "E2", "E3")
}

func TestALedgerThatWasLostIsReadAnewInQuiet(t *testing.T) {
	h, r := build(t), receive(t)
	h.hook(r, &statev1.Webhook{})
	stop := h.start(quick())
	h.record(posting("E1"))
	h.record(posting("E2"))
	r.waits("E1", "E2")
	stop()
	must(t, h.bus.Forget(t.Context(), bus.Ledger))
	must(t, h.bus.Ensure(t.Context()))
	h.start(quick())
	h.record(posting("E3"))
	r.waits("E1", "E2", "E3")
}
