package again

import (
	"testing"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
)

// What only reads may be asked twice, and what is recognised; a token that is
// made twice is two tokens.
func TestOnlyWhatChangesNothingIsAskedTwice(t *testing.T) {
	for method, want := range map[string]bool{
		apiv1.FeedService_PushEvents_FullMethodName:       true,
		apiv1.FeedService_AwaitBarrier_FullMethodName:     true,
		apiv1.ScoreService_ListUnits_FullMethodName:       true,
		apiv1.ScoreService_ListScorecards_FullMethodName:  true,
		apiv1.TokenService_CreateToken_FullMethodName:     false,
		apiv1.WebhookService_CreateWebhook_FullMethodName: false,
		"/kaohe.api.v1.ScoreService/NoSuchCall":           false,
	} {
		if got := repeatable(method); got != want {
			t.Errorf("%s may be made twice: %v", method, got)
		}
	}
}
