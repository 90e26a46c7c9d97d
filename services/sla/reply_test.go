package sla_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/words"
)

const replyLate = "reply_late/T/1"

func done(finished string) *feedv1.TicketReplied {
	r := &feedv1.TicketReplied{Result: feedv1.ReplyResult_REPLY_RESULT_DONE}
	if finished != "" {
		r.CompletedAt = stamp(finished)
	}
	return r
}

func TestAReplyExactlyAtItsLimitIsInTime(t *testing.T) {
	for replied, late := range map[string]bool{"01-06 11:59:59": false, "01-06 12:00": false, "01-06 12:00:01": true} {
		w := run(t, old("1", "01-05 10:00", &feedv1.TicketOpened{}), old("2", replied, done("01-05 12:00")))
		if !late {
			holdsNot(t, w, replyLate, "")
			continue
		}
		f := holds(t, w, replyLate, "01-06 12:00")
		want := &factv1.ReplyLate{
			Ticket: "T", Cycle: 1, FinishedAt: stamp("01-05 12:00"), DueAt: stamp("01-06 12:00"), RepliedAt: stamp(replied),
		}
		if got := f.GetReplyLate(); !proto.Equal(got, want) {
			t.Errorf("body %v, want %v", got, want)
		}
		if want := "due 2026-01-06 12:00, replied 2026-01-06 12:00:01, 1 s late"; words.Text(f.Reason).En != want {
			t.Errorf("reason %q, want %q", words.Text(f.Reason).En, want)
		}
	}
}

func TestFinishedWorkThatNobodyReportsIsLateAtItsLimit(t *testing.T) {
	w := run(t, live("1", "01-05 10:00", &feedv1.TicketOpened{}), live("2", "01-05 14:00", doneAt("01-05 12:00")),
		live("3", "01-05 15:00", &feedv1.TicketTransferred{Unit: "V"}), now("01-06 11:59:59"))
	holdsNot(t, w, replyLate, "")
	w.Do(now("01-06 12:00"))
	if got := holds(t, w, replyLate, "01-06 12:00").Route.Unit; got != "V" {
		t.Errorf("%s answers, want V, who held it then", got)
	}
	w.Do(live("4", "01-06 11:00", done("")))
	holdsNot(t, w, replyLate, "replied_in_time")
}

func TestWorkWhoseCompletionNobodyStatedCannotBeRepliedLate(t *testing.T) {
	w := run(t, live("1", "01-05 10:00", &feedv1.TicketOpened{}), live("2", "01-05 14:00", closed()), now("02-05 10:00"))
	holdsNot(t, w, replyLate, "")
}

func TestACancelledOrReopenedTicketWantsNoReply(t *testing.T) {
	for _, stop := range []any{&feedv1.TicketCancelled{}, &feedv1.TicketMerged{}, &feedv1.TicketReopened{}} {
		w := run(t, live("1", "01-05 10:00", &feedv1.TicketOpened{}), live("2", "01-05 14:00", doneAt("01-05 12:00")),
			live("3", "01-06 09:00", stop), now("01-20 00:00"))
		holdsNot(t, w, replyLate, "")
	}
	w := run(t, live("1", "01-05 10:00", &feedv1.TicketOpened{}), live("2", "01-05 14:00", doneAt("01-05 12:00")),
		now("01-07 00:00"), live("3", "01-07 09:00", &feedv1.TicketCancelled{}))
	holdsNot(t, w, replyLate, "stopped")
}
