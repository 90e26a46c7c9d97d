package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"kaohe.dev/services/gateway"
	"kaohe.dev/services/gateway/identity"
	"kaohe.dev/services/internal/traces"
	"kaohe.dev/services/notify"
)

// Config says what to run and where.
type Config struct {
	// Data is the directory of everything that is kept.
	Data string
	// HTTP and GRPC are listen addresses, host:port; port 0 takes a free one.
	HTTP, GRPC string
	// TLSCert and TLSKey are PEM files for HTTP and gRPC, read anew when they
	// change; empty: no TLS.
	TLSCert, TLSKey string
	// NATSCA is a PEM file of who signs the certificates of NATS; empty: who the
	// system trusts.
	NATSCA string
	// NATSCert and NATSKey are PEM files of our own certificate, for a NATS that
	// asks for one.
	NATSCert, NATSKey string
	// NATSKeys is a directory with the nkey seed of each target, TARGET.nk, and
	// of who makes the streams, admin.nk; empty: NATS does not ask who we are.
	NATSKeys string
	// Ops is where health, readiness, metrics and profiles are served without a
	// token; empty: nowhere but at the gateway.
	Ops string
	// Traces is the URL of an OpenTelemetry collector, see traces.Options; empty:
	// what the OTEL_* variables say.
	Traces string
	// TraceRatio is how many of the events are followed that come without a
	// traceparent, from 0 to 1.
	TraceRatio float64
	// NATS is the URL of a server; empty runs one in the process, under Data.
	NATS string
	// Store is where documents are kept: "sqlite:DIR" or "mongodb://…"; empty
	// is SQLite under Data.
	Store string
	// Targets to run; empty is all.
	Targets []string
	// Rulebooks are files to publish at start.
	Rulebooks []string
	// FutureTolerance is how far a source's clock may run ahead.
	FutureTolerance time.Duration
	// WebhookAllow are the hosts, addresses and prefixes that webhooks may reach;
	// empty: public addresses.
	WebhookAllow []string
	// WebhookRetry says when a notification that was not taken is tried again.
	WebhookRetry notify.Retry
	// Reserve is how many bytes stay free on the disk of Data: below it the door
	// takes nothing more, below half of it nothing more is decided.
	Reserve uint64
	// Memory is how many bytes the process may take in all; 0: what GOMEMLIMIT
	// says, and else as much as it likes.
	Memory uint64
	// Archive is the directory with the part of the log that was archived; empty:
	// none.
	Archive string
	// SyncEvery is how often the embedded server syncs to disk what it has
	// acknowledged; 0: before it acknowledges. With an interval a power loss takes
	// what came since the last sync.
	SyncEvery time.Duration
	// Identity is the provider that people are known by; none by default.
	Identity identity.Options
	// Limits are what one caller may take.
	Limits gateway.Limits
	// Work is what is being done to the log as a whole, WorkRestore for example;
	// empty: nothing, and what is not whole is refused.
	Work string
	// Replicas of each stream on a cluster; 0 is 1.
	Replicas int
	// Partitions is in how many parts each service keeps its keys; the same in
	// all processes, and fixed with the documents. 0 is 1.
	Partitions int
	// Now is the wall clock; nil is the system's.
	Now func() time.Time
	// Logger takes the log; nil throws it away.
	Logger *slog.Logger
}

// Defaults gives the configuration of `kaohe up`: loopback only.
func Defaults() Config {
	return Config{
		Data: "./data", HTTP: "127.0.0.1:8080", GRPC: "127.0.0.1:9090",
		Targets: []string{All}, FutureTolerance: 5 * time.Minute, Reserve: 256 << 20, TraceRatio: 0.01,
		Limits: gateway.DefaultLimits(), Identity: identity.Defaults(), WebhookRetry: notify.DefaultRetry(),
	}
}

// minSync is the least interval: a sync takes a millisecond or more.
const minSync = 10 * time.Millisecond

// maxPartitions keeps the number of markers bearable: every part passes each on
// to every part behind it.
const maxPartitions = 64

// Validate reports what cannot work.
func (c Config) Validate() error {
	var problems []error
	if c.Data == "" {
		problems = append(problems, errors.New("--data is empty; give a directory"))
	}
	for flag, address := range map[string]string{"--http": c.HTTP, "--grpc": c.GRPC, "--ops": c.Ops} {
		if flag == "--ops" && address == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			problems = append(problems, fmt.Errorf("%s %q is not host:port: %w", flag, address, err))
		}
	}
	if _, err := resolve(c.Targets); err != nil {
		problems = append(problems, err)
	}
	if err := c.traces().Validate(); err != nil {
		problems = append(problems, err)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		problems = append(problems, errors.New("--tls-cert and --tls-key go together; give both or none"))
	}
	if (c.NATSCert == "") != (c.NATSKey == "") {
		problems = append(problems, errors.New("--nats-cert and --nats-key go together; give both or none"))
	}
	if c.NATSKeys != "" && c.NATS == "" {
		problems = append(problems, errors.New("--nats-nkeys is for a NATS server that is given by --nats; the one in the process listens nowhere"))
	}
	if c.Partitions < 0 || c.Partitions > maxPartitions {
		problems = append(problems, fmt.Errorf("--partitions %d is not from 1 to %d", c.Partitions, maxPartitions))
	}
	if _, err := notify.ParseAllow(c.WebhookAllow); err != nil {
		problems = append(problems, err)
	}
	problems = append(problems, c.WebhookRetry.Validate())
	problems = append(problems, c.validateSync())
	if c.FutureTolerance < 0 {
		problems = append(problems, fmt.Errorf("future tolerance %s is negative", c.FutureTolerance))
	}
	problems = append(problems, c.Identity.Validate())
	if c.Identity.On() && c.Identity.PublicURL == "" && !loopback(c.HTTP) {
		problems = append(problems, errors.New("--public-url is missing: people sign in with a browser, and the identity provider must send it back to where kaohe is reached"))
	}
	if c.Limits != (gateway.Limits{}) {
		problems = append(problems, c.Limits.Validate())
	}
	return errors.Join(problems...)
}

// validateSync reports an interval that cannot be kept, or not by this process.
func (c Config) validateSync() error {
	switch {
	case c.SyncEvery == 0:
		return nil
	case c.SyncEvery < minSync:
		return fmt.Errorf("--sync %s is less than %s; give always, or a longer interval", c.SyncEvery, minSync)
	case c.NATS != "":
		return errors.New("--sync is of the NATS server in this process; for the one of --nats set sync_interval in its configuration")
	}
	return nil
}

// traces are the options of the tracer. A process of some targets is named by
// them.
func (c Config) traces() traces.Options {
	name := strings.Join(c.Targets, "+")
	if name == All {
		name = ""
	}
	return traces.Options{URL: c.Traces, Ratio: c.TraceRatio, Service: strings.TrimSuffix("kaohe-"+name, "-"), Logger: c.Logger}
}

// loopback reports whether only this machine reaches an address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}
