package traces

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
)

// Options say where spans go and of which events.
type Options struct {
	// URL of an OTLP collector: grpc://host:4317, grpcs://, http://host:4318 or
	// https://. Empty: what OTEL_EXPORTER_OTLP_ENDPOINT and its kin say, and where
	// they say nothing, nobody is followed.
	URL string
	// Ratio of the events followed that come without a traceparent, from 0 to 1.
	// OTEL_TRACES_SAMPLER, where set, takes its place.
	Ratio float64
	// Service names this process in a trace; OTEL_SERVICE_NAME takes its place.
	Service string
	// Logger is told when the collector is lost and when it is back.
	Logger *slog.Logger
}

// Validate names what cannot work by its flag.
func (o Options) Validate() error {
	var problems []error
	if o.Ratio < 0 || o.Ratio > 1 {
		problems = append(problems, fmt.Errorf("--trace-ratio %v is not from 0 to 1", o.Ratio))
	}
	if o.URL != "" {
		if _, err := endpoint(o.URL); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// target is a collector as its exporter wants it named.
type target struct {
	grpc bool
	url  string // http or https; empty: the environment says it
}

// endpoint reads the URL of a collector.
func endpoint(text string) (target, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return target{}, fmt.Errorf("--traces %q is not the URL of a collector; write it like grpc://host:4317 or http://host:4318", text)
	}
	switch u.Scheme {
	case "grpc", "grpcs":
		u.Scheme = strings.Replace(u.Scheme, "grpc", "http", 1)
		return target{true, u.String()}, nil
	case "http", "https":
		if strings.Trim(u.Path, "/") == "" {
			u.Path = "/v1/traces"
		}
		return target{false, u.String()}, nil
	}
	return target{}, fmt.Errorf("--traces %q begins with %s:; use grpc, grpcs, http or https", text, u.Scheme)
}

// chosen gives where spans go, as flag and environment say it together.
func (o Options) chosen() (where target, on bool, err error) {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return target{}, false, nil
	}
	if o.URL != "" {
		where, err = endpoint(o.URL)
		return where, err == nil, err
	}
	if cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT")) == "" {
		return target{}, false, nil
	}
	switch exporter := os.Getenv("OTEL_TRACES_EXPORTER"); exporter {
	case "none":
		return target{}, false, nil
	case "", "otlp":
	default:
		return target{}, false, fmt.Errorf("OTEL_TRACES_EXPORTER is %q; kaohe sends by otlp, or none", exporter)
	}
	switch protocol := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL")); protocol {
	case "grpc":
		return target{grpc: true}, true, nil
	case "", "http/protobuf":
		return target{}, true, nil
	default:
		return target{}, false, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q; kaohe speaks grpc and http/protobuf", protocol)
	}
}
