package gateway_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	"kaohe.dev/services/gateway"
)

type audited struct {
	Sequence, Who, Name, What string
	At                        time.Time
	Event                     struct {
		ID       string
		CallMade struct{ Call, About, Detail, Name, Role string }
	}
}

// short says who did what.
func (a audited) short() string {
	what := a.What
	if a.Event.CallMade.Call != "" {
		what = a.Event.CallMade.Call
	}
	return a.Who + " " + what
}

// trail reads the whole trail, page by page.
func (h *house) trail(query url.Values) (all []audited, raw string) {
	h.t.Helper()
	for {
		a := h.call("GET", "/v1/audit?"+query.Encode(), "")
		var page struct {
			Records       []audited
			NextPageToken string
		}
		if a.code != 200 {
			h.t.Fatalf("%d %s", a.code, a.body)
		}
		a.into(h.t, &page)
		all, raw = append(all, page.Records...), raw+a.body
		if query.Set("page_token", page.NextPageToken); page.NextPageToken == "" {
			return all, raw
		}
	}
}

func shorts(all []audited) string {
	var lines []string
	for _, a := range all {
		lines = append(lines, a.short())
	}
	return strings.Join(lines, "\n")
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestEveryWriteIsInTheTrailWithWhoAndWhen(t *testing.T) {
	const phone = "13912345678"
	log := &lockedBuffer{}
	h := build(t).services()
	h.change = func(o *gateway.Options) { o.Logger = slog.New(slog.NewTextHandler(log, nil)) }
	h.open()
	began := time.Now()
	h.verdicts(unit)
	ctx, c := h.dial(token)
	tokens := apiv1.NewTokenServiceClient(c)
	made, err := tokens.CreateToken(ctx, &apiv1.CreateTokenRequest{Name: "96766", Role: contractv1.Role_ROLE_FEED})
	must(t, err)
	customer := strings.Replace(opened("1"), `"ticket":"T1"`, `"ticket":"T1","customer":"`+phone+`"`, 1)
	if got := h.verdicts(customer, "Authorization", "Bearer "+made.Secret); got != "A" {
		t.Fatalf("a ticket: %s", got)
	}
	// What he may not send, what he may not call, and what nobody may say.
	h.verdicts(strings.Replace(unit, `"id":"u"`, `"id":"`+phone+`"`, 1), "Authorization", "Bearer "+made.Secret)
	h.call("GET", "/v1/audit", "", "Authorization", "Bearer "+made.Secret)
	if got := h.verdicts(`{"id":"x","source":"kaohe","occurredAt":"2026-03-02T09:00:00Z","callMade":{"call":"CreateToken"}}`); got != "R(permission_denied call_made)" {
		t.Errorf("a call that nobody made: %s", got)
	}
	_, err = tokens.RevokeToken(ctx, &apiv1.RevokeTokenRequest{Id: made.Token.Id})
	must(t, err)
	h.call("POST", "/v1/barriers", "{}")
	verify, err := apiv1.NewScoreServiceClient(c).VerifyMonth(ctx, &apiv1.VerifyMonthRequest{Month: "2026-03"})
	must(t, err)
	for err == nil {
		_, err = verify.Recv()
	}
	export, err := apiv1.NewLogServiceClient(c).ExportEvents(ctx, &apiv1.ExportEventsRequest{SealOnly: true})
	must(t, err)
	for err == nil {
		_, err = export.Recv()
	}
	all, raw := h.trail(url.Values{})
	want := strings.ReplaceAll("admin unit_registered\nadmin CreateToken\nID ticket_opened\nadmin RevokeToken\nadmin clock_advanced\n"+
		"admin VerifyMonth\nadmin clock_advanced\nadmin ExportEvents\nadmin clock_advanced", "ID", made.Token.Id)
	if got := shorts(all); got != want {
		t.Errorf("the trail:\n%s\nwant:\n%s", got, want)
	}
	for _, a := range all {
		if a.At.Before(began.Add(-time.Minute)) || a.At.After(time.Now().Add(time.Minute)) || a.Name == "" {
			t.Errorf("%s at %s by %q", a.short(), a.At, a.Name)
		}
	}
	if made := all[1].Event.CallMade; made.Detail != `name="96766" role=feed` || made.Role != "administrator" || made.About == "" {
		t.Errorf("what is said of a token: %+v", made)
	}
	for what, text := range map[string]string{"trail": raw, "log": log.String()} {
		if strings.Contains(text, phone) || strings.Contains(text, made.Secret) {
			t.Errorf("the %s has the customer's number or a secret:\n%s", what, text)
		}
	}
	for _, call := range []string{"PushEvents", "ListAudit"} {
		if !strings.Contains(log.String(), "a call was refused") || !strings.Contains(log.String(), "who="+made.Token.Id+" name=96766 role=feed call="+call) {
			t.Errorf("the log does not tell who was refused %s:\n%s", call, log)
		}
	}
}

func TestTheTrailByWhoWhatAndWhen(t *testing.T) {
	h := build(t).open()
	if all, _ := h.trail(url.Values{}); len(all) != 0 {
		t.Errorf("an empty log: %v", all)
	}
	h.verdicts("[" + unit + "," + opened("1") + "," + opened("2") + "]") // in one message
	feed := h.tokenFor(contractv1.Role_ROLE_FEED)
	h.verdicts(opened("3"), "Authorization", "Bearer "+feed)
	whole, _ := h.trail(url.Values{})
	if len(whole) != 5 {
		t.Fatalf("the trail:\n%s", shorts(whole))
	}
	paged, _ := h.trail(url.Values{"page_size": {"1"}})
	if shorts(paged) != shorts(whole) {
		t.Errorf("one by one:\n%s\nat once:\n%s", shorts(paged), shorts(whole))
	}
	his, _ := h.trail(url.Values{"who": {whole[4].Who}})
	if len(his) != 1 || his[0].Event.ID != "3" || his[0].Name != "ROLE_FEED" {
		t.Errorf("his: %+v", his)
	}
	calls, _ := h.trail(url.Values{"what": {"call_made"}})
	if len(calls) != 1 || calls[0].Event.CallMade.Call != "CreateToken" {
		t.Errorf("calls: %+v", calls)
	}
	later, _ := h.trail(url.Values{"since": {whole[3].At.Format(time.RFC3339Nano)}})
	if len(later) != 2 || later[0].Sequence != whole[3].Sequence {
		t.Errorf("since the fourth: %s", shorts(later))
	}
	if none, _ := h.trail(url.Values{"since": {time.Now().AddDate(1, 0, 0).Format(time.RFC3339)}}); len(none) != 0 {
		t.Errorf("since next year: %s", shorts(none))
	}
	for _, bad := range []string{"page_token=x", "page_token=99999999999", "page_size=1001"} {
		a := h.call("GET", "/v1/audit?"+bad, "")
		var problem struct{ Code, Field string }
		if json.Unmarshal([]byte(a.body), &problem) != nil || a.code != 400 || !strings.HasPrefix(bad, problem.Field) {
			t.Errorf("%s: %d %s", bad, a.code, a.body)
		}
	}
}
