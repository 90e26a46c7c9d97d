package door

import (
	"github.com/prometheus/client_golang/prometheus"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/internal/run"
)

type metrics struct {
	accepted, duplicate, rejected prometheus.Counter
	append                        prometheus.Histogram
	shell                         *run.Metrics
}

func newMetrics(registry prometheus.Registerer) metrics {
	events := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "kaohe_door_events_total", Help: "Events that came to the door, by verdict.",
	}, []string{"status"})
	m := metrics{
		accepted: events.WithLabelValues("accepted"), duplicate: events.WithLabelValues("duplicate"),
		rejected: events.WithLabelValues("rejected"),
		append: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "kaohe_door_append_seconds", Help: "How long an append to the feed took, with the sync to disk.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}),
		shell: run.NewMetrics(registry),
	}
	if registry != nil {
		registry.MustRegister(events, m.append)
	}
	return m
}

func (m metrics) count(status apiv1.EventStatus) {
	switch status {
	case apiv1.EventStatus_EVENT_STATUS_ACCEPTED:
		m.accepted.Inc()
	case apiv1.EventStatus_EVENT_STATUS_DUPLICATE:
		m.duplicate.Inc()
	default:
		m.rejected.Inc()
	}
}
