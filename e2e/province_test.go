package e2e

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"kaohe.dev/e2e/port"
)

// How many of each a province has.
const nodes, twoOfEach = 3, 2

// province is kaohe as it runs for many: three NATS nodes, two replicas that
// each run every service and tell receivers, and two gateways.
type province struct {
	t        testing.TB
	cluster  cluster
	replicas []*member
	gateways []*member
	backup   string // of its beginning
}

// member is a process of a province. It reaches NATS by wires of its own, and is
// reached by one, so that it can be cut off.
type member struct {
	server
	wires []*wire
	front *wire // of a gateway
	clock *clock
	args  []string
}

func startProvince(t testing.TB) *province {
	p := &province{t: t, cluster: startCluster(t, [nodes]string{t.TempDir(), t.TempDir(), t.TempDir()},
		"name: kaohe", "name: kaohe\n  no_advertise: true")} // who hears of the others could go past the wires
	dir := t.TempDir()
	data := filepath.Join(dir, "kaohe")
	shared := []string{
		"--data", data, "--store", "sqlite:" + filepath.Join(dir, "state"), "--partitions", "4", "--log", "info",
		"--replicas", "3", "--nats-nkeys", p.cluster[0].keys, "--webhook-retry", "500ms", "--webhook-allow", "127.0.0.1",
	}
	for range twoOfEach {
		p.replicas = append(p.replicas, p.member(data, append([]string{"--target", strings.Join(services, ",") + ",notify"}, shared...)))
	}
	for range twoOfEach {
		p.gateways = append(p.gateways, p.gateway(data, shared))
	}
	p.awaitHealth()
	return p
}

func (p *province) member(data string, args []string) *member {
	m := &member{server: server{data: data}, clock: newClock(p.t)}
	var addresses []string
	for _, n := range p.cluster {
		w := newWire(p.t, n.client)
		m.wires = append(m.wires, w)
		addresses = append(addresses, "nats://"+w.address)
	}
	m.args = append([]string{"serve", "--nats", strings.Join(addresses, ",")}, args...)
	m.process = &process{t: p.t}
	m.start()
	return m
}

func (p *province) gateway(data string, shared []string) *member {
	at, grpc := port.Free(p.t), port.Free(p.t)
	m := p.member(data, append([]string{"--target", "gateway", "--http", at, "--grpc", grpc}, shared...))
	m.front = newWire(p.t, at)
	m.http, m.grpc, m.patience = m.front.address, grpc, patience
	return m
}

// start starts it, again at its old address.
func (m *member) start() { m.process = m.clock.start(m.args...) }

// parts is how many parts the services have; notify is one.
func (p *province) parts() int { return 4*len(services) + 1 }

// awaitHealth waits until every node and both gateways are well. A replica may
// be starting still.
func (p *province) awaitHealth() {
	p.t.Helper()
	p.cluster.awaitHealth()
	await(p.t, "ready at both gateways", func() error {
		var errs []error
		for _, gateway := range p.gateways {
			select {
			case <-gateway.done:
				p.t.Fatal("a gateway ended by itself")
			default:
			}
			errs = append(errs, gateway.ready())
		}
		return errors.Join(errs...)
	})
}

// patient is the member for who waits as long as it takes.
func (m *member) patient() *server {
	s := m.server
	s.patience = 0
	return &s
}
