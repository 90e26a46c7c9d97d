// Package pause says how long to wait before what failed is tried again: longer
// each time while it fails, and half as much more or less by chance, so that
// those who failed together do not come again together.
//
// In flow nothing but the wish for a pause, out flow pauses. Never here: what is
// tried, and when to give up.
package pause

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// spread is how much a pause differs by chance, as a share of it.
const spread = 0.5

// Pause gives one pause after the other. It is for one goroutine.
type Pause struct{ waits backoff.ExponentialBackOff }

// Between gives pauses that begin with the first and double up to the longest.
func Between(first, longest time.Duration) *Pause {
	return &Pause{backoff.ExponentialBackOff{
		InitialInterval: first, MaxInterval: longest, Multiplier: 2, RandomizationFactor: spread,
	}}
}

// Next gives the next pause.
func (p *Pause) Next() time.Duration { return p.waits.NextBackOff() }

// Reset begins with the first again: what was tried got on.
func (p *Pause) Reset() { p.waits.Reset() }

// Sleep waits, and reports whether the context lived on meanwhile.
func Sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
