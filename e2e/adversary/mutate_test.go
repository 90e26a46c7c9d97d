package adversary

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
)

// attempt is a request as it goes over the wire.
type attempt struct {
	role, method, target string
	headers              []string
	body                 string
	// about is the unit that it was made for, "chengqu", which is the manager's
	// own, or "xinqu".
	about string
	// canonical says that nothing of it was changed.
	canonical bool
}

func (a *attempt) String() string {
	return fmt.Sprintf("%s as %s: %s %s %q %q", a.about, a.role, a.method, a.target, a.headers, a.body)
}

// makes makes attempts: every role at every path, about the own unit and another,
// with up to three changes that a router, a proxy or a framework might undo.
type makes struct {
	*rand.Rand
	routes []*route
	roles  []string
	values map[string]map[string]string // by unit
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func (m *makes) next() *attempt {
	r := pick(m.Rand, m.routes)
	a := &attempt{role: pick(m.Rand, m.roles), method: r.method, about: pick(m.Rand, []string{"chengqu", "xinqu"}), canonical: true}
	values := m.values[a.about]
	fill := func(text string, escape func(string) string) string {
		for name, value := range values {
			text = strings.NewReplacer("{"+name+"}", escape(value), "{"+name+"...}", value).Replace(text)
		}
		return text
	}
	a.target = fill(r.pattern(), url.PathEscape)
	if strings.Contains(a.target, "/v1/tickets/") {
		a.target = "/v1/tickets/" + values["ticket"]
	}
	if r.query != "" {
		a.target += "?" + fill(r.query, url.QueryEscape)
	}
	if a.method == "POST" {
		a.headers, a.body = []string{"Content-Type: application/json"}, "{}"
		if strings.HasSuffix(a.target, "/v1/objections") {
			a.body = fmt.Sprintf(`{"entry":%q,"grounds":"g"}`, values["entry"])
		}
	}
	for range m.IntN(4) {
		a.canonical = false
		pick(m.Rand, mutations())(m, a)
	}
	return a
}

func mutations() []func(*makes, *attempt) {
	return []func(*makes, *attempt){encoded, slashEncoded, dotted, doubled, cased, decorated, otherMethod, overridden, typed, unitAdded, formed, smuggled, otherPath}
}

// path changes the path of the target and leaves its query.
func (a *attempt) path(change func(string) string) {
	path, query, asked := strings.Cut(a.target, "?")
	if a.target = change(path); asked {
		a.target += "?" + query
	}
}

// at changes one place of a path that fits, by chance.
func (m *makes) at(a *attempt, fits func(byte) bool, change func(path string, i int) string) {
	a.path(func(path string) string {
		var places []int
		for i := 1; i < len(path); i++ {
			if fits(path[i]) {
				places = append(places, i)
			}
		}
		if len(places) == 0 {
			return path
		}
		return change(path, pick(m.Rand, places))
	})
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func encoded(m *makes, a *attempt) {
	m.at(a, letter, func(path string, i int) string {
		format := pick(m.Rand, []string{"%%%02x", "%%%02X", "%%25%02x"})
		return path[:i] + fmt.Sprintf(format, path[i]) + path[i+1:]
	})
}

func slashEncoded(m *makes, a *attempt) {
	m.at(a, func(c byte) bool { return c == '/' }, func(path string, i int) string {
		return path[:i] + pick(m.Rand, []string{"%2F", "%2f", "%252F", "%5C", "%ef%bc%8f", "\\"}) + path[i+1:]
	})
}

func dotted(m *makes, a *attempt) {
	m.at(a, func(c byte) bool { return c == '/' }, func(path string, i int) string {
		return path[:i] + pick(m.Rand, []string{"/.", "/x/..", "/%2e", "/x/%2e%2e", "/..;", "/;"}) + path[i:]
	})
}

func doubled(m *makes, a *attempt) {
	m.at(a, func(c byte) bool { return c == '/' }, func(path string, i int) string { return path[:i] + "/" + path[i:] })
}

func cased(m *makes, a *attempt) {
	m.at(a, letter, func(path string, i int) string { return path[:i] + string(path[i]^0x20) + path[i+1:] })
}

func decorated(m *makes, a *attempt) {
	a.path(func(path string) string {
		return pick(m.Rand, []string{"/", "//", "", "", ""}) + path + pick(m.Rand, []string{"/", "//", "%00", "%20", ";x", ".json", "%3Fx", "%23", ":", "/."})
	})
}

func otherMethod(m *makes, a *attempt) {
	a.method = pick(m.Rand, []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "Post", "PROPFIND", "GETX"})
}

func overridden(m *makes, a *attempt) {
	name := pick(m.Rand, []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"})
	a.headers = append(a.headers, name+": "+pick(m.Rand, []string{"GET", "POST", "DELETE", "PUT"}))
}

func typed(m *makes, a *attempt) {
	a.headers = append(a.headers, "Content-Type: "+pick(m.Rand, []string{
		"application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "application/grpc", "application/grpc-web+json",
		"application/json; charset=utf-7", "application/cloudevents+json", "application/xml", "",
	}))
}

func unitAdded(m *makes, a *attempt) {
	added := pick(m.Rand, []string{"unit=xinqu", "unit=chengqu", "unit=", "Unit=xinqu", "unit[]=xinqu", "un%69t=xinqu", "units=xinqu", "entry=x", "month=2026-03", "_method=DELETE"})
	if strings.Contains(a.target, "?") && m.IntN(2) == 0 {
		path, query, _ := strings.Cut(a.target, "?")
		a.target = path + "?" + added + "&" + query
		return
	}
	a.target += map[bool]string{true: "&", false: "?"}[strings.Contains(a.target, "?")] + added
}

func formed(m *makes, a *attempt) {
	a.headers = append(a.headers, "Content-Type: application/x-www-form-urlencoded")
	a.body = pick(m.Rand, []string{"unit=xinqu", "_method=DELETE", "unit=xinqu&month=2026-03", "access_token=x"})
}

func smuggled(m *makes, a *attempt) {
	a.headers = append(a.headers, pick(m.Rand, []string{
		"X-Original-URL: /v1/tokens", "X-Rewrite-URL: /v1/tokens", "X-Forwarded-Prefix: /v1/tokens", "X-Forwarded-User: admin", "X-Remote-User: admin",
		"Grpc-Metadata-Authorization: Bearer x", "Grpcgateway-Authorization: Bearer x", "Grpc-Metadata-X-Role: administrator",
		"Cookie: kaohe=x; __Host-kaohe=x", "Forwarded: for=127.0.0.1;host=x", "Authorization: Bearer x", "Accept: text/event-stream", "Upgrade: h2c", "Expect: x",
	}))
}

// otherPath takes the path of another row, so that method, body and query are
// those of one call and the path that of another.
func otherPath(m *makes, a *attempt) {
	other := pick(m.Rand, m.routes)
	a.path(func(string) string {
		path := other.pattern()
		for name, value := range m.values[a.about] {
			path = strings.NewReplacer("{"+name+"}", url.PathEscape(value), "{"+name+"...}", value).Replace(path)
		}
		return path
	})
}
