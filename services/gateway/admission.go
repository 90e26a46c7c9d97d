package gateway

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
)

// What may be on its way through the door at once, in bytes of bodies: of all
// callers, and of one token. It bounds memory, and with it how long an admitted
// push waits: about a second for each 8 MiB.
const (
	admitAll = 24 << 20
	admitOne = maxBody
)

// retryAfter is when a caller who was not admitted should come again.
const retryAfter = time.Second

// admission counts what is on its way. Who floods fills his own share, and
// others still get in.
type admission struct {
	mu    sync.Mutex
	total int64
	by    map[string]int64 // by token
}

// enter admits so many bytes of a token, or does not; leave must be called
// when they are through.
func (a *admission) enter(token string, bytes int64) (leave func(), err error) {
	bytes = min(max(bytes, 1), maxBody)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by == nil {
		a.by = map[string]int64{}
	}
	if a.total+bytes > admitAll || a.by[token]+bytes > admitOne && a.by[token] > 0 {
		p := trouble(codes.ResourceExhausted, "overloaded", "正在受理的事件过多，请 %[1]d 秒后原样重发", "too much is on its way; send the same again in %[1]d s", int(retryAfter.Seconds()))
		p.retry = retryAfter
		return nil, p
	}
	a.total += bytes
	a.by[token] += bytes
	return sync.OnceFunc(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.total -= bytes
		if a.by[token] -= bytes; a.by[token] == 0 {
			delete(a.by, token)
		}
	}), nil
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
	w.Header().Set("Retry-After", strconv.Itoa(int(after.Seconds())))
}

func retryInfo(after time.Duration) *errdetails.RetryInfo {
	return &errdetails.RetryInfo{RetryDelay: durationpb.New(after)}
}
