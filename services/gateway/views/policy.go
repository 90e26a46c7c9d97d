package views

import (
	"context"
	"maps"
	"slices"

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
	at    uint64
}

func newPolicyReader(v *Views) *policyReader {
	return &policyReader{views: v, facts: map[string]*factv1.Fact{}}
}

func (p *policyReader) read(ctx context.Context, caughtUp func()) error {
	subjects := []string{bus.FactPrefix + string(flow.UnitKnown), bus.FactPrefix + string(flow.RulebookInForce)}
	var last uint64
	for _, subject := range subjects {
		sequence, err := p.views.bus.LastOf(ctx, bus.Facts, subject)
		if err != nil {
			return err
		}
		last = max(last, sequence)
	}
	reader, err := p.views.bus.Read(ctx, bus.Facts, subjects, p.at)
	if err != nil {
		return err
	}
	defer reader.Close()
	for {
		if p.at >= last {
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
		p.at = d.Sequence
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
}
