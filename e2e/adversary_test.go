package e2e

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"
)

// fault is something an adversary does to a province. Which one it is and whom it
// hits follows from a seed and its place in the run alone, whatever came of the
// faults before it.
type fault struct {
	kind                   int
	node, replica, gateway int
	moment                 time.Duration // when something is interrupted
}

// faultOf gives the nth fault of a seed.
func faultOf(seed uint64, n int) fault {
	chance := rand.New(rand.NewPCG(seed, uint64(n)+1))
	return fault{kind: chance.IntN(len(faultKinds())), node: chance.IntN(nodes), replica: chance.IntN(twoOfEach), gateway: chance.IntN(twoOfEach),
		moment: time.Duration(chance.Int64N(int64(lastMoment)))}
}

// faultKind is what happens to whom; do gives what ends it.
type faultKind struct {
	name string // with the places of node, replica and gateway
	do   func(p *province, f fault) (heal func())
}

func (f fault) String() string { return faultKinds()[f.kind].name }

func (f fault) do(p *province) (heal func()) { return faultKinds()[f.kind].do(p, f) }

func faultKinds() []faultKind {
	node := func(p *province, f fault) *node { return p.cluster[f.node] }
	replica := func(p *province, f fault) *member { return p.replicas[f.replica] }
	gateway := func(p *province, f fault) *member { return p.gateways[f.gateway] }
	return slices.Concat(operatorFaults(), greedyFaults(), []faultKind{
		{"a NATS node is killed", func(p *province, f fault) func() { n := node(p, f); n.kill(); return n.start }},
		{"a NATS node stands still", func(p *province, f fault) func() { return freeze(node(p, f).process) }},
		{"a replica is killed", func(p *province, f fault) func() { return killed(replica(p, f)) }},
		{"a replica is stopped", func(p *province, f fault) func() { return stopped(replica(p, f)) }},
		{"a replica stands still", func(p *province, f fault) func() { return freeze(replica(p, f).process) }},
		{"a replica stands still until the other has its parts", deposed(func(m *member) func() { return freeze(m.process) })},
		{"a replica is cut off from NATS", func(p *province, f fault) func() { return cut(replica(p, f).wires...) }},
		{"a replica is cut off from NATS until the other has its parts", deposed(func(m *member) func() { return cut(m.wires...) })},
		{"a gateway is killed", func(p *province, f fault) func() { return killed(gateway(p, f)) }},
		{"a gateway is stopped", func(p *province, f fault) func() { return stopped(gateway(p, f)) }},
		{"a gateway stands still", func(p *province, f fault) func() { return freeze(gateway(p, f).process) }},
		{"a gateway is cut off from NATS", func(p *province, f fault) func() { return cut(gateway(p, f).wires...) }},
		{"a gateway is cut off from who pushes", func(p *province, f fault) func() { return cut(gateway(p, f).front) }},
		{"both gateways are killed", func(p *province, f fault) func() { return both(killed(p.gateways[0]), killed(p.gateways[1])) }},
		{"a NATS node and a replica are killed", func(p *province, f fault) func() {
			n := node(p, f)
			n.kill()
			return both(n.start, killed(replica(p, f)))
		}},
		{"a NATS node and a gateway are killed", func(p *province, f fault) func() {
			n := node(p, f)
			n.kill()
			return both(n.start, killed(gateway(p, f)))
		}},
		{"the clock of a replica goes hours forward", func(p *province, f fault) func() { return replica(p, f).clock.move(ahead) }},
		{"the clock of a replica goes a day back", func(p *province, f fault) func() { return replica(p, f).clock.move(-aDay) }},
		{"a replica starts with its clock hours forward", func(p *province, f fault) func() { return startedAt(replica(p, f), ahead) }},
		{"a replica starts with its clock a day back", func(p *province, f fault) func() { return startedAt(replica(p, f), -aDay) }},
		{"the clock of a gateway goes hours forward", func(p *province, f fault) func() { return gateway(p, f).clock.move(ahead) }},
		{"the clock of a gateway goes a day back", func(p *province, f fault) func() { return gateway(p, f).clock.move(-aDay) }},
		{"a gateway starts with its clock a day back", func(p *province, f fault) func() { return startedAt(gateway(p, f), -aDay) }},
	})
}

// lastMoment is how long after its start something is interrupted at most.
const lastMoment = 800 * time.Millisecond

// How far a clock goes wrong.
const (
	ahead = 3 * time.Hour
	aDay  = 24 * time.Hour
)

// startedAt starts it again with a clock that goes wrong.
func startedAt(m *member, by time.Duration) (right func()) {
	m.kill()
	right = m.clock.move(by)
	m.start()
	return right
}

func killed(m *member) (heal func()) {
	m.kill()
	return m.start
}

func stopped(m *member) (heal func()) {
	_ = m.cmd.Process.Signal(syscall.SIGTERM) // it may be starting still, so how it ends is not looked at
	<-m.done
	return m.start
}

func freeze(p *process) (heal func()) {
	send := func(s syscall.Signal) {
		if err := p.cmd.Process.Signal(s); err != nil {
			p.t.Fatal(err)
		}
	}
	send(syscall.SIGSTOP)
	return func() { send(syscall.SIGCONT) }
}

func cut(wires ...*wire) (heal func()) {
	for _, w := range wires {
		w.set(true)
	}
	return func() {
		for _, w := range wires {
			w.set(false)
		}
	}
}

func both(one, other func()) func() { return func() { one(); other() } }

// deposed lets a fault of a replica last until the other runs everything, so that
// the first wakes up to find that it is replaced.
func deposed(do func(m *member) (heal func())) func(p *province, f fault) (heal func()) {
	return func(p *province, f fault) func() {
		heal := do(p.replicas[f.replica])
		other := p.replicas[1-f.replica]
		await(p.t, "taken over", func() error {
			if got := len(owned(other.process)); got != p.parts() {
				return fmt.Errorf("the other replica runs %d parts of %d", got, p.parts())
			}
			return nil
		})
		return heal
	}
}

// The faults follow from the seed, and in the long run everything happens to
// everybody.
func TestASeedGivesTheSameFaults(t *testing.T) {
	seen, differs := map[string]bool{}, false
	for n := range 1000 {
		f := faultOf(1, n)
		if f != faultOf(1, n) {
			t.Fatalf("fault %d is %+v and then another", n, f)
		}
		differs = differs || f != faultOf(2, n)
		for _, about := range []string{f.String(), fmt.Sprint("node ", f.node), fmt.Sprint("replica ", f.replica), fmt.Sprint("gateway ", f.gateway)} {
			seen[about] = true
		}
	}
	if want := len(faultKinds()) + nodes + 2*twoOfEach; len(seen) != want || !differs {
		t.Errorf("%d of %d seen: %v; another seed differs: %t", len(seen), want, seen, differs)
	}
}
