package bus

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"

	"kaohe.dev/services/internal/chain"
)

// What is followed carries a traceparent beside its message, in a header: the
// bytes of the message are the same whether anybody follows it or not.

const (
	// traceHeader is of a message that is one thing; OpenTelemetry's own clients
	// write it with a capital.
	traceHeader        = "traceparent"
	traceHeaderCapital = "Traceparent"
	// tracesHeader is of a message that many share: "PLACE TRACEPARENT", by commas,
	// of those that are followed.
	tracesHeader = "Kaohe-Traces"
	// maxTraces is how many bytes of it share a message: NATS takes 64 KiB of
	// headers.
	maxTraces = 60 << 10
	// maxTrace is how long one is at most: past the door anybody may write one.
	maxTrace = 64
)

// follow notes the trace of what is put in next.
func (p *parcel) follow(trace string) {
	if trace == "" {
		return
	}
	if len(p.traces) > 0 {
		p.traces = append(p.traces, ',')
	}
	p.traces = strconv.AppendInt(p.traces, int64(p.count), 10)
	p.traces = append(p.traces, ' ')
	p.traces = append(p.traces, trace...)
}

// header gives what travels beside the message; nil: nothing.
func (p *parcel) header() nats.Header {
	header := nats.Header{}
	if p.link != "" {
		header[chain.Header] = []string{p.link}
	}
	switch {
	case len(p.Data) > maxPack: // one that is large alone needs all the room
	case len(p.traces) > 0:
		header[tracesHeader] = []string{string(p.traces)}
	case p.Trace != "":
		header[traceHeader] = []string{p.Trace}
	}
	return header
}

// tracesOf gives the traceparents of a message's parts; nil: nobody is followed.
// What it cannot read it leaves out.
func tracesOf(header nats.Header, parts int) []string {
	if len(header) == 0 || parts == 0 {
		return nil
	}
	traces := make([]string, parts)
	traces[0] = cmp.Or(header.Get(traceHeader), header.Get(traceHeaderCapital))
	for one := range strings.SplitSeq(header.Get(tracesHeader), ",") {
		text, trace, _ := strings.Cut(one, " ")
		if place, err := strconv.Atoi(text); err == nil && place >= 0 && place < parts {
			traces[place] = trace
		}
	}
	for i := range traces {
		if len(traces[i]) > maxTrace {
			traces[i] = ""
		}
	}
	return traces
}
