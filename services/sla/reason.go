package sla

import (
	"errors"
	"fmt"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/calendar"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/phrase"
)

// words name what had to be done: the codes of done late and of not done, and
// the verb in both languages.
type words struct{ late, open, zh, en string }

var (
	completionWords = words{codeCompletedLate, codeNotCompleted, "完成", "completed"}
	replyWords      = words{"replied_late", "not_replied", "回单", "replied"}
	answerWords     = words{"answered_late", "not_answered", "答复", "answered"}
)

// lateReason says by when something had to be done and when it was; a zero
// done means not at all.
func lateReason(w words, due, done time.Time, zone *time.Location) *factv1.Reason {
	by := phrase.Instant(due, zone)
	if done.IsZero() {
		return flow.Because(w.open, "应于 "+by+" 前"+w.zh+"，到期未"+w.zh, "due "+by+", not "+w.en+" by then")
	}
	at := phrase.Instant(done, zone)
	zh, en := phrase.Duration(done.Sub(due))
	return flow.Because(w.late,
		"应于 "+by+" 前"+w.zh+"，实际 "+at+" "+w.zh+"，超时 "+zh,
		"due "+by+", "+w.en+" "+at+", "+en+" late")
}

func metReason(j *judgement, zone *time.Location) *factv1.Reason {
	by, at := phrase.Instant(j.due, zone), phrase.Instant(j.done, zone)
	return flow.Because(codeMet, "应于 "+by+" 前完成，实际 "+at+" 完成，未超时", "due "+by+", completed "+at+", in time")
}

// stillReason says why nothing is violated although nothing was completed.
func stillReason(j *judgement, zone *time.Location) *factv1.Reason {
	due := phrase.Instant(j.due, zone)
	switch j.code {
	case codeCancelled:
		return flow.Because(j.code, "工单已撤销，不再计时", "the ticket was cancelled, its clocks stand")
	case codeMerged:
		into := j.record.MergedInto
		return flow.Because(j.code, "工单已并入 "+into+"，在该工单中计时", "the ticket was merged into "+into+" and is judged there")
	case codeNoCommitment:
		return flow.Because(j.code, "工单已无承诺时限", "no commitment holds for the ticket any more")
	case codeSuspended:
		return flow.Because(j.code, "工单挂起中，承诺时限暂停", "the ticket is suspended, the commitment clock stands")
	case codePromiseMoved:
		return flow.Because(j.code, "已与客户改约至 "+due, "the customer agreed to "+due)
	case codeReopened:
		return flow.Because(j.code, "到期前已返工，由新一轮计时", "reopened before it was due, the new cycle is judged")
	case codeNotDueYet:
		return flow.Because(j.code, "应于 "+due+" 前完成，时限未到", "due "+due+", not due yet")
	}
	return unknownReason(j)
}

// unknownReason is the alarm that a deadline cannot be told, and what to do.
func unknownReason(j *judgement) *factv1.Reason {
	var missing *calendar.MissingYearError
	switch {
	case j.code == codeUnknownClass:
		return flow.Because(j.code,
			fmt.Sprintf("考核办法 %s 中没有承诺类别“%s”，请补充", j.book.Version, j.class),
			fmt.Sprintf("rulebook %s has no commitment class %q; add it", j.book.Version, j.class))
	case errors.As(j.err, &missing):
		return flow.Because(j.code,
			fmt.Sprintf("日历 %s 缺少 %d 年的节假日数据，无法计算时限，请补充", missing.Calendar, missing.Year),
			fmt.Sprintf("calendar %s has no holiday data for %d, so no deadline is computed; add the year", missing.Calendar, missing.Year))
	}
	return flow.Because(j.code, fmt.Sprintf("承诺类别“%s”无法计算时限，请检查日历", j.class),
		fmt.Sprintf("no deadline can be computed for class %q; check its calendar: %v", j.class, j.err))
}
