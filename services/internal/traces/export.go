package traces

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// stopWithin is how long the last spans may take to leave.
const stopWithin = 2 * time.Second

// Start gives the tracer that the options and the environment ask for; nil:
// they ask for none. It does not wait for the collector.
func Start(ctx context.Context, o Options) (*Tracer, error) {
	where, on, err := o.chosen()
	if err != nil || !on {
		return nil, err
	}
	exporter, err := where.exporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("send traces: %w", err)
	}
	who, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", cmp.Or(o.Service, "kaohe"))),
		resource.WithHost(), resource.WithProcessPID(), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("describe this process for traces: %w", err)
	}
	options := []sdk.TracerProviderOption{
		sdk.WithBatcher(&teller{SpanExporter: exporter, log: cmp.Or(o.Logger, slog.New(slog.DiscardHandler))}),
		sdk.WithResource(who),
	}
	if os.Getenv("OTEL_TRACES_SAMPLER") == "" {
		options = append(options, sdk.WithSampler(sampler(o.Ratio)))
	}
	return newTracer(options...), nil
}

// To gives a tracer whose spans go to an exporter as soon as they end. For
// tests.
func To(exporter sdk.SpanExporter, ratio float64) *Tracer {
	return newTracer(sdk.WithSyncer(exporter), sdk.WithSampler(sampler(ratio)))
}

func sampler(ratio float64) sdk.Sampler { return sdk.ParentBased(sdk.TraceIDRatioBased(ratio)) }

func (t target) exporter(ctx context.Context) (sdk.SpanExporter, error) {
	if t.grpc {
		var options []otlptracegrpc.Option
		if t.url != "" {
			options = append(options, otlptracegrpc.WithEndpointURL(t.url))
		}
		return otlptracegrpc.New(ctx, options...)
	}
	var options []otlptracehttp.Option
	if t.url != "" {
		options = append(options, otlptracehttp.WithEndpointURL(t.url))
	}
	return otlptracehttp.New(ctx, options...)
}

// Stop sends what waits, but not for long: a collector that is gone must not
// hold up who stops. Twice is harmless.
func (t *Tracer) Stop(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // the teller has told
	return nil
}

// teller tells once that the collector is lost and once that it is back,
// instead of with every batch.
type teller struct {
	sdk.SpanExporter
	log  *slog.Logger
	lost bool
}

// ExportSpans is called by one goroutine.
func (e *teller) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	switch {
	case err != nil && !e.lost:
		e.log.Warn("the collector of traces cannot be reached; spans are lost, nothing else is", "error", err)
	case err == nil && e.lost:
		e.log.Info("the collector of traces is back")
	}
	e.lost = err != nil
	return nil
}
