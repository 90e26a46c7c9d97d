package gateway

import (
	"bytes"
	"fmt"
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
)

// serveWhatIf is the same over HTTP: a message a line, as {"result": …}, and
// what goes wrong on the way as {"error": …}.
func (g *Gateway) serveWhatIf(w http.ResponseWriter, r *http.Request) {
	request := &apiv1.WhatIfRequest{}
	if p := readMessage(r, request); p != nil {
		p.write(w, r)
		return
	}
	out := &lines{w: w}
	err := g.whatIf(r.Context(), request, func(told *apiv1.WhatIfResponse) error {
		raw, err := toJSON.Marshal(told)
		if err != nil {
			return err
		}
		return out.write("result", raw)
	})
	switch {
	case err == nil:
	case !out.begun:
		problemOf(err).write(w, r)
	default:
		_ = out.write("error", problemOf(err).body(langOfRequest(r))) // the caller may be gone
	}
}

// lines answers with a message a line, each as soon as it is there.
type lines struct {
	w     http.ResponseWriter
	begun bool
}

func (l *lines) write(name string, raw []byte) error {
	if !l.begun {
		l.w.Header().Set("Content-Type", "application/x-ndjson")
		l.begun = true
	}
	if _, err := fmt.Fprintf(l.w, "{%q:%s}\n", name, bytes.TrimSpace(raw)); err != nil {
		return err
	}
	return http.NewResponseController(l.w).Flush()
}

// readMessage reads a request's body.
func readMessage(r *http.Request, into proto.Message) *problem {
	if err := protojson.Unmarshal(received(r), into); err != nil {
		return trouble(codes.InvalidArgument, "bad_body", "请求体无法读取：%v；写法见 /docs", "the body cannot be read: %v; /docs says how to write it", err)
	}
	return nil
}
