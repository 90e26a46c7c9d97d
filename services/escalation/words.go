package escalation

import (
	"fmt"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/phrase"
)

func foundInvalid() *factv1.Reason {
	return flow.Because("found_invalid", "投诉经核实无效", "the complaint was verified and found invalid")
}

func unverified() *factv1.Reason {
	return flow.Because("not_verified", "投诉尚未核实，不予认定", "the complaint is not verified yet")
}

// about names the ticket a complaint is about, as the end of a sentence.
func about(c complaint) *factv1.Text {
	if t := c.Filed.GetTicket(); t != "" {
		return &factv1.Text{Zh: "（工单" + t + "）", En: " (ticket " + t + ")"}
	}
	return &factv1.Text{}
}

// levelText names a level of the ladder.
func levelText(l feedv1.ComplaintLevel) *factv1.Text {
	switch l {
	case feedv1.ComplaintLevel_COMPLAINT_LEVEL_BRANCH:
		return &factv1.Text{Zh: "分公司", En: "the branch"}
	case feedv1.ComplaintLevel_COMPLAINT_LEVEL_PROVINCE:
		return &factv1.Text{Zh: "省公司", En: "the province"}
	case feedv1.ComplaintLevel_COMPLAINT_LEVEL_ABOVE:
		return &factv1.Text{Zh: "省级以上", En: "above the province"}
	default:
		return &factv1.Text{Zh: "热线", En: "the hotline"}
	}
}

// causeText names what a complaint is about.
func causeText(c complaint) *factv1.Text {
	switch c.Filed.GetCause() {
	case feedv1.ComplaintCause_COMPLAINT_CAUSE_LATE_WORK:
		return &factv1.Text{Zh: "处理不及时", En: "late work"}
	case feedv1.ComplaintCause_COMPLAINT_CAUSE_FALSE_REPLY:
		return &factv1.Text{Zh: "虚假回单", En: "a false reply"}
	case feedv1.ComplaintCause_COMPLAINT_CAUSE_BUCK_PASSING:
		return &factv1.Text{Zh: "推诿", En: "passing the buck"}
	case feedv1.ComplaintCause_COMPLAINT_CAUSE_UNANNOUNCED_INTERRUPTION:
		return &factv1.Text{Zh: "中断未告知", En: "an unannounced interruption"}
	case feedv1.ComplaintCause_COMPLAINT_CAUSE_ATTITUDE:
		return &factv1.Text{Zh: "服务态度", En: "attitude"}
	case feedv1.ComplaintCause_COMPLAINT_CAUSE_DISCIPLINE:
		return &factv1.Text{Zh: "服务纪律", En: "discipline"}
	default:
		return &factv1.Text{Zh: "其他原因", En: "another cause"}
	}
}

func firstOfMatter() *factv1.Reason {
	return flow.Because("first_of_matter",
		"该客户就此事项的首次有效投诉", "it is the customer's first standing complaint about the matter")
}

func matterMerged() *factv1.Reason {
	return flow.Because("matter_merged",
		"工单已合并，投诉归入合并后的工单", "the ticket was merged; its complaints belong to the ticket that goes on")
}

func outsideWindow(after, window time.Duration) *factv1.Reason {
	afterZh, afterEn := phrase.Duration(after)
	windowZh, windowEn := phrase.Duration(window)
	return flow.Because("outside_window",
		fmt.Sprintf("距前一次%s，超过%s的时限", afterZh, windowZh),
		fmt.Sprintf("it came %s after the one before, outside the window of %s", afterEn, windowEn))
}

func secondReason(c, earlier complaint, ordinal int32) *factv1.Reason {
	zh, en := phrase.Duration(c.filedAt.Sub(earlier.filedAt))
	return flow.Because("second_complaint",
		fmt.Sprintf("同一客户就同一事项第%d次投诉，距上次投诉（%s）%s%s", ordinal, earlier.Complaint, zh, about(c).Zh),
		fmt.Sprintf("complaint number %d of the customer about the same matter, %s after complaint %s%s",
			ordinal, en, earlier.Complaint, about(c).En))
}
