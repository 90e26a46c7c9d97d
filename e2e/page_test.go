package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// aMonth is a unit with one ticket that was closed too late, and a hall that
// nobody has assessed but for one item.
const aMonth = `[
{"id":"u","source":"registry","occurredAt":"2026-01-01T00:00:00+08:00","unitRegistered":{"unit":"chengqu","nameZh":"城区营业部","nameEn":"Urban outlet","kind":"UNIT_KIND_OUTLET","customers":"20000"}},
{"id":"o","source":"96766","occurredAt":"2026-03-02T09:00:00+08:00","ticketOpened":{"ticket":"T1","kind":"TICKET_KIND_FAULT","unit":"chengqu","customer":"C1","dueAt":"2026-03-03T09:00:00+08:00"}},
{"id":"c","source":"96766","occurredAt":"2026-03-04T09:00:00+08:00","ticketClosed":{"ticket":"T1"}}]`

// waivedItems waives all items of the hall but one.
func waivedItems() string {
	var events []string
	for _, item := range []string{"H1", "H2", "H3", "H4", "H5", "H6", "H7", "H8", "H9", "H10"} {
		events = append(events, `{"id":"w`+item+`","source":"desk","occurredAt":"2026-04-01T09:00:00+08:00","itemWaived":{"unit":"chengqu","month":"2026-03","item":"`+item+`","person":"孙莉","reason":"停业装修"}}`)
	}
	return "[" + strings.Join(events, ",") + "]"
}

func (s *server) pushes(events string) {
	s.t.Helper()
	if code := s.call("POST", "/v1/events", events, nil); code != http.StatusOK {
		s.t.Fatalf("push: status %d", code)
	}
	if code := s.call("POST", "/v1/barriers", "{}", nil); code != http.StatusOK {
		s.t.Fatalf("barrier: status %d", code)
	}
}

// standing gives the one entry that counts.
func (s *server) standing() string {
	s.t.Helper()
	for _, e := range s.entries("2026-03", "unit=chengqu") {
		if e.Type == "ENTRY_TYPE_POSTING" && e.State == "ENTRY_STATE_ACTIVE" {
			return e.ID
		}
	}
	s.t.Fatal("no entry counts")
	return ""
}

// tokenOf makes a token for a role.
func (s *server) tokenOf(role, name string, more ...string) string {
	s.t.Helper()
	lines := strings.Fields(s.mustKaohe(append([]string{"token", "create", "--role", role, "--name", name}, more...)...))
	for _, word := range lines {
		if strings.HasPrefix(word, "kaohe") && len(word) > 20 {
			return word
		}
	}
	s.t.Fatalf("no token in %q", lines)
	return ""
}

// TestAMonthOnThePage: a unit manager objects to an entry, the assessor upholds
// it, waives what is missing, closes and publishes; what comes late is approved
// by the committee. Everybody is offered what his role may do, and all of it by
// the keyboard.
func TestAMonthOnThePage(t *testing.T) {
	t.Parallel()
	path := findBrowser(t)
	s := up(t, t.TempDir())
	s.pushes(aMonth)
	s.pushes(waivedItems())
	overdue := s.standing()
	unit := view(t, path, s, s.tokenOf("unit-manager", "王站长", "--unit", "chengqu"), "en")
	desk := view(t, path, s, s.tokenOf("assessor", "孙莉"), "zh")

	objectAndUphold(t, unit, desk, overdue)
	decideWhatWaits(t, s, unit, desk)
	closeAndPublish(t, unit, desk)
	approveWhatCameLate(t, path, s, unit)
	s.verify("2026-03")
}

// objectAndUphold: the entry is shown with what took it back.
func objectAndUphold(t *testing.T, unit, desk *browser, overdue string) {
	t.Helper()
	unit.press(key("unit/chengqu"))
	unit.shows("#sheet", "CS10", "−5.00", "provisional", "Urban outlet", "weight 50%")
	unit.focused("unit/chengqu")
	if unit.offers(key("closeMonth")) || unit.offers(".missing") {
		t.Error("a unit manager is offered to close a month")
	}
	unit.press(key("entry/" + overdue))
	unit.press(key("raise"))
	unit.fill("#ask-grounds", "the customer was away")
	unit.fill("#ask-evidence", "https://kaohe.example/1.pdf recording")
	unit.confirm()
	unit.shows("#detail .objection", "waits for a decision · assessor", "the customer was away", "recording")
	unit.picture("objection-raised")
	if unit.offers(key("raise")) || unit.offers("[data-key$='/decide']") {
		t.Error("a unit manager is offered a second objection, or to decide his own")
	}
	unit.press("#close")
	unit.focused("entry/" + overdue)

	desk.press("#language") // reads again; it is in English now
	desk.shows("#objections", "waits for a decision 1")
	desk.press("#language")
	desk.shows("#objections", "等待裁定 1")
	desk.press("#objections [data-key$='/decide']")
	desk.fill("#ask-reason", "核实录音")
	desk.confirm()
	desk.shows("#objections", "成立", "核实录音")
	desk.press("#objections [data-key$='/entry']")
	desk.shows("#detail .history .reversed.open", "−5.00", "已冲销")
	desk.shows("#detail .history", "+5.00", "核实录音")
	desk.picture("objection-upheld")
	desk.press("#close")
	unit.shows(".entry.reversed", "taken back") // live, without anything done
	unit.shows("#sheet tfoot", "100.00")
}

// decideWhatWaits: thanks at a callback are on the work list, for the assessor to
// decide.
func decideWhatWaits(t *testing.T, s *server, unit, desk *browser) {
	t.Helper()
	s.pushes(`[{"id":"cb","source":"96766","occurredAt":"2026-03-05T09:00:00+08:00","callbackDone":{"ticket":"T1","unit":"chengqu","reached":true,"thanksPoints":2}}]`)
	for range 2 { // reads again, each time in the other language
		desk.press("#language")
		unit.press("#language")
	}
	desk.shows("#work", "待办 3", "感谢加分", "待关账", "H11", "已逾期")
	unit.shows("#work", "thanks")
	if unit.offers("#work .primary") {
		t.Error("a unit manager is offered to decide")
	}
	desk.picture("work")
	desk.press("#work .primary")
	desk.fill("#ask-reason", "录音核实")
	desk.picture("work-decide")
	desk.confirm()
	desk.shows("#work", "待办 2")
	unit.shows("#cards", "101.00")
}

func closeAndPublish(t *testing.T, unit, desk *browser) {
	t.Helper()
	desk.shows("#life", "进行中", "未评定的项目 1", "2026/04/10", "已逾期")
	desk.press(".missing summary")
	desk.press(key("waive/month/chengqu/H11"))
	desk.fill("#ask-reason", "停业装修")
	desk.confirm()
	desk.shows("#life", "没有未评定的项目")
	for _, step := range [][2]string{{"startClosing", "关账中"}, {"closeMonth", "已关账"}, {"publishMonth", "已公布"}} {
		desk.press(key(step[0]))
		desk.confirm()
		desk.shows(".steps .now", step[1])
	}
	desk.picture("month-published")
	if desk.offers(key("publishMonth")) || desk.offers(key("closeMonth")) {
		t.Error("a published month is offered to be closed or published again")
	}
	unit.shows(".steps .now", "published")
}

// approveWhatCameLate: a second ticket, overdue in the month, is only heard of
// now.
func approveWhatCameLate(t *testing.T, path string, s *server, unit *browser) {
	t.Helper()
	s.pushes(`[{"id":"o2","source":"96766","occurredAt":"2026-03-12T09:00:00+08:00","ticketOpened":{"ticket":"T2","kind":"TICKET_KIND_FAULT","unit":"chengqu","customer":"C2","dueAt":"2026-03-13T09:00:00+08:00"}},
{"id":"c2","source":"96766","occurredAt":"2026-03-14T09:00:00+08:00","ticketClosed":{"ticket":"T2"}}]`)
	committee := view(t, path, s, s.tokenOf("committee", "考核小组"), "zh")
	committee.shows(".restatement", "101.00 → 98.50", "新增", "CS10", "10.00", "5.00")
	committee.picture("late")
	committee.press(key("approve/chengqu"))
	committee.fill("#ask-reason", "补录")
	committee.confirm()
	committee.press(key("unit/chengqu"))
	committee.shows("#version", "关账时 · 101.00", "更正 1")
	committee.shows("#sheet tfoot", "98.50")
	committee.do("choose the sheet as closed", chromedp.SetValue("#version", "0", chromedp.ByQuery), chromedp.Evaluate(`document.querySelector("#version").dispatchEvent(new Event("change"))`, nil))
	committee.shows("#sheet tfoot", "101.00")
	committee.picture("as-closed")
	handsIn(t, committee, "101.00")
	unit.shows("#cards", "98.50")
}

// TestALinkDoesNotChangeWhoIsSignedIn: a link with a token signs in who is not,
// and asks who is; when he declines he stays who he was.
func TestALinkDoesNotChangeWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	path := findBrowser(t)
	s := up(t, t.TempDir())
	s.pushes(aMonth)
	own, other := s.tokenOf("assessor", "孙莉"), s.tokenOf("committee", "别人")
	b := launch(t, path)
	open := func(token string) {
		t.Helper()
		b.do("leave the page", chromedp.Navigate("about:blank"))
		b.do("open a link", chromedp.Navigate("http://"+s.http+"/#month=2026-03&lang=zh&token="+token), chromedp.WaitVisible("#cards tr", chromedp.ByQuery))
	}
	kept := func(want string) {
		t.Helper()
		await(t, "the token that is kept", func() error {
			var token string
			if err := chromedp.Run(b.ctx, chromedp.Evaluate(`localStorage.getItem('kaohe.token') + location.hash`, &token)); err != nil || token != want {
				return errors.Join(err, fmt.Errorf("%q is kept, want %q", token, want))
			}
			return nil
		})
	}
	open(own)
	kept(own)
	open(other)
	b.shows("dialog[open]", "改用链接中的令牌？", "孙莉", "别人")
	b.picture("link-asks")
	kept(own)
	b.press("#ask [type=button]")
	kept(own)
	open("no-such-token")
	kept(own)
	open(other)
	b.confirm()
	kept(other)
}
