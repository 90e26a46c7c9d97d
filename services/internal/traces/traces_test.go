package traces_test

import (
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"kaohe.dev/services/internal/traces"
)

const (
	sampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	passed  = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
)

func TestAnOptionThatCannotWorkIsNamed(t *testing.T) {
	for url, want := range map[string]string{
		"collector:4317": "--traces", "ftp://collector": "ftp", "grpc://": "--traces",
		"grpc://c:4317": "", "grpcs://c:4317": "", "http://c:4318": "", "https://c/v1/traces": "", "": "",
	} {
		err := traces.Options{URL: url, Ratio: 0.5}.Validate()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", url, err, want)
		}
	}
	for _, ratio := range []float64{-0.1, 1.1} {
		if err := (traces.Options{Ratio: ratio}).Validate(); err == nil || !strings.Contains(err.Error(), "--trace-ratio") {
			t.Errorf("ratio %v: %v", ratio, err)
		}
	}
}

// The flag comes before the environment, and either may switch it off.
func TestTheEnvironmentIsHeard(t *testing.T) {
	for name, c := range map[string]struct {
		url string
		env map[string]string
		on  bool
		err string
	}{
		"nothing":          {},
		"flag":             {url: "grpc://127.0.0.1:1", on: true},
		"flag, no SDK":     {url: "grpc://127.0.0.1:1", env: map[string]string{"OTEL_SDK_DISABLED": "true"}},
		"endpoint":         {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, on: true},
		"endpoint, none":   {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"}},
		"traces, grpc":     {env: map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, on: true},
		"another exporter": {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "zipkin"}, err: "zipkin"},
		"another protocol": {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, err: "http/json"},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			tracer, err := traces.Start(t.Context(), traces.Options{URL: c.url})
			if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) || (tracer != nil) != c.on {
				t.Fatalf("tracer %v, error %v", tracer != nil, err)
			}
			if err := tracer.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhoIsFollowedIsSettledOnce(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	tracer := traces.To(spans, 0)
	for carried, want := range map[string]bool{sampled: true, passed: false, "": false, "nonsense": false} {
		if got := tracer.Enter(tracer.Incoming(t.Context(), carried), "event").On(); got != want {
			t.Errorf("a push with %q is followed: %v", carried, got)
		}
		if got := tracer.Follow(carried, "step", time.Time{}).On(); got != want {
			t.Errorf("a record with %q is followed: %v", carried, got)
		}
	}
	if !traces.To(spans, 1).Begin("deadline").On() || tracer.Begin("deadline").On() {
		t.Error("the ratio is not heard")
	}
	step := tracer.Follow(sampled, "step", time.Time{})
	if carried := step.Carry(); len(carried) != len(sampled) || carried[:35] != sampled[:35] || carried == sampled || step.Trace() != sampled[3:35] {
		t.Errorf("a step behind %s carries %s on", sampled, carried)
	}
}

// Nobody who is not followed costs an allocation.
func TestNobodyCostsNothing(t *testing.T) {
	var off *traces.Tracer
	if n := testing.AllocsPerRun(100, func() {
		span := off.Enter(off.Incoming(t.Context(), ""), "event")
		span.Child("append").End(nil)
		off.Follow("", "step", time.Time{}).End(nil)
		_, _ = span.Carry(), span.Trace()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
