package adversary

import (
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
)

// route is a row of the access table for a REST path.
type route struct {
	method string
	// path in parts: a literal, "{name}" for a value, "{id...}" for the rest.
	path  []string
	query string // with values in braces
	// may says what each role may: "yes", "own" or "·".
	may map[string]string
}

// pattern is the path as the table has it.
func (r *route) pattern() string { return "/" + strings.Join(r.path, "/") }

// accessTable reads the table that people have read and agreed to: what is
// attacked is held to it, not to the program's own idea.
func accessTable(t testing.TB) (routes []*route, calls map[string]map[string]string, roles []string) {
	t.Helper()
	raw, err := os.ReadFile("../../services/gateway/testdata/access.md")
	must(t, err)
	calls = map[string]map[string]string{}
	for _, line := range strings.Split(string(raw), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		switch {
		case len(cells) < 8 || strings.HasPrefix(cells[0], "---"):
		case cells[0] == "call":
			roles = cells[1:]
		default:
			may := map[string]string{}
			for i, cell := range cells[1:] {
				may[roles[i]] = cell
			}
			if !strings.HasPrefix(cells[0], "`") {
				calls[cells[0]] = may
				continue
			}
			method, target, _ := strings.Cut(strings.Trim(cells[0], "`"), " ")
			path, query, _ := strings.Cut(target, "?")
			routes = append(routes, &route{method, strings.Split(path[1:], "/"), query, may})
		}
	}
	if len(routes) < 50 || len(calls) < 50 || len(roles) != 7 {
		t.Fatalf("the access table has %d paths, %d calls and the roles %v", len(routes), len(calls), roles)
	}
	return routes, calls, roles
}

// interpret gives the only row that a request in its one spelling is of; nil when
// it is of none, and so has to be nowhere. Values are what stands for the parts
// in braces.
func interpret(routes []*route, method, target string) (found *route, values map[string]string) {
	raw, _, _ := strings.Cut(target, "?")
	if !strings.HasPrefix(raw, "/") {
		return nil, nil
	}
	if method == "HEAD" {
		method = "GET"
	}
	for _, r := range routes {
		if at, fits := matches(r, strings.Split(raw[1:], "/")); fits && r.method == method && (found == nil || literals(r) > literals(found)) {
			found, values = r, at
		}
	}
	return found, values
}

func literals(r *route) (n int) {
	for _, part := range r.path {
		if !strings.HasPrefix(part, "{") {
			n++
		}
	}
	return n
}

func matches(r *route, parts []string) (map[string]string, bool) {
	values := map[string]string{}
	for i, want := range r.path {
		if i >= len(parts) {
			return nil, false
		}
		if strings.HasSuffix(want, "...}") {
			rest := parts[i:]
			for _, part := range rest {
				if part == "" || part == "." || part == ".." {
					return nil, false
				}
			}
			return values, true
		}
		if !strings.HasPrefix(want, "{") {
			if parts[i] != want {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(parts[i])
		if err != nil || parts[i] == "" || parts[i] == "." || parts[i] == ".." {
			return nil, false
		}
		values[strings.Trim(want, "{}")] = value
	}
	return values, len(parts) == len(r.path)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
