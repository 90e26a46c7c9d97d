package gateway

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
)

// What may be on its way through the door at once, in bytes of bodies, unless
// told: of all callers, and of one token. It bounds memory; a body that comes
// slowly takes room here, and nothing else.
const (
	admitAll = 24 << 20
	admitOne = maxBody
)

// retryAfter is when a caller who was not admitted should come again.
const retryAfter = time.Second

// admission lets pushes in: first the body, for which there must be room, then
// the work, for which the line must be short. Who floods fills his own share of
// both, and others still get in.
type admission struct {
	all  int64 // bytes that may be on their way
	mu   sync.Mutex
	sum  int64
	by   map[string]int64 // by token
	line line
	// refused counts pushes that were told to come again.
	refused *prometheus.CounterVec
}

func newAdmission(all int64, registry prometheus.Registerer) *admission {
	a := &admission{all: min(max(all, admitOne), admitAll), by: map[string]int64{}, line: newLine(time.Now)}
	if all == 0 {
		a.all = admitAll
	}
	a.refused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "kaohe_pushes_refused_total", Help: "Pushes told to come again: room, their bodies do not fit; wait, they would wait too long.",
	}, []string{"reason"})
	wait := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "kaohe_push_wait_seconds", Help: "How long a push that comes now is expected to wait.",
	}, func() float64 { return a.line.wait().Seconds() })
	registry.MustRegister(a.refused, wait)
	return a
}

func (a *admission) tooMuch(reason string) *problem {
	a.refused.WithLabelValues(reason).Inc()
	p := trouble(codes.ResourceExhausted, "overloaded", "正在受理的事件过多，请 %[1]d 秒后原样重发", "too much is on its way; send the same again in %[1]d s", int(retryAfter.Seconds()))
	p.retry = retryAfter
	return p
}

// enter admits a body of so many bytes of a token, or does not; leave must be
// called when it is through.
func (a *admission) enter(token string, bytes int64) (leave func(), err error) {
	bytes = min(max(bytes, 1), maxBody)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sum+bytes > a.all || a.by[token]+bytes > admitOne && a.by[token] > 0 {
		return nil, a.tooMuch("room")
	}
	a.sum += bytes
	a.by[token] += bytes
	return sync.OnceFunc(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.sum -= bytes
		if a.by[token] -= bytes; a.by[token] == 0 {
			delete(a.by, token)
		}
	}), nil
}

// queue puts the work of a push into the line, or does not; done must be called
// when it is done.
func (a *admission) queue(token string, bytes int) (done func(), err error) {
	done, ok := a.line.join(token, int64(max(bytes, 1)))
	if !ok {
		return nil, a.tooMuch("wait")
	}
	return done, nil
}

// weight is how much of the admission a request takes: what it says it has, or
// the most there may be when that cannot be known before.
func weight(r *http.Request) int64 {
	if r.ContentLength < 0 || r.Header.Get("Content-Encoding") != "" {
		return maxBody
	}
	return r.ContentLength
}

func retryHeader(w http.ResponseWriter, after time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(seconds(after)))
}

func retryInfo(after time.Duration) *errdetails.RetryInfo {
	return &errdetails.RetryInfo{RetryDelay: durationpb.New(after)}
}
