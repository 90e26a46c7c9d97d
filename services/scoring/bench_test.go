package scoring_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/scoring"
)

// memory keeps documents and drops what is told.
type memory struct {
	docs     map[string]*flow.Document
	sequence uint64
	told     int
}

func (m *memory) Open(key string) (*flow.Document, bool, error) {
	doc := m.docs[key]
	if doc == nil {
		doc = &flow.Document{Key: key, State: scoring.New().New()}
		m.docs[key] = doc
	}
	return doc, doc.Take(m.sequence, ""), nil
}
func (m *memory) Clock(string) time.Time                { return time.Time{} }
func (m *memory) Say(*factv1.Fact)                      {}
func (m *memory) Record(*ledgerv1.Record)               { m.told++ }
func (m *memory) Quarantine(flow.Input, *factv1.Reason) {}

// BenchmarkStep takes facts of a month: nine faults and an overdue ticket of
// each ten.
func BenchmarkStep(b *testing.B) {
	policy := policyOf(nil, unit("U", 1_000_000))
	facts := make([]*factv1.Fact, 10_000)
	for i := range facts {
		set := faultReported
		if i%10 == 0 {
			set = overdue
		}
		facts[i] = fact(fmt.Sprint(i), 1, "U", day(1+i%31), set)
	}
	machine, tx := scoring.New(), &memory{docs: map[string]*flow.Document{}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		f := facts[i%len(facts)]
		if i >= len(facts) {
			f = proto.CloneOf(f)
			f.Id = fmt.Sprint(i)
		}
		tx.sequence++
		if err := machine.Step(policy, tx, flow.Input{Sequence: tx.sequence, Fact: f}); err != nil {
			b.Fatal(err)
		}
	}
}
