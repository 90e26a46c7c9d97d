package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/gateway/lang"
	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/space"
	"kaohe.dev/services/internal/store"
)

// problem is an error as callers see it: a stable name, the field where there
// is one, and what to do.
type problem struct {
	status codes.Code
	name   string
	field  string
	value  string
	text   *factv1.Text
	http   int           // overrides the status' own
	retry  time.Duration // when to come again; 0: nothing is known
}

// Error gives the problem in English.
func (p *problem) Error() string { return p.name + ": " + p.text.GetEn() }

// trouble makes a problem; the texts are formats of the same arguments.
func trouble(status codes.Code, name, zh, en string, args ...any) *problem {
	return &problem{status: status, name: name, text: lang.Text(fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...))}
}

// at names the field a problem is about.
func (p *problem) at(field, value string) *problem {
	p.field, p.value = field, door.Shorten(value)
	return p
}

// problemOf makes a problem of any error.
func problemOf(err error) *problem {
	var known *problem
	var unavailable *door.UnavailableError
	var full *space.FullError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &full):
		p := trouble(codes.ResourceExhausted, "disk_full",
			"磁盘已满，未受理：%[1]s 所在磁盘剩余 %[2]s，需保留 %[3]s。请腾出空间后原样重发（已入库的会被识别为重复）",
			"the disk is full and nothing was acknowledged: the disk of %[1]s has %[2]s free, %[3]s are kept in reserve. "+
				"Free some space and send again, what did come through is recognised",
			full.Dir, humanize.IBytes(full.Free), humanize.IBytes(full.Reserve))
		p.http = http.StatusInsufficientStorage
		return p
	case errors.Is(err, bus.ErrFull):
		p := trouble(codes.ResourceExhausted, "storage_full",
			"NATS 的存储已满，未受理。请提高各节点的 max_file_store 或账户的存储限额，或腾出磁盘空间，然后原样重发（已入库的会被识别为重复）",
			"the storage of NATS is full and nothing was acknowledged: raise max_file_store of its nodes or the limit of the account, "+
				"or give their disks more room, and send again, what did come through is recognised")
		p.http = http.StatusInsufficientStorage
		return p
	case errors.As(err, &unavailable):
		return later("事件暂时无法落盘，均未受理，请稍后原样重发（已入库的会被识别为重复）：%v",
			"the events could not be stored now and none is acknowledged; send them again, what did come through is recognised: %v",
			unavailable.Cause)
	case errors.Is(err, views.ErrNotFound):
		return trouble(codes.NotFound, "not_found", "没有找到：%v", "%v", err)
	case errors.Is(err, store.ErrCursor):
		return trouble(codes.InvalidArgument, "bad_page_token", "分页标记无效，请从第一页重新读取",
			"the page token is not valid; start again without one").at("page_token", "")
	case errors.Is(err, context.Canceled):
		return trouble(codes.Canceled, "canceled", "请求已取消", "the request was cancelled")
	case errors.Is(err, context.DeadlineExceeded):
		return trouble(codes.DeadlineExceeded, "deadline_exceeded", "超时，请重试", "it took too long; try again")
	}
	if bus.Transient(err) {
		return later("事件流正忙或正在恢复，请稍后再试：%v", "the streams are busy or restarting; try again in a moment: %v", err)
	}
	if s, ok := status.FromError(err); ok {
		return &problem{status: s.Code(), name: snake(s.Code()), text: lang.Text(s.Message(), s.Message())}
	}
	return trouble(codes.Internal, "internal", "内部错误，请查看日志：%v", "internal error, see the log: %v", err)
}

// later is a problem that passes by itself soon.
func later(zh, en string, args ...any) *problem {
	p := trouble(codes.Unavailable, "unavailable", zh, en, args...)
	p.retry = retryAfter
	return p
}

var names = map[codes.Code]string{
	codes.InvalidArgument: "invalid_argument", codes.NotFound: "not_found", codes.Unimplemented: "not_implemented",
	codes.Unauthenticated: "unauthenticated", codes.Unavailable: "unavailable",
}

func snake(c codes.Code) string {
	if name := names[c]; name != "" {
		return name
	}
	return "error"
}

// grpcStatus gives the problem to a gRPC caller.
func (p *problem) grpcStatus(l lang.Lang) error {
	s := status.New(p.status, l.Pick(p.text))
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: p.name, Domain: "kaohe", Metadata: p.metadata()}}
	if p.retry > 0 {
		details = append(details, retryInfo(p.retry))
	}
	detailed, err := s.WithDetails(details...)
	if err != nil {
		return s.Err()
	}
	return detailed.Err()
}

func (p *problem) metadata() map[string]string {
	if p.field == "" {
		return nil
	}
	return map[string]string{"field": p.field, "value": p.value}
}

// write gives the problem to an HTTP caller.
func (p *problem) write(w http.ResponseWriter, r *http.Request) {
	code := p.http
	if code == 0 {
		code = runtime.HTTPStatusFromCode(p.status)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if p.retry > 0 {
		retryHeader(w, p.retry)
	}
	if p.status == codes.Unauthenticated {
		w.Header().Set("WWW-Authenticate", `Bearer realm="kaohe"`)
	}
	w.WriteHeader(code)
	_, _ = w.Write(p.body(langOfRequest(r))) // the caller may be gone
}

// body is the problem as JSON.
func (p *problem) body(l lang.Lang) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(struct { // into memory
		Code    string `json:"code"`
		Message string `json:"message"`
		Field   string `json:"field,omitempty"`
		Value   string `json:"value,omitempty"`
	}{p.name, l.Pick(p.text), p.field, p.value})
	return out.Bytes()
}

func langOfRequest(r *http.Request) lang.Lang { return lang.Of(r.Header.Get("Accept-Language")) }

// langOf gives the language a gRPC caller, direct or by REST, prefers.
func langOf(ctx context.Context) lang.Lang {
	md, _ := metadata.FromIncomingContext(ctx)
	for _, key := range []string{"grpcgateway-accept-language", "accept-language"} {
		if values := md.Get(key); len(values) > 0 {
			return lang.Of(values[0])
		}
	}
	return lang.Zh
}
