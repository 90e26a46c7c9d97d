package deploycheck

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// program is the kaohe that `make build` makes.
const program = "../../bin/kaohe"

// checks are all that is checked, by what they read.
var checks = map[string]func(Deploy, *Problems){
	"dockerfile": Deploy.CheckDockerfile,
	"compose":    Deploy.CheckCompose,
	"prometheus": Deploy.CheckPrometheus,
	"systemd":    Deploy.CheckSystemd,
	"kubernetes": Deploy.CheckKubernetes,
	"images":     Deploy.CheckImages,
}

// toolchain is the Go that go.work names.
func toolchain(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../../go.work")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^toolchain (\S+)$`).FindSubmatch(raw)
	if found == nil {
		t.Fatal("go.work names no toolchain")
	}
	return string(found[1])
}

func kaohe(t *testing.T) *Program {
	t.Helper()
	path, err := filepath.Abs(program)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%v: run 'make build' first", err)
	}
	return &Program{Path: path, Scratch: t.TempDir()}
}

// What deploy/ holds can be deployed.
func TestDeploy(t *testing.T) {
	dir, err := filepath.Abs("../../deploy")
	if err != nil {
		t.Fatal(err)
	}
	// KAOHE_RELEASE is set by `make release`.
	deploy := Deploy{Dir: dir, Program: kaohe(t), Toolchain: toolchain(t), Release: os.Getenv("KAOHE_RELEASE") != ""}
	for name, check := range checks {
		t.Run(name, func(t *testing.T) {
			var found Problems
			check(deploy, &found)
			for _, problem := range found {
				t.Error(problem)
			}
		})
	}
}
