package run

import "github.com/prometheus/client_golang/prometheus"

// Metrics are what the runners of a process report.
type Metrics struct {
	inputs      *prometheus.CounterVec
	said        *prometheus.CounterVec
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

// NewMetrics makes the metrics and registers them.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	labels := []string{"service"}
	counter := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		inputs: counter("kaohe_inputs_total", "Inputs a service has dealt with."),
		said:   counter("kaohe_facts_total", "Facts and ledger records a service has said."),
		batch: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "kaohe_batch_seconds", Help: "Time from reading a batch to its commit.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16),
		}, labels),
		lateness: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "kaohe_deadline_lateness_seconds", Help: "Time from a deadline's instant to its verdict being said.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 20),
		}, labels),
		armed: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "kaohe_deadlines_near", Help: "Near deadlines held in memory.",
		}, labels),
		lost:        counter("kaohe_deadlines_lost_total", "Deadlines found in the index long after they were due."),
		quarantined: counter("kaohe_quarantined_total", "Inputs set aside with a reason."),
		restarts:    counter("kaohe_service_restarts_total", "Times a service went back to its last position after a fault."),
		position: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "kaohe_position", Help: "Last sequence a service has dealt with in the stream it reads.",
		}, labels),
	}
	m.owned = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "kaohe_part_owned", Help: "1 where this process runs the service, or the part of it.",
	}, labels)
	m.lag = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "kaohe_lag_messages", Help: "Messages that wait behind the last one a service has read.",
	}, labels)
	m.waited = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "kaohe_lag_seconds", Help: "How long the last message a service has dealt with had been in the stream.",
	}, labels)
	registry.MustRegister(m.owned, m.lag, m.waited, m.inputs, m.said, m.batch, m.lateness, m.armed, m.lost, m.quarantined, m.restarts, m.position)
	return m
}
