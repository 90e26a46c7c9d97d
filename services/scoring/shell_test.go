package scoring_test

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/scoring"
)

// input is a fact or, instead, a policy that takes effect.
type input struct {
	fact   *factv1.Fact
	policy *rulebook.Policy
}

// shell runs the machine in batches as the real one does on a store without
// transactions: it tells the ledger, then stores documents in the order of
// their keys, then its position; and it can die between any two of them.
type shell struct {
	t      *rapid.T
	inputs []input
	policy *rulebook.Policy // in force, and kept: the one stored with the position
	kept   *rulebook.Policy
	stored map[string]*flow.Document
	next   int // the first input that is not committed
	ledger []*ledgerv1.Record

	docs     map[string]*flow.Document // of the life since the last crash
	dirty    map[string]bool
	records  []*ledgerv1.Record
	sequence uint64
	wake     string
}

func (s *shell) Open(key string) (*flow.Document, bool, error) {
	doc := s.docs[key]
	if doc == nil {
		doc = &flow.Document{Key: key, State: scoring.New().New()}
		if kept := s.stored[key]; kept != nil {
			doc = copyOf(kept)
		}
		s.docs[key] = doc
	}
	take := doc.Take(s.sequence, s.wake)
	if take {
		s.dirty[key] = true
	}
	return doc, take, nil
}

func copyOf(d *flow.Document) *flow.Document {
	c := *d
	c.State = proto.Clone(d.State)
	return &c
}

func (s *shell) Clock(string) time.Time                    { return time.Time{} }
func (s *shell) Say(f *factv1.Fact)                        { s.t.Fatalf("scoring said %v to other services", f) }
func (s *shell) Record(r *ledgerv1.Record)                 { s.records = append(s.records, proto.CloneOf(r)) }
func (s *shell) Quarantine(_ flow.Input, r *factv1.Reason) { s.t.Fatalf("set aside: %v", r) }

// crash forgets what is not stored.
func (s *shell) crash() {
	s.docs, s.dirty, s.records, s.policy = map[string]*flow.Document{}, map[string]bool{}, nil, s.kept
}

// run deals with all inputs, dying where the draws say.
func (s *shell) run() {
	s.stored, s.kept = map[string]*flow.Document{}, s.policy
	s.crash()
	deaths := rapid.IntRange(0, 6).Draw(s.t, "deaths")
	for s.next < len(s.inputs) {
		size := rapid.IntRange(1, 4).Draw(s.t, "batch")
		done := s.batch(min(s.next+size, len(s.inputs)), &deaths)
		if done {
			continue
		}
		deaths--
		s.crash()
	}
}

// batch deals with inputs up to an end; false: it died.
func (s *shell) batch(end int, deaths *int) bool {
	for at := s.next; at < end; at++ {
		s.sequence, s.wake = uint64(at+1), ""
		if s.inputs[at].policy != nil {
			if !s.flush(at, deaths) || !s.sweep(at, deaths) {
				return false
			}
			continue
		}
		f := proto.CloneOf(s.inputs[at].fact)
		s.step(flow.Input{Sequence: s.sequence, At: flow.Time(f.DetectedAt), Clock: f.Clock, Fact: f})
	}
	if !s.flush(end, deaths) {
		return false
	}
	s.kept = s.policy
	return true
}

func (s *shell) step(in flow.Input) {
	if err := scoring.New().Step(s.policy, s, in); err != nil {
		s.t.Fatal(err)
	}
}

// sweep wakes what a policy concerns, all at the place of one input, a page at
// a time.
func (s *shell) sweep(at int, deaths *int) bool {
	before := s.policy
	s.kept, s.policy = before, s.inputs[at].policy
	for _, prefix := range scoring.New().Affected(before, s.policy) {
		for i, key := range s.keys(prefix) {
			s.wake = key
			s.step(flow.Input{Sequence: s.sequence, Wake: key, At: day(25)})
			if i%3 == 2 && !s.flush(at, deaths) {
				return false
			}
		}
	}
	return s.flush(at, deaths)
}

func (s *shell) keys(prefix string) []string {
	var keys []string
	for key := range s.stored {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// flush tells and stores; false: it died before, between or after the writes.
func (s *shell) flush(position int, deaths *int) bool {
	keys := make([]string, 0, len(s.dirty))
	for key := range s.dirty {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		for _, summary := range scoring.New().(flow.Summariser).Summary(s.policy, s.docs[key]) {
			s.Record(summary)
		}
	}
	writes, dies := len(keys), *deaths > 0 && rapid.Bool().Draw(s.t, "dies")
	if dies {
		writes = rapid.IntRange(-1, len(keys)).Draw(s.t, "writes")
	}
	if writes < 0 {
		return false
	}
	s.ledger = append(s.ledger, s.records...)
	s.records = nil
	for _, key := range keys[:writes] {
		s.stored[key] = copyOf(s.docs[key])
		delete(s.dirty, key)
	}
	if dies {
		return false
	}
	s.next = position
	return true
}

// month gives the stored state of a unit's month.
func (s *shell) month(unit, month string) *statev1.UnitMonth {
	for _, d := range s.stored {
		m := d.State.(*statev1.ScoringState).GetMonth()
		if m != nil && m.Unit == unit && m.Month == month {
			return m
		}
	}
	return nil
}
