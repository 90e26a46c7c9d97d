package gateway

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/grpc/codes"

	"kaohe.dev/services/gateway/decode"
)

// Limits are what one caller may take, so that others get their share. What is
// on its way through the door at once is bounded by admission besides.
type Limits struct {
	// Rate is how many calls a second a caller may make, over all his
	// connections; 0: as many as he likes. A call that streams counts once.
	Rate float64
	// Burst is how many calls may come at once before Rate counts.
	Burst int
	// Streams is how many streams a caller may have open, over HTTP and gRPC
	// together: of the ledger, of events, of a log, of a trial.
	Streams int
	// Connections is how many connections there may be, over HTTP and gRPC
	// together, and ConnectionsOfOne how many of one address; 0: any number. One
	// too many is told so.
	Connections, ConnectionsOfOne int
	// HeaderWithin and BodyWithin are how long the header and the body of a
	// request may take to come in.
	HeaderWithin, BodyWithin time.Duration
	// StepWithin is how long 64 KiB of a body may take to come, and as much of an
	// answer, or a message of a stream, to be read.
	StepWithin time.Duration
	// IdleFor is how long a connection over which nothing happens is kept.
	IdleFor time.Duration
}

// DefaultLimits are generous: a feed that pushes every event by itself, or a
// wall of screens, does not meet them.
func DefaultLimits() Limits {
	return Limits{
		Rate: 1000, Burst: 2000, Streams: 100, Connections: 4096, ConnectionsOfOne: 1024,
		HeaderWithin: 10 * time.Second, BodyWithin: time.Minute, StepWithin: 30 * time.Second, IdleFor: 5 * time.Minute,
	}
}

// Validate reports what cannot work.
func (l Limits) Validate() error {
	var problems []error
	if l.Rate < 0 || l.Rate > 0 && l.Burst < 1 {
		problems = append(problems, fmt.Errorf("--rate %g with --burst %d lets nothing through: the burst is at least 1; --rate 0 sets no limit", l.Rate, l.Burst))
	}
	if l.Streams < 1 {
		problems = append(problems, fmt.Errorf("--streams %d is not positive", l.Streams))
	}
	if l.Connections < 0 || l.ConnectionsOfOne < 0 {
		problems = append(problems, fmt.Errorf("--connections %d and --connections-per-address %d cannot be negative; 0 sets no limit", l.Connections, l.ConnectionsOfOne))
	}
	return errors.Join(problems...)
}

// What a request may be made of.
const (
	// maxHeader is how many bytes its header may have, the path included.
	maxHeader = 64 << 10
	// maxDepth is how deep its JSON may be nested.
	maxDepth = decode.MaxDepth
)

// rates count the calls of each caller.
type rates struct {
	limits Limits
	now    func() time.Time
	by     perCaller[*rate.Limiter]
}

// take lets a call of a caller through, or says when to come again.
func (r *rates) take(caller string) error {
	if r.limits.Rate == 0 {
		return nil
	}
	now := r.now()
	limiter := r.by.get(caller, func() *rate.Limiter { return rate.NewLimiter(rate.Limit(r.limits.Rate), r.limits.Burst) },
		func(idle *rate.Limiter) bool { return idle.TokensAt(now) >= float64(r.limits.Burst) })
	turn := limiter.ReserveN(now, 1)
	wait := turn.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	turn.CancelAt(now)
	p := trouble(codes.ResourceExhausted, "too_many_calls", "调用过于频繁：每个令牌每秒至多 %[1]g 次，请 %[2]d 秒后重试",
		"too many calls: a token may make %[1]g a second; try again in %[2]d s", r.limits.Rate, seconds(wait))
	p.retry = wait
	return p
}

// How often an address may try to sign in; a whole office may share one.
const (
	signInsPerSecond = 2
	signInsAtOnce    = 60
)

// attempts count the sign-ins of each address, so that one that only tries keeps
// nobody else from the provider.
type attempts struct {
	now func() time.Time
	by  perCaller[*rate.Limiter]
}

// take lets an attempt of an address through.
func (a *attempts) take(r *http.Request) bool {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	now := a.now()
	return a.by.get(address, func() *rate.Limiter { return rate.NewLimiter(signInsPerSecond, signInsAtOnce) },
		func(idle *rate.Limiter) bool { return idle.TokensAt(now) >= signInsAtOnce }).AllowN(now, 1)
}

// How many refusals of a caller are logged; the others are counted.
const (
	refusalsPerSecond = 0.2
	refusalsAtOnce    = 50
)

// refusals count what callers were refused.
type refusals struct {
	now func() time.Time
	by  perCaller[*refusal]
}

type refusal struct {
	limiter *rate.Limiter
	left    atomic.Int64
}

// take tells whether a refusal is to be logged, and how many were not since the
// last that was.
func (r *refusals) take(caller string) (left int64, told bool) {
	now := r.now()
	of := r.by.get(caller, func() *refusal { return &refusal{limiter: rate.NewLimiter(refusalsPerSecond, refusalsAtOnce)} },
		func(idle *refusal) bool { return idle.limiter.TokensAt(now) >= refusalsAtOnce })
	if !of.limiter.AllowN(now, 1) {
		of.left.Add(1)
		return 0, false
	}
	return of.left.Swap(0), true
}

// errStreams refuses one stream more.
func errStreams(most int) *problem {
	p := trouble(codes.ResourceExhausted, "too_many_streams", "这个令牌已打开 %d 个实时流，请先关闭一些", "this token has %d streams open already; close some", most)
	p.retry = heartbeat // by then those whose reader is gone have been noticed
	return p
}
