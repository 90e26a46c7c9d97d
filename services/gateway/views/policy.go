package views

import (
	"context"
	"maps"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/rulebook"
)

// policyReader keeps the policy: all facts about units and rulebooks, which
// are few, from the beginning of the stream.
type policyReader struct {
	views *Views
	facts map[string]*factv1.Fact

	mu    sync.Mutex
	at    uint64
	moved chan struct{} // closed when at moves
}

// PolicySubjects are where units and rulebooks are published.
func PolicySubjects() []string {
	return []string{bus.FactPrefix + string(flow.UnitKnown), bus.FactPrefix + string(flow.RulebookInForce)}
}

func newPolicyReader(v *Views) *policyReader {
	return &policyReader{views: v, facts: map[string]*factv1.Fact{}, moved: make(chan struct{})}
}

// end gives the last place of the stream that has a unit or rulebook, as it is
// now.
func (p *policyReader) end(ctx context.Context) (last uint64, err error) {
	for _, subject := range PolicySubjects() {
		sequence, err := p.views.bus.LastOf(ctx, bus.Facts, subject)
		if err != nil {
			return 0, err
		}
		last = max(last, sequence)
	}
	return last, nil
}

// position gives how far the policy has come, and what to wait on for more.
func (p *policyReader) position() (uint64, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at, p.moved
}

func (p *policyReader) move(to uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = to
	close(p.moved)
	p.moved = make(chan struct{})
}

func (p *policyReader) read(ctx context.Context, caughtUp func()) error {
	last, err := p.end(ctx)
	if err != nil {
		return err
	}
	at, _ := p.position()
	reader, err := p.views.bus.Read(ctx, bus.Facts, PolicySubjects(), at)
	if err != nil {
		return err
	}
	defer reader.Close()
	for {
		if at, _ := p.position(); at >= last {
			caughtUp()
		}
		select {
		case first, open := <-reader.Deliveries():
			if !open {
				return reader.Err()
			}
			p.take(reader.Drain(first, maxBatch))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *policyReader) take(batch []bus.Delivery) {
	for _, d := range batch {
		fact := &factv1.Fact{}
		if err := proto.Unmarshal(d.Data, fact); err != nil {
			p.views.log.Error("a fact cannot be read and is left out", "sequence", d.Sequence, "error", err)
			continue
		}
		if known := p.facts[fact.Id]; known == nil || fact.Revision > known.Revision {
			p.facts[fact.Id] = fact
		}
	}
	facts := make([]*factv1.Fact, 0, len(p.facts))
	for _, id := range slices.Sorted(maps.Keys(p.facts)) {
		facts = append(facts, p.facts[id])
	}
	policy, err := rulebook.PolicyFromFacts(facts)
	if err != nil {
		p.views.log.Error("a published rulebook cannot be used and is left out", "error", err)
	}
	p.views.policy.Store(policy)
	p.move(batch[len(batch)-1].Sequence)
}

// AwaitPolicy waits until the policy holds every unit and rulebook that was
// published before the call. A barrier that has come through the ledger proves
// that they were published, not that this reader has come to them.
func (v *Views) AwaitPolicy(ctx context.Context) error {
	last, err := v.known.end(ctx)
	if err != nil {
		return err
	}
	for {
		at, moved := v.known.position()
		if at >= last {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
