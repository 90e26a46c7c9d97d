package survey_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

func matches(m feedv1.ReplyMatch) func(*feedv1.CallbackDone) {
	return func(said *feedv1.CallbackDone) { said.Match = m }
}

func thanks(points int32) func(*feedv1.CallbackDone) {
	return func(said *feedv1.CallbackDone) { said.ThanksPoints = points }
}

func satisfied(yes bool) func(*feedv1.CallbackDone) {
	return func(said *feedv1.CallbackDone) { said.Satisfied = &yes }
}

func TestCallbacksThatContradictTheReply(t *testing.T) {
	no, seriously := feedv1.ReplyMatch_REPLY_MATCH_NO, feedv1.ReplyMatch_REPLY_MATCH_SERIOUSLY_NOT
	replied := reply("r", "U", inProgress, start)
	for _, c := range []struct {
		name    string
		parts   []part
		want    string
		serious bool
	}{
		{"no", []part{replied, callback("c", sec(1), matches(no))}, "T/s/c V 2026-02", false},
		{"seriously not", []part{replied, callback("c", sec(1), matches(seriously))}, "T/s/c V 2026-02", true},
		{"at the reply's instant", []part{replied, callback("c", start, matches(no))}, "T/s/c V 2026-01", false},
		{"a second before the reply", []part{replied, callback("c", sec(-1), matches(no))}, "", false},
		{"yes", []part{replied, callback("c", sec(1), matches(feedv1.ReplyMatch_REPLY_MATCH_YES))}, "", false},
		{"not asked", []part{replied, callback("c", sec(1), matches(0))}, "", false},
		{"not reached", []part{replied, callback("c", sec(1), func(s *feedv1.CallbackDone) { s.Match, s.Reached = no, false })}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := run(t, work(c.parts...))
			if got := holds(w, flow.ReplyContradicted); got != c.want {
				t.Errorf("holds %q, want %q", got, c.want)
			}
			if got := w.Fact("reply_contradicted/T/s/c").GetReplyContradicted().GetSerious(); got != c.serious {
				t.Errorf("serious %t, want %t", got, c.serious)
			}
		})
	}
}

func TestSatisfactionSaidAtCallbacks(t *testing.T) {
	w := run(t, work(callback("a", start, satisfied(true)), callback("b", sec(1), satisfied(false)),
		callback("c", sec(2), func(*feedv1.CallbackDone) {}),
		callback("d", sec(3), func(s *feedv1.CallbackDone) { satisfied(false)(s); s.Reached = false })))
	if got, want := holds(w, flow.CallbackRated), "T/s/a V 2026-01\nT/s/b V 2026-02"; got != want {
		t.Errorf("holds %q, want %q", got, want)
	}
	for id, want := range map[string]bool{"a": true, "b": false} {
		if got := w.Fact("callback_rated/T/s/" + id).GetCallbackRated().GetSatisfied(); got != want {
			t.Errorf("%s satisfied %t, want %t", id, got, want)
		}
	}
	say(w, revised(2, work(callback("a", start, func(*feedv1.CallbackDone) {}))))
	if got := w.Retraction("callback_rated/T/s/a").GetCode(); got != "not_asked" {
		t.Errorf("retracted because %q, want not_asked", got)
	}
}

func TestThanksCountAsGranted(t *testing.T) {
	for _, c := range []struct {
		name  string
		parts []part
		want  int32
	}{
		{"not decided", []part{callback("c", sec(1), thanks(2))}, 0},
		{"granted less", []part{callback("c", sec(1), thanks(2)), granted(1)}, 1},
		{"granted more than three", []part{callback("c", sec(1), thanks(3)), granted(4)}, 3},
		{"refused", []part{callback("c", sec(1), thanks(2)), granted(0)}, 0},
		{"none proposed", []part{callback("c", sec(1), thanks(0)), granted(2)}, 0},
		{"not reached", []part{callback("c", sec(1), func(s *feedv1.CallbackDone) { s.ThanksPoints, s.Reached = 2, false }), granted(2)}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := run(t, work(c.parts...))
			if got := w.Fact("customer_thanked/T/s/c").GetCustomerThanked().GetGranted(); got != c.want {
				t.Errorf("granted %d, want %d", got, c.want)
			}
		})
	}
	w := run(t, work(callback("c", sec(1), thanks(2)), granted(1)))
	if got, want := holds(w, flow.CustomerThanked), "T/s/c V 2026-02"; got != want {
		t.Errorf("holds %q, want %q", got, want)
	}
	if got, want := w.Fact("customer_thanked/T/s/c").GetProof(), []string{"s/c", "desk/thanks"}; !slices.Equal(got, want) {
		t.Errorf("proof %v, want %v", got, want)
	}
	say(w, revised(2, work(callback("c", sec(1), thanks(2)), granted(0))))
	if got := w.Retraction("customer_thanked/T/s/c").GetCode(); got != "refused" {
		t.Errorf("retracted because %q, want refused", got)
	}
}

func TestEachPraiseCounts(t *testing.T) {
	praise := func(id, unit string) *factv1.Fact {
		return &factv1.Fact{
			Id: "praise_received/" + id, Revision: 1, OccurredAt: flow.At(start), Proof: []string{id}, Route: &factv1.Route{Unit: unit},
			Body: &factv1.Fact_PraiseReceived{PraiseReceived: &factv1.PraiseReceived{Said: &feedv1.PraiseGiven{
				Unit: unit, Ticket: "T", Customer: "C", Agent: "A",
			}}},
		}
	}
	first := praise("s/1", "U")
	w := run(t, first, praise("s/2", "V"), first)
	if got, want := holds(w, flow.CustomerPraised), "s/1 U 2026-01\ns/2 V 2026-01"; got != want {
		t.Errorf("holds %q, want %q", got, want)
	}
	if got := w.Fact("customer_praised/s/1").GetCustomerPraised(); got.GetTicket() != "T" || got.GetAgent() != "A" {
		t.Errorf("praised %v", got)
	}
	withdrawn := &factv1.Fact{Id: first.Id, Revision: 2, Retracted: true, Kind: "praise_received", Route: proto.CloneOf(first.Route)}
	say(w, withdrawn)
	if w.Fact("customer_praised/s/1") != nil {
		t.Error("holds after the praise was withdrawn")
	}
}
