package archtest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"

	"kaohe.dev/services/app"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/notify"
)

const deploy = "../../../deploy"

// recorder takes the names of the metrics that are registered with it.
type recorder map[string]bool

var fqName = regexp.MustCompile(`fqName: "([^"]+)"`)

func (r recorder) Register(c prometheus.Collector) error {
	found := make(chan *prometheus.Desc)
	go func() { c.Describe(found); close(found) }()
	for desc := range found {
		r[fqName.FindStringSubmatch(desc.String())[1]] = true
	}
	return nil
}

func (r recorder) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		_ = r.Register(c)
	}
}

func (r recorder) Unregister(prometheus.Collector) bool { return false }

// metrics are all names that kaohe's metrics have.
func metrics(t *testing.T) recorder {
	t.Helper()
	names := recorder{}
	run.NewMetrics(names)
	notify.NewMetrics(names)
	app.ScrubMetrics(names)
	views.New(views.Options{Registry: names})
	if _, err := door.New(door.Options{Registry: names}); err != nil {
		t.Fatal(err)
	}
	return names
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(deploy, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A rule or a panel about a metric that does not exist never says anything.
func TestRulesAndPanelsNameMetricsThatExist(t *testing.T) {
	known, used := metrics(t), map[string]bool{}
	check := func(where, expr string) {
		for _, name := range regexp.MustCompile(`kaohe_[a-z_]+`).FindAllString(expr, -1) {
			used[name] = true
			base := name
			for _, suffix := range []string{"_bucket", "_count", "_sum"} {
				base = strings.TrimSuffix(base, suffix)
			}
			if !known[name] && !known[base] {
				t.Errorf("%s: there is no metric %s", where, name)
			}
		}
	}
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations struct{ Summary, Runbook string }
			}
		}
	}
	if err := yaml.Unmarshal(read(t, "prometheus/kaohe.rules.yaml"), &rules); err != nil {
		t.Fatal(err)
	}
	guide := string(read(t, "OPERATIONS.md"))
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			check(rule.Alert, rule.Expr)
			_, anchor, _ := strings.Cut(rule.Annotations.Runbook, "#")
			heading := "### " + strings.ReplaceAll(anchor, "-", " ")
			if anchor == "" || !strings.Contains(strings.ToLower(guide), heading+"\n") {
				t.Errorf("%s: the guide has no %q", rule.Alert, heading)
			}
		}
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(read(t, "grafana/kaohe.json"), &board); err != nil {
		t.Fatal(err)
	}
	shown := ""
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			check(panel.Title, target.Expr)
			shown += target.Expr + "\n"
		}
	}
	for what, name := range map[string]string{
		"consumer lag": "kaohe_lag_messages", "batch time": "kaohe_batch_seconds", "lateness": "kaohe_deadline_lateness_seconds",
		"quarantine": "kaohe_quarantined_total", "ledger rate": "kaohe_ledger_entries_total", "partition owners": "kaohe_part_owned",
	} {
		if !strings.Contains(shown, name) {
			t.Errorf("no panel shows the %s, %s", what, name)
		}
	}
	if len(used) < 10 {
		t.Errorf("rules and panels use %d metrics only", len(used))
	}
}
