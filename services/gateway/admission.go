package gateway

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/internal/budget"
)

// What may be on its way through the door at once, in bytes of bodies, unless
// told: of all callers, and of one token. It bounds memory. The same is for all
// other bodies together, so that no upload takes room from the feed.
const (
	admitAll = 24 << 20
	admitOne = maxBody + 1<<20 // a body is taken in by steps
)

// retryAfter is when a caller who was not admitted should come again.
const retryAfter = time.Second

// admission lets pushes in: first the body, for which there must be room, then
// the work, for which the line must be short. Who floods fills his own share of
// both, and others still get in.
type admission struct {
	pushes, others *budget.Shares
	line           line
	// refused counts pushes that were told to come again.
	refused *prometheus.CounterVec
}

func newAdmission(all int64, registry prometheus.Registerer) *admission {
	if all == 0 {
		all = admitAll
	}
	all = min(max(all, admitOne), admitAll)
	a := &admission{pushes: budget.NewShares(all, admitOne), others: budget.NewShares(all, admitOne), line: newLine(time.Now)}
	a.refused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "kaohe_pushes_refused_total", Help: "Pushes told to come again: room, their bodies do not fit; wait, they would wait too long.",
	}, []string{"reason"})
	wait := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "kaohe_push_wait_seconds", Help: "How long a push that comes now is expected to wait.",
	}, func() float64 { return a.line.wait().Seconds() })
	registry.MustRegister(a.refused, wait, bodyBytes("pushes", a.pushes), bodyBytes("others", a.others))
	return a
}

func bodyBytes(of string, shares *budget.Shares) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "kaohe_body_bytes", Help: "Bytes of bodies that are on their way: of pushes, and of all other calls.", ConstLabels: prometheus.Labels{"of": of},
	}, func() float64 { return float64(shares.Taken()) })
}

func (a *admission) tooMuch(reason string) *problem {
	a.refused.WithLabelValues(reason).Inc()
	p := trouble(codes.ResourceExhausted, "overloaded", "正在受理的事件过多，请 %[1]d 秒后原样重发", "too much is on its way; send the same again in %[1]d s", int(retryAfter.Seconds()))
	p.retry = retryAfter
	return p
}

// shares are what the bodies sent to a pattern count in.
func (a *admission) shares(pattern string) *budget.Shares {
	if callAt()[pattern] == apiv1.FeedService_PushEvents_FullMethodName {
		return a.pushes
	}
	return a.others
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

func retryHeader(w http.ResponseWriter, after time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(seconds(after)))
}

func retryInfo(after time.Duration) *errdetails.RetryInfo {
	return &errdetails.RetryInfo{RetryDelay: durationpb.New(after)}
}
