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
	"kaohe.dev/services/cli"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/internal/run"
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

// What compose.yaml starts takes the settings it is given, and mounts files
// that are there.
func TestComposeStartsWhatThereIs(t *testing.T) {
	var compose struct {
		Services map[string]struct {
			Image   string
			Command []string
			Volumes []string
			Secrets []struct{ Source, Target string }
		}
		Volumes map[string]any
		Secrets map[string]struct{ File string }
	}
	if err := yaml.Unmarshal(read(t, "compose.yaml"), &compose); err != nil {
		t.Fatal(err)
	}
	targets := map[string]bool{}
	for name, service := range compose.Services {
		for _, volume := range service.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if _, named := compose.Volumes[source]; named {
				continue
			}
			if _, err := os.Stat(filepath.Join(deploy, source)); err != nil {
				t.Errorf("%s mounts what is not there: %v", name, err)
			}
		}
		if service.Image != "kaohe" {
			continue
		}
		user := name
		if setup := strings.Join(service.Command, " "); strings.HasPrefix(setup, "nats setup ") {
			user, service.Command = app.Admin, service.Command[1:]
		}
		// Each has the key of the NATS user it is, and no other.
		if keys := service.Secrets; len(keys) != 1 || keys[0].Target != user+".nk" || compose.Secrets[keys[0].Source].File != "./nkeys/"+user+".nk" {
			t.Errorf("%s has the keys %v", name, keys)
		}
		if len(service.Command) == 0 || service.Command[0] != "serve" && user != app.Admin {
			t.Errorf("%s runs %v", name, service.Command)
			continue
		}
		args := append([]string{"config", "check", "--lang", "en"}, service.Command[1:]...)
		for i, arg := range args {
			switch {
			case arg == "/etc/kaohe.yaml":
				args[i] = filepath.Join(deploy, "kaohe.yaml")
			case i > 0 && args[i-1] == "--target":
				targets[arg] = true
			}
		}
		var said strings.Builder
		if code := cli.Run(t.Context(), args, cli.Terminal{In: strings.NewReader(""), Out: &said, Err: &said, Getenv: func(string) string { return "" }}); code != 0 {
			t.Errorf("%s: %s", name, said.String())
		}
	}
	for _, target := range app.TargetNames() {
		if target != app.All && !targets[target] {
			t.Errorf("nobody runs %s", target)
		}
	}
}
