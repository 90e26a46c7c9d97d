package door

import (
	"strings"
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// A form is told in words with an example, not as a pattern.
func TestWhatHasAFormIsToldInWords(t *testing.T) {
	for example, m := range map[string]proto.Message{
		"2026-03": &apiv1.GetMonthRequest{Month: "2026-13"},
		"1.5": &feedv1.PointsDecided{
			Decision: "D", Unit: "u", About: feedv1.DecisionAbout_DECISION_ABOUT_INSPECTION, Subject: "I", Points: "one", Person: "p", Reason: "r",
		},
	} {
		refusal := Broken(protovalidate.Validate(m))
		if refusal == nil || refusal.Code != "bad_format" || refusal.Value == "" || !strings.Contains(refusal.Text.Zh, example) ||
			!strings.Contains(refusal.Text.En, example) || strings.ContainsAny(refusal.Text.En, "[^$") {
			t.Errorf("%v: %+v", m, refusal)
		}
	}
}
