package gateway

import (
	"context"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
)

// WhatIfTo answers a question to a reader of the test's own.
func (g *Gateway) WhatIfTo(ctx context.Context, r *apiv1.WhatIfRequest, send func(*apiv1.WhatIfResponse) error) error {
	return g.whatIf(ctx, r, send)
}
