package escalation

import (
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

func foundInvalid() *factv1.Reason { return flow.Because("found_invalid") }

func unverified() *factv1.Reason { return flow.Because("not_verified") }

// about names the ticket of a complaint, if it has one.
func about(c complaint) *factv1.Arg {
	ticket := c.Filed.GetTicket()
	if ticket == "" {
		return flow.Part("ticket", nil)
	}
	return flow.Part("ticket", flow.Because("about_ticket", flow.Said("ticket", ticket)))
}

// levelOf names where a complaint came to.
func levelOf(l feedv1.ComplaintLevel) *factv1.Arg {
	code := "level_hotline"
	switch l {
	case feedv1.ComplaintLevel_COMPLAINT_LEVEL_BRANCH:
		code = "level_branch"
	case feedv1.ComplaintLevel_COMPLAINT_LEVEL_PROVINCE:
		code = "level_province"
	case feedv1.ComplaintLevel_COMPLAINT_LEVEL_ABOVE:
		code = "level_above"
	}
	return flow.Part("level", flow.Because(code))
}

// causeOf names what a customer complains about.
func causeOf(c complaint) *factv1.Arg {
	code := "cause_other"
	switch c.Filed.GetCause() {
	case feedv1.ComplaintCause_COMPLAINT_CAUSE_LATE_WORK:
		code = "cause_late_work"
	case feedv1.ComplaintCause_COMPLAINT_CAUSE_FALSE_REPLY:
		code = "cause_false_reply"
	case feedv1.ComplaintCause_COMPLAINT_CAUSE_BUCK_PASSING:
		code = "cause_buck_passing"
	case feedv1.ComplaintCause_COMPLAINT_CAUSE_UNANNOUNCED_INTERRUPTION:
		code = "cause_interruption"
	case feedv1.ComplaintCause_COMPLAINT_CAUSE_ATTITUDE:
		code = "cause_attitude"
	case feedv1.ComplaintCause_COMPLAINT_CAUSE_DISCIPLINE:
		code = "cause_discipline"
	}
	return flow.Part("cause", flow.Because(code))
}

func firstOfMatter() *factv1.Reason { return flow.Because("first_of_matter") }

func matterMerged() *factv1.Reason { return flow.Because("matter_merged") }

func outsideWindow(after, window time.Duration) *factv1.Reason {
	return flow.Because("outside_window", flow.Length("after", after), flow.Length("window", window))
}

func secondReason(c, earlier complaint, ordinal int32) *factv1.Reason {
	return flow.Because("second_complaint", flow.Count("ordinal", ordinal), flow.Length("after", c.filedAt.Sub(earlier.filedAt)),
		flow.Said("earlier", earlier.Complaint), about(c))
}
