package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"kaohe.dev/e2e/port"
)

// node is one nats-server of a cluster.
type node struct {
	*process
	t                        testing.TB
	name, config, keys       string
	client, route, monitored string
}

// cluster is three of them, each a process of its own.
type cluster []*node

// startCluster starts three nodes; disks are where each keeps its streams, and
// edits what is changed in the configuration: what, by what, and so on.
func startCluster(t testing.TB, disks [3]string, edits ...string) cluster {
	t.Helper()
	all, keys := make(cluster, 3), natsKeys(t)
	var routes []string
	for i := range all {
		all[i] = &node{t: t, name: fmt.Sprintf("n%d", i+1), keys: keys, client: port.Free(t), route: port.Free(t), monitored: port.Free(t)}
		routes = append(routes, fmt.Sprintf("nats-%d:6222", i+1), all[i].route)
	}
	// The configuration that deploy/ starts, at other addresses.
	deployed := strings.NewReplacer(edits...).Replace(mustRead(t, "../deploy/nats/node.conf"))
	deployed = strings.NewReplacer(routes...).Replace(deployed)
	for i, n := range all {
		dir := t.TempDir()
		n.config = filepath.Join(dir, n.name+".conf")
		text := strings.NewReplacer("$NODE", n.name, "0.0.0.0:4222", n.client, "0.0.0.0:8222", n.monitored,
			"0.0.0.0:6222", n.route, `"/data"`, strconv.Quote(disks[i])).Replace(deployed)
		for name, text := range map[string]string{n.config: text, filepath.Join(dir, "accounts.conf"): mustRead(t, "../deploy/nats/accounts.conf")} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		n.start()
	}
	all.awaitHealth()
	return all
}

// natsKeys makes the keys of all NATS users and puts the public ones into the
// environment of what is started.
func natsKeys(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command(program, "nats", "keys", dir).CombinedOutput(); err != nil {
		t.Fatalf("kaohe nats keys: %v\n%s", err, out)
	}
	for _, line := range lines(mustRead(t, filepath.Join(dir, "nats.env"))) {
		name, value, _ := strings.Cut(line, "=")
		t.Setenv(name, value)
	}
	return dir
}

// key is a directory that has the key of one user only.
func (c cluster) key(user string) string {
	c[0].t.Helper()
	return filepath.Dir(write(c[0].t, user+".nk", mustRead(c[0].t, filepath.Join(c[0].keys, user+".nk"))))
}

func (n *node) start() { n.process = start(n.t, natsServer, "-c", n.config) }

func (n *node) signal(s syscall.Signal) {
	n.t.Helper()
	if err := n.cmd.Process.Signal(s); err != nil {
		n.t.Fatal(err)
	}
}

// ask asks a node's monitoring.
func (n *node) ask(path string, into any) error {
	response, err := http.Get("http://" + n.monitored + path)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(n.name + ": " + response.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(into)
}

func (c cluster) awaitHealth() {
	c[0].t.Helper()
	await(c[0].t, "a healthy cluster", func() error {
		var errs []error
		for _, n := range c {
			errs = append(errs, n.ask("/healthz", nil))
		}
		return errors.Join(errs...)
	})
}

// leader is the node that leads a stream.
func (c cluster) leader(stream string) *node {
	c[0].t.Helper()
	var found *node
	await(c[0].t, "a leader of "+stream, func() error {
		var jsz struct {
			Accounts []struct {
				Streams []struct {
					Name    string
					Cluster struct{ Leader string }
				} `json:"stream_detail"`
			} `json:"account_details"`
		}
		if err := c[0].ask("/jsz?streams=1", &jsz); err != nil {
			return err
		}
		for _, account := range jsz.Accounts {
			for _, s := range account.Streams {
				for _, n := range c {
					if s.Name == stream && s.Cluster.Leader == n.name {
						found = n
						return nil
					}
				}
			}
		}
		return errors.New("nobody leads it")
	})
	return found
}

func (c cluster) url() string {
	return "nats://" + c[0].client + ",nats://" + c[1].client + ",nats://" + c[2].client
}

// serve runs every target in a process of its own on the cluster, each with a
// directory and the key of its NATS user alone.
func (c cluster) serve(t testing.TB, more ...string) *server {
	t.Helper()
	dir := t.TempDir()
	data := func(target string) string { return filepath.Join(dir, target) }
	shared := append([]string{"--nats", c.url(), "--replicas", "3", "--store", "sqlite:" + filepath.Join(dir, "state")}, more...)
	for _, target := range services {
		start(t, program, append([]string{"serve", "--target", target, "--data", data(target), "--nats-nkeys", c.key(target)}, shared...)...)
	}
	start(t, program, append([]string{"nats", "setup", "--data", data("admin"), "--nats-nkeys", c.key("admin")}, shared...)...)
	s := &server{data: data("gateway"), http: port.Free(t), grpc: port.Free(t)}
	s.process = start(t, program, append([]string{"serve", "--target", "gateway", "--data", s.data,
		"--nats-nkeys", c.key("gateway"), "--http", s.http, "--grpc", s.grpc}, shared...)...)
	s.waitReady()
	for _, secret := range []string{"admin.token", "customer.key"} {
		if have, err := filepath.Glob(filepath.Join(dir, "*", secret)); err != nil || !slices.Equal(have, []string{filepath.Join(s.data, secret)}) {
			t.Errorf("%s is the gateway's alone, and here it is in %v (%v)", secret, have, err)
		}
	}
	return s
}

// The faults of a cluster: what is done, and what ends it. While one lasts
// events are pushed; they may be refused, never lost.
func faults() map[string]func(c cluster) (heal func()) {
	return map[string]func(c cluster) func(){
		"the leader of the feed is killed": func(c cluster) func() {
			n := c.leader("FEED")
			n.kill()
			return n.start
		},
		"the leader of the facts is cut off": func(c cluster) func() {
			n := c.leader("FACTS")
			n.signal(syscall.SIGSTOP) // its connections stay open and say nothing
			return func() { n.signal(syscall.SIGCONT) }
		},
		"all nodes are killed at once": func(c cluster) func() {
			for _, n := range c {
				n.kill()
			}
			return func() {
				for _, n := range c {
					n.start()
				}
			}
		},
	}
}

func TestAClusterLosesNothingWhateverDies(t *testing.T) {
	file := feedFile(t)
	one := up(t, t.TempDir())
	pushAndEnd(one, file)
	want := one.verify(demoMonth)
	one.stop()

	feed := lines(mustRead(t, file))
	c := startCluster(t, [3]string{t.TempDir(), t.TempDir(), t.TempDir()})
	s := c.serve(t)
	const batch = 100
	refused := 0
	push := func(events []string) error {
		var answer struct{ Rejected string }
		code, err := s.try("POST", "/v1/events", "["+strings.Join(events, ",")+"]", &answer)
		if err == nil && (code != http.StatusOK || answer.Rejected != "" && answer.Rejected != "0") {
			err = fmt.Errorf("status %d, rejected %s", code, answer.Rejected)
		}
		if err != nil {
			refused++
		}
		return err
	}
	next := func() (chunk []string) {
		n := min(batch, len(feed))
		chunk, feed = feed[:n], feed[n:]
		return chunk
	}
	share := len(feed) / (len(faults()) + 1) / batch
	for name, fault := range faults() {
		for range share {
			chunk := next()
			await(t, "pushed", func() error { return push(chunk) })
		}
		// One more is taken during the fault, or as soon as it is over.
		before, heal := refused, fault(c)
		ended := false
		end := func() {
			if !ended {
				heal()
			}
			ended = true
		}
		chunk := next()
		await(t, "pushed after "+name, func() error {
			err := push(chunk)
			if err != nil {
				end()
			}
			return err
		})
		end()
		c.awaitHealth()
		t.Logf("%s: %d pushes were refused", name, refused-before)
	}
	for len(feed) > 0 {
		chunk := next()
		await(t, "pushed", func() error { return push(chunk) })
	}
	if code := s.call("POST", "/v1/barriers", `{"clock":"demo","to":"2026-04-20T00:00:00Z"}`, nil); code != http.StatusOK {
		t.Fatalf("barrier: status %d", code)
	}
	if got := s.verify(demoMonth); got != want {
		t.Fatalf("the cluster arrives at hash %s, one process at %s", got, want)
	}
}
