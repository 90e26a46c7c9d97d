package notify

import (
	"github.com/prometheus/client_golang/prometheus"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
)

// Metrics are what a notifier reports.
type Metrics struct {
	attempts *prometheus.CounterVec
	waiting  *prometheus.GaugeVec
}

// NewMetrics makes the metrics and registers them.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kaohe_webhook_attempts_total", Help: "Attempts to deliver notifications, by what became of them.",
		}, []string{"outcome"}),
		waiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "kaohe_webhook_deliveries", Help: "Notifications that are pending or dead letters.",
		}, []string{"state"}),
	}
	registry.MustRegister(m.attempts, m.waiting)
	return m
}

func (m *Metrics) attempt(a answer, d *statev1.Delivery) {
	outcome := "retry"
	switch {
	case a.taken():
		outcome = "delivered"
	case d.State == Dead:
		outcome = "dead"
	}
	m.attempts.WithLabelValues(outcome).Inc()
}
