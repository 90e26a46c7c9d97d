package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// configuring runs a config command with a settings file and an environment.
func configuring(t *testing.T, file string, env map[string]string, args ...string) (code int, out, said string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "kaohe.yaml")
	if err := os.WriteFile(name, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	terminal := Terminal{In: strings.NewReader(""), Out: &stdout, Err: &stderr, Getenv: func(name string) string { return env[name] }}
	code = Run(t.Context(), append(append([]string{"config"}, args...), "--config", name, "--lang", "en"), terminal)
	return code, stdout.String(), strings.ReplaceAll(stderr.String(), name, "FILE")
}

func TestTheCommandLineComesBeforeTheEnvironmentAndTheFile(t *testing.T) {
	file := "http: 127.0.0.1:1\ngrpc: 127.0.0.1:2\ndata: /tmp/file\ntarget: [sla-timer, survey]\nreserve: 1GiB\nstore: mongodb://kaohe:secret@db/kaohe\n"
	env := map[string]string{"KAOHE_GRPC": "127.0.0.1:3", "KAOHE_DATA": "/tmp/environment", "KAOHE_FUTURE_TOLERANCE": "7m"}
	code, out, said := configuring(t, file, env, "print", "--effective", "-o", "json", "--data", "/tmp/line")
	var settings []setting
	if err := json.Unmarshal([]byte(out), &settings); err != nil || code != 0 {
		t.Fatalf("exit %d, %v\n%s%s", code, err, out, said)
	}
	got := map[string]string{}
	for _, s := range settings {
		got[s.Name] = s.Value + " from " + s.From
	}
	for name, want := range map[string]string{
		"http": "127.0.0.1:1 from /", "grpc": "127.0.0.1:3 from KAOHE_GRPC", "data": "/tmp/line from command line",
		"target": "sla-timer,survey from /", "reserve": "1.0GiB from /", "future-tolerance": "7m0s from KAOHE_FUTURE_TOLERANCE",
		"partitions": "1 from default", "store": "mongodb://kaohe:xxxxx@db/kaohe from /",
	} {
		if !strings.HasPrefix(got[name], want) {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if code, out, _ := configuring(t, file, nil, "print"); code != 0 || strings.Contains(out, "partitions") || !strings.Contains(out, "sla-timer,survey") {
		t.Errorf("without --effective: exit %d\n%s", code, out)
	}
}

// provider is an identity provider that nobody has a role by.
const provider = "oidc-issuer: https://id.example.cn\noidc-client-id: kaohe\n"

func TestASettingThatCannotWorkIsNamed(t *testing.T) {
	for file, want := range map[string]string{
		"http: 127.0.0.1:1\nstor: sqlite:x\n":  `FILE:2: there is no setting "stor"; did you mean "store"?`,
		"future-tolerance: soon\n":             "FILE: future-tolerance",
		"target: [sla]\n":                      `target "sla" is not known`,
		"http: nowhere\n":                      `--http "nowhere" is not host:port`,
		"- a\n- b\n":                           "write name: value",
		"http: [\n":                            "FILE",
		"reserve: much\n":                      `"much" is not a size`,
		"sync: sometimes\n":                    `"sometimes" is neither always nor an interval`,
		"sync: 1ms\n":                          "--sync 1ms is less than 10ms",
		"sync: 1s\nnats: nats://127.0.0.1:1\n": "set sync_interval",
		"rate: 5\nburst: 0\n":                  "the burst is at least 1",
		"streams: 0\n":                         "--streams 0 is not positive",
		"oidc-client-id: kaohe\n":              "need --oidc-issuer",
		"oidc-issuer: id.example.cn\n":         "is not an http or https URL",
		provider:                               "--oidc-roles is missing",
		provider + "oidc-roles: [a]\n":         "write value=role",
		provider + "oidc-roles: [a=boss]\n":    "there is no such role; choose from administrator",
		provider + "oidc-roles: [a=committee]\nhttp: 0.0.0.0:8080\n": "--public-url is missing",
	} {
		if code, out, said := configuring(t, file, nil, "check"); code == 0 || !strings.Contains(said, want) {
			t.Errorf("%q: exit %d, said %q%s, want %q", file, code, said, out, want)
		}
	}
	if code, out, said := configuring(t, "http: 127.0.0.1:0\n", nil, "check"); code != 0 || !strings.Contains(out, "good") {
		t.Errorf("good settings: exit %d, %s%s", code, out, said)
	}
	if code, _, said := configuring(t, "", map[string]string{"KAOHE_PARTITIONS": "many"}, "check"); code == 0 || !strings.Contains(said, "KAOHE_PARTITIONS: partitions") {
		t.Errorf("a bad environment: exit %d, %s", code, said)
	}
}
