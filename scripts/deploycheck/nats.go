package deploycheck

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/nats-io/nats-server/v2/conf"
)

// natsConfig is a NATS node's configuration as somebody starts it.
type natsConfig struct {
	ports  map[int32]bool
	routes []server
}

var variable = regexp.MustCompile(`\$([A-Z][A-Z0-9_]+)`)

// readNATS parses the files of a node. The environment it needs must be known;
// whatever else may be there is given by more.
func readNATS(files map[string]string, main string, known func(name string) bool) (natsConfig, error) {
	dir, err := os.MkdirTemp("", "nats")
	if err != nil {
		return natsConfig{}, err
	}
	defer os.RemoveAll(dir)
	for name, text := range files {
		for _, found := range variable.FindAllStringSubmatch(uncommented(text), -1) {
			if !known(found[1]) {
				return natsConfig{}, fmt.Errorf("%s: nobody gives it $%s", name, found[1])
			}
			_ = os.Setenv(found[1], "x") // the parser asks this process; a name like NODE concerns nobody else
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return natsConfig{}, err
		}
	}
	parsed, err := conf.ParseFile(filepath.Join(dir, main))
	if err != nil {
		return natsConfig{}, err
	}
	return natsOf(parsed), nil
}

func uncommented(text string) string {
	return regexp.MustCompile(`(?m)^\s*#.*$|"[^"]*"`).ReplaceAllString(text, "")
}

func natsOf(parsed map[string]any) natsConfig {
	got := natsConfig{ports: map[int32]bool{}}
	listens := func(value any) { got.ports[address(fmt.Sprint(value), 0).port] = true }
	listens(parsed["listen"])
	listens(parsed["http"])
	cluster, _ := parsed["cluster"].(map[string]any)
	listens(cluster["listen"])
	routes, _ := cluster["routes"].([]any)
	for _, route := range routes {
		got.routes = append(got.routes, addresses(strings.TrimSpace(fmt.Sprint(route)), 6222)...)
	}
	return got
}
