package run_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/scoring"
)

// gathered gives the values of a metric by its label.
func gathered(t *testing.T, registry *prometheus.Registry, name string) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.Metric {
			values[m.Label[0].GetValue()] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return values
}

// The door and the views count under the metrics of the services.
func TestMetricsOfOneRegistryAreShared(t *testing.T) {
	registry := prometheus.NewRegistry()
	run.NewMetrics(registry).Quarantined("door", 2)
	run.NewMetrics(registry).Quarantined("door", 1)
	run.NewMetrics(registry).Quarantined("scoring", 1)
	run.NewMetrics(nil).Quarantined("door", 5)
	if got := gathered(t, registry, "kaohe_quarantined_total"); got["door"] != 3 || got["scoring"] != 1 {
		t.Errorf("counted %v", got)
	}
}

// Who runs a service says so until it ends; what it posts is counted.
func TestOwnersAndEntriesAreCounted(t *testing.T) {
	events, end := simulated(t, 6)
	p := open(t, t.TempDir(), time.Now, nil)
	p.push(append(events, end), 500)
	active := p.entries("end")
	name := scoring.New().Name()
	if owned := gathered(t, p.metrics, "kaohe_part_owned"); owned[name] != 1 || len(owned) != len(p.runners) {
		t.Errorf("owners %v while all run", owned)
	}
	for _, r := range p.runners {
		if err := r.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if owned := gathered(t, p.metrics, "kaohe_part_owned"); owned[name] != 0 || len(owned) != len(p.runners) {
		t.Errorf("owners %v when none runs", owned)
	}
	if lag := gathered(t, p.metrics, "kaohe_lag_messages"); len(lag) != 0 {
		t.Errorf("what none runs still waits: %v", lag)
	}
	posted := gathered(t, p.metrics, "kaohe_ledger_entries_total")
	if posted["posting"]-posted["reversal"] != float64(len(active)) || len(active) == 0 {
		t.Errorf("counted %v, %d entries are active", posted, len(active))
	}
}
