package traces

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Tracer begins spans. A nil one begins none.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

func newTracer(options ...sdk.TracerProviderOption) *Tracer {
	provider := sdk.NewTracerProvider(options...)
	return &Tracer{provider, provider.Tracer("kaohe.dev/services")}
}

// header is the name under which a traceparent travels.
const header = "traceparent"

// Incoming notes the traceparent of a caller; what is none is passed over.
func (t *Tracer) Incoming(ctx context.Context, traceparent string) context.Context {
	if t == nil || traceparent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{header: traceparent})
}

// Enter begins a span where something comes into the house: behind the caller
// noted by Incoming, else, for the ratio, as the first of a trace.
func (t *Tracer) Enter(ctx context.Context, name string) Span {
	return t.sampled(ctx, name, trace.SpanKindServer)
}

func (t *Tracer) sampled(ctx context.Context, name string, kind trace.SpanKind) Span {
	if t == nil {
		return Span{}
	}
	_, span := t.tracer.Start(ctx, name, trace.WithSpanKind(kind))
	if !span.IsRecording() {
		return Span{}
	}
	return Span{span, t}
}

// Begin begins, for the ratio, a trace that nobody from outside began.
func (t *Tracer) Begin(name string) Span {
	return t.sampled(context.Background(), name, trace.SpanKindInternal)
}

// Follow begins a span behind one that was carried here. It began at an
// instant; zero: now.
func (t *Tracer) Follow(carried, name string, began time.Time) Span {
	if t == nil || carried == "" {
		return Span{}
	}
	ctx := t.Incoming(context.Background(), carried)
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return Span{}
	}
	return t.begin(ctx, name, began, trace.SpanKindConsumer)
}

func (t *Tracer) begin(ctx context.Context, name string, began time.Time, kind trace.SpanKind) Span {
	options := []trace.SpanStartOption{trace.WithSpanKind(kind)}
	if !began.IsZero() {
		options = append(options, trace.WithTimestamp(began))
	}
	_, span := t.tracer.Start(ctx, name, options...)
	return Span{span, t}
}

// Span is a piece of work on something followed. The zero value is no span:
// all it is asked does nothing.
type Span struct {
	span   trace.Span
	tracer *Tracer
}

// On reports whether there is a span.
func (s Span) On() bool { return s.span != nil }

// Child begins a part of a span's work.
func (s Span) Child(name string) Span {
	if !s.On() {
		return Span{}
	}
	return s.tracer.begin(trace.ContextWithSpan(context.Background(), s.span), name, time.Time{}, trace.SpanKindInternal)
}

// Carry gives the traceparent that goes with what the span's work says; empty
// without a span.
func (s Span) Carry() string {
	if !s.On() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(trace.ContextWithSpan(context.Background(), s.span), carrier)
	return carrier[header]
}

// Trace gives the id of the trace, for the log; empty without a span.
func (s Span) Trace() string {
	if !s.On() {
		return ""
	}
	return s.span.SpanContext().TraceID().String()
}

// Note puts names and values to the span, in turns; a later value replaces an
// earlier one. Empty text is left out.
func (s Span) Note(pairs ...any) {
	if s.On() {
		s.span.SetAttributes(attributes(pairs)...)
	}
}

// Tell notes that something happened, with names and values in turns.
func (s Span) Tell(event string, pairs ...any) {
	if s.On() {
		s.span.AddEvent(event, trace.WithAttributes(attributes(pairs)...))
	}
}

// End ends the span; an error marks it as failed.
func (s Span) End(err error) {
	if !s.On() {
		return
	}
	if err != nil {
		s.span.SetStatus(codes.Error, err.Error())
	}
	s.span.End()
}

// attributes makes OpenTelemetry's of names and values in turns.
func attributes(pairs []any) []attribute.KeyValue {
	all := make([]attribute.KeyValue, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		name := attribute.Key("kaohe." + pairs[i].(string))
		switch value := pairs[i+1].(type) {
		case string:
			if value != "" {
				all = append(all, name.String(value))
			}
		case int:
			all = append(all, name.Int(value))
		case uint64:
			all = append(all, name.Int64(int64(value)))
		case bool:
			all = append(all, name.Bool(value))
		case time.Time:
			all = append(all, name.String(value.UTC().Format(time.RFC3339Nano)))
		case time.Duration:
			all = append(all, name.Float64(value.Seconds()))
		}
	}
	return all
}
