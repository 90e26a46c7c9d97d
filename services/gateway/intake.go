package gateway

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"

	"google.golang.org/grpc/codes"

	"kaohe.dev/services/gateway/decode"
	"kaohe.dev/services/internal/budget"
)

const (
	// maxBody is how large a body may be, compressed or not.
	maxBody = 8 << 20
	// bodyStep is how much of a body is read at a time.
	bodyStep = 64 << 10
)

// body is the body of a request that has come whole.
type body struct {
	bytes.Reader
	raw []byte
}

// Close does nothing: it is in memory.
func (b *body) Close() error { return nil }

// received is the body of a request; nil: it has none.
func received(r *http.Request) []byte {
	if b, is := r.Body.(*body); is {
		return b.raw
	}
	return nil
}

// taken takes in the body of a call, unpacked, before the call is made. It takes
// room only as it comes, so that who sends slowly holds up no one but himself.
// Whoever serves a call has a body that is there.
func (g *Gateway) taken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		caller, shares := identityOf(r.Context()).principal.ID, g.admission.shares(r.Pattern)
		share := shares.Open(caller)
		defer share.Close()
		if r.ContentLength <= maxBody && !shares.Fits(caller, r.ContentLength) {
			g.admission.tooMuch("room").write(w, r)
			return
		}
		raw, p := g.take(w, r, share)
		if p != nil {
			p.write(w, r)
			return
		}
		if refusal := decode.Fits(raw); refusal != nil {
			refused(refusal).write(w, r)
			return
		}
		whole := &body{raw: raw}
		whole.Reset(raw)
		r.Body, r.ContentLength = whole, int64(len(raw))
		r.Header.Del("Content-Encoding")
		next.ServeHTTP(w, r)
	})
}

// take reads a body, unpacked, up to maxBody: a small archive that unpacks to
// more is refused at that size.
func (g *Gateway) take(w http.ResponseWriter, r *http.Request, share *budget.Share) ([]byte, *problem) {
	if r.ContentLength > maxBody {
		return nil, tooLarge()
	}
	var from io.Reader = http.MaxBytesReader(w, r.Body, maxBody)
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip":
		unpacked, err := gzip.NewReader(from)
		if err != nil {
			return nil, trouble(codes.InvalidArgument, "bad_gzip", "不是有效的 gzip：%v", "not valid gzip: %v", err)
		}
		from = unpacked
	default:
		p := trouble(codes.InvalidArgument, "bad_encoding", "不支持 Content-Encoding %[1]q，请用 gzip 或不压缩",
			"Content-Encoding %[1]q is not taken; use gzip or none", encoding)
		p.http = http.StatusUnsupportedMediaType
		return nil, p
	}
	var whole bytes.Buffer
	for {
		if !share.Take(bodyStep) {
			return nil, g.admission.tooMuch("room")
		}
		_, err := io.CopyN(&whole, from, bodyStep)
		var over *http.MaxBytesError
		switch {
		case errors.As(err, &over) || whole.Len() > maxBody:
			return nil, tooLarge()
		case errors.Is(err, io.EOF):
			return whole.Bytes(), nil
		case err != nil:
			return nil, trouble(codes.InvalidArgument, "bad_body", "请求体没有完整收到：%v", "the body did not come whole: %v", err)
		}
	}
}

func tooLarge() *problem {
	p := trouble(codes.ResourceExhausted, "too_large", "请求体超过 8 MiB，请分批发送（每批至多 10,000 个事件或 8 MiB）",
		"the body is larger than 8 MiB; split it into batches of at most 10,000 events or 8 MiB")
	p.http = http.StatusRequestEntityTooLarge
	return p
}
