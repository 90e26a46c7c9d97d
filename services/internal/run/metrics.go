package run

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/internal/bus"
)

// Metrics are what the runners of a process report, and, under names of their
// own, the door and the views.
type Metrics struct {
	inputs      *prometheus.CounterVec
	said        *prometheus.CounterVec
	entries     *prometheus.CounterVec
	batch       *prometheus.HistogramVec
	lateness    *prometheus.HistogramVec
	armed       *prometheus.GaugeVec
	lost        *prometheus.CounterVec
	quarantined *prometheus.CounterVec
	restarts    *prometheus.CounterVec
	position    *prometheus.GaugeVec
	owned       *prometheus.GaugeVec
	lag         *prometheus.GaugeVec
	waited      *prometheus.GaugeVec
}

// NewMetrics makes the metrics and registers them; where they are registered
// already, it gives those. A nil registry takes none.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	labels := []string{"service"}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return registered(registry, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels))
	}
	gauge := func(name, help string) *prometheus.GaugeVec {
		return registered(registry, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels))
	}
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		return registered(registry, prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels))
	}
	return &Metrics{
		inputs:      counter("kaohe_inputs_total", "Inputs a service has dealt with.", labels...),
		said:        counter("kaohe_facts_total", "Facts and ledger records a service has said.", labels...),
		entries:     counter("kaohe_ledger_entries_total", "Entries put into the ledger, by type.", "type"),
		lost:        counter("kaohe_deadlines_lost_total", "Deadlines found in the index long after they were due.", labels...),
		quarantined: counter("kaohe_quarantined_total", "Inputs set aside with a reason.", labels...),
		restarts:    counter("kaohe_service_restarts_total", "Times a service went back to its last position after a fault.", labels...),
		batch: histogram("kaohe_batch_seconds", "Time from reading a batch to its commit.",
			prometheus.ExponentialBuckets(0.0005, 2, 16)),
		lateness: histogram("kaohe_deadline_lateness_seconds", "Time from a deadline's instant to its verdict being said.",
			prometheus.ExponentialBuckets(0.001, 2, 20)),
		armed:    gauge("kaohe_deadlines_near", "Near deadlines held in memory."),
		position: gauge("kaohe_position", "Last sequence a service has dealt with in the stream it reads."),
		owned:    gauge("kaohe_part_owned", "1 where this process runs the service, or the part of it; 0 where it could."),
		lag:      gauge("kaohe_lag_messages", "Messages that wait behind the last one a service has read."),
		waited:   gauge("kaohe_lag_seconds", "How long the last message a service has dealt with had been in the stream."),
	}
}

// registered registers a collector, or gives the one that is there.
func registered[C prometheus.Collector](registry prometheus.Registerer, c C) C {
	if registry == nil {
		return c
	}
	err := registry.Register(c)
	var there prometheus.AlreadyRegisteredError
	if errors.As(err, &there) {
		return there.ExistingCollector.(C)
	}
	if err != nil {
		panic(err) // two metrics of one name: no configuration makes that, only a programmer
	}
	return c
}

// Took counts a batch that a service, or the views, has dealt with.
func (m *Metrics) Took(service string, batch []bus.Delivery, took time.Duration) {
	last := batch[len(batch)-1]
	m.inputs.WithLabelValues(service).Add(float64(len(batch)))
	m.batch.WithLabelValues(service).Observe(took.Seconds())
	m.position.WithLabelValues(service).Set(float64(last.Sequence))
	m.lag.WithLabelValues(service).Set(float64(last.Pending))
}

// Waited tells how long the last message of a batch had been in the stream.
func (m *Metrics) Waited(service string, waited time.Duration) {
	m.waited.WithLabelValues(service).Set(max(0, waited.Seconds()))
}

// Quarantined counts inputs set aside.
func (m *Metrics) Quarantined(service string, inputs int) {
	m.quarantined.WithLabelValues(service).Add(float64(inputs))
}

// own tells whether this process runs a service, or a part of it.
func (m *Metrics) own(name string, owned bool) {
	if owned {
		m.owned.WithLabelValues(name).Set(1)
		return
	}
	m.owned.WithLabelValues(name).Set(0)
	// What was so when it left would be told for ever.
	for _, gauge := range []*prometheus.GaugeVec{m.lag, m.waited, m.armed, m.position} {
		gauge.DeleteLabelValues(name)
	}
}

// entryType names the type of an entry as its metric does.
func entryType(e *ledgerv1.Entry) string {
	if e.Type == ledgerv1.EntryType_ENTRY_TYPE_REVERSAL {
		return "reversal"
	}
	return "posting"
}
