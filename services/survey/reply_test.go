package survey_test

import (
	"slices"
	"testing"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

func TestFalseReplies(t *testing.T) {
	claimed := reply("r", "U", done, start)
	notReached := func(said *feedv1.CallbackDone) { notDone(said); said.Reached = false }
	reallyDone := func(said *feedv1.CallbackDone) { yes := true; said.WorkDone = &yes }
	const isFalse = "T/s/r U 2026-01"
	for _, c := range []struct {
		name  string
		parts []part
		want  string
	}{
		{"a reply", []part{claimed}, ""},
		{"the callback says not done, a month later", []part{claimed, callback("c", sec(1), notDone)}, isFalse},
		{"a reply of another unit in the next month", []part{reply("r", "V", done, sec(1)), callback("c", sec(2), notDone)}, "T/s/r V 2026-02"},
		{"the callback at the reply's instant", []part{claimed, callback("c", start, notDone)}, isFalse},
		{"the callback a second before the reply", []part{claimed, callback("c", sec(-1), notDone)}, ""},
		{"not reached", []part{claimed, callback("c", sec(1), notReached)}, ""},
		{"really done", []part{claimed, callback("c", sec(1), reallyDone)}, ""},
		{"not asked", []part{claimed, callback("c", sec(1), func(*feedv1.CallbackDone) {})}, ""},
		{"the reply did not claim done", []part{reply("r", "U", inProgress, start), callback("c", sec(1), notDone)}, ""},
		{"the last reply before the callback is meant",
			[]part{claimed, reply("r2", "V", done, sec(1)), callback("c", sec(2), notDone), reply("r3", "U", done, sec(3))}, "T/s/r2 V 2026-02"},
		{"then in progress", []part{claimed, reply("p", "U", inProgress, sec(1))}, isFalse},
		{"in progress at the same instant", []part{claimed, reply("p", "U", inProgress, start)}, ""},
		{"in progress before", []part{claimed, reply("p", "U", inProgress, sec(-1))}, ""},
		{"then handed on", []part{claimed, reply("p", "U", handedOn, sec(1))}, isFalse},
		{"then transferred", []part{claimed, handOn("transferred", sec(1))}, isFalse},
		{"then suspended", []part{claimed, handOn("suspended", sec(1))}, isFalse},
		{"then reopened: rework, not false", []part{claimed, handOn("reopened", sec(1))}, ""},
		{"transferred after the closing", []part{claimed, closedAt(sec(1)), handOn("transferred", sec(2))}, ""},
		{"transferred at the closing", []part{claimed, closedAt(sec(1)), handOn("transferred", sec(1))}, ""},
		{"transferred before the closing", []part{claimed, closedAt(sec(2)), handOn("transferred", sec(1))}, isFalse},
		{"suspended after the reopening", []part{claimed, handOn("reopened", sec(1)), handOn("suspended", sec(2))}, ""},
		{"in progress after the reopening", []part{claimed, handOn("reopened", sec(1)), reply("p", "U", inProgress, sec(2))}, ""},
		{"closed before the reply", []part{claimed, closedAt(sec(-1)), handOn("transferred", sec(1))}, isFalse},
		{"two false replies", []part{claimed, handOn("transferred", sec(1)), reply("r2", "V", done, sec(2)), callback("c", sec(3), notDone)},
			isFalse + "\nT/s/r2 V 2026-02"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := holds(run(t, work(c.parts...)), flow.ReplyFalsified); got != c.want {
				t.Errorf("holds %q, want %q", got, c.want)
			}
		})
	}
}

func TestAFalseReplyIsProvedByWhatShowedItFirst(t *testing.T) {
	w := run(t, work(reply("r", "U", done, start), callback("c", sec(2), notDone), handOn("suspended", sec(1))))
	f := w.Fact("reply_falsified/T/s/r")
	if got := f.GetReplyFalsified().GetShownBy(); got != "in_progress" {
		t.Errorf("shown by %q, want in_progress", got)
	}
	if want := []string{"s/r", "s/suspended"}; !slices.Equal(f.GetProof(), want) {
		t.Errorf("proof %v, want %v", f.GetProof(), want)
	}
}

// Case 18 of the collection: the callback comes before the reply it is about.
func TestCase18CallbackBeforeReply(t *testing.T) {
	seriously := func(said *feedv1.CallbackDone) {
		notDone(said)
		said.Match = feedv1.ReplyMatch_REPLY_MATCH_SERIOUSLY_NOT
	}
	w := run(t, work(callback("c", sec(1), seriously)))
	if got := w.Facts(); len(got) != 0 {
		t.Fatalf("without a reply: %s", w.Transcript())
	}
	say(w, revised(2, work(callback("c", sec(1), seriously), reply("r", "U", done, start))))
	if got, want := holds(w, flow.ReplyFalsified), "T/s/r U 2026-01"; got != want {
		t.Errorf("falsified %q, want %q", got, want)
	}
	if got, want := holds(w, flow.ReplyContradicted), "T/s/c V 2026-02"; got != want {
		t.Errorf("contradicted %q, want %q", got, want)
	}
	say(w, revised(3, work(callback("c", sec(1), seriously), reply("r", "U", done, sec(2)))))
	for id, want := range map[string]string{"reply_falsified/T/s/r": "not_shown_false", "reply_contradicted/T/s/c": "no_reply_before"} {
		if got := w.Retraction(id).GetCode(); got != want {
			t.Errorf("the reply came later after all: %s retracted because %q, want %q", id, got, want)
		}
	}
}

func TestRepliesWithoutACause(t *testing.T) {
	for _, c := range []struct {
		name, cause, text string
		want              bool
	}{
		{"nothing", "", "", true},
		{"only a mark", "", " 。", true},
		{"handled", "", "已处理", true},
		{"handled, with marks and spaces", "", " 已 处理！", true},
		{"handled, in capitals", "", "WORK-done.", true},
		{"a word more", "", "已处理完毕换线", false},
		{"a cause", "光缆断", "已处理", false},
		{"a cause and no text", "光缆断", "", false},
		{"a cause that is none", "已处理", "已处理。", true},
		{"text that tells", "", "换了分支器", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := ""
			if c.want {
				want = "T/s/r U 2026-01"
			}
			if got := holds(run(t, work(says(c.cause, c.text))), flow.ReplyUnexplained); got != want {
				t.Errorf("holds %q, want %q", got, want)
			}
		})
	}
	progress := func(w *factv1.WorkReported) { says("", "")(w); w.Replies[0].Result = inProgress }
	if got := holds(run(t, work(progress)), flow.ReplyUnexplained); got != "" {
		t.Errorf("a reply that claims nothing done: %q", got)
	}
}

func TestAReplyCorrectedIsNoLongerUnexplained(t *testing.T) {
	w := run(t, work(says("", "已处理")))
	if got := w.Fact("reply_unexplained/T/s/r").GetReplyUnexplained().GetText(); got != "已处理" {
		t.Fatalf("text %q", got)
	}
	say(w, revised(2, work(says("光缆断", "已处理"))))
	if got := w.Retraction("reply_unexplained/T/s/r").GetCode(); got != "explained" {
		t.Errorf("retracted because %q, want explained", got)
	}
}

func TestComplaintsAboutFalseReplies(t *testing.T) {
	wrong := []part{reply("r", "U", done, start), handOn("transferred", sec(1)), reply("r2", "V", done, sec(10)), callback("c", sec(30), notDone)}
	late := func(c *factv1.ComplaintRecorded) { c.Filed.Cause = feedv1.ComplaintCause_COMPLAINT_CAUSE_LATE_WORK }
	noTicket := func(c *factv1.ComplaintRecorded) { c.Filed.Ticket = "" }
	for _, c := range []struct {
		name      string
		parts     []part
		complaint *factv1.Fact
		want      string
	}{
		{"after the first false reply", wrong, complain("K", sec(9)), "K U 2026-02"},
		{"at the second false reply", wrong, complain("K", sec(10)), "K V 2026-02"},
		{"before both", wrong, complain("K", sec(-1)), "K U 2026-01"},
		{"valid", wrong, complain("K", sec(20), verified(true)), "K V 2026-02"},
		{"invalid", wrong, complain("K", sec(20), verified(false)), ""},
		{"about late work", wrong, complain("K", sec(20), late), ""},
		{"about no ticket", wrong, complain("K", sec(20), noTicket), ""},
		{"the reply was true", wrong[:1], complain("K", sec(20)), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := holds(run(t, c.complaint, work(c.parts...)), flow.FalseReplyComplained); got != c.want {
				t.Errorf("holds %q, want %q", got, c.want)
			}
		})
	}
}

func TestAComplaintAboutAFalseReplyIsTakenBack(t *testing.T) {
	wrong := work(reply("r", "U", done, start), callback("c", sec(5), notDone))
	w := run(t, wrong, complain("K", sec(2)))
	f := w.Fact("false_reply_complained/K")
	if want := []string{"s/r", "s/K", "s/c"}; !slices.Equal(f.GetProof(), want) {
		t.Errorf("proof %v, want %v", f.GetProof(), want)
	}
	if f.GetRoute().GetComplaint() != "K" || f.GetRoute().GetTicket() != "T" {
		t.Errorf("route %v", f.GetRoute())
	}
	say(w, revised(2, complain("K", sec(2), verified(false))))
	if got := w.Retraction("false_reply_complained/K").GetCode(); got != "found_invalid" {
		t.Errorf("retracted because %q, want found_invalid", got)
	}
	say(w, revised(3, complain("K", sec(2))), revised(2, work(reply("r", "U", done, start))))
	if got := w.Retraction("false_reply_complained/K").GetCode(); got != "no_false_reply" {
		t.Errorf("retracted because %q, want no_false_reply", got)
	}
}
