package flow

import (
	"time"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/rulebook"
)

// Input is one thing a machine deals with: a fact, or a wake of a key.
type Input struct {
	// Sequence is the place in the stream the machine reads.
	Sequence uint64
	// At is the instant of the input on its clock: when it was received, found
	// or fell due. Zero on a named clock that has not moved yet.
	At time.Time
	// Clock is the named clock of At; empty is the wall clock.
	Clock string
	// Fact is what is told; nil for a wake.
	Fact *factv1.Fact
	// Wake is the key to look at again; empty for a fact. With a fact too, the
	// fact is a decision that takes effect on the key here (Actor).
	Wake string
}

// Document is what a machine remembers under one key.
type Document struct {
	Key string
	// Sequence is the last input it took, and Wake the last key woken there: a
	// change of policy wakes many keys at one place, in ascending order.
	Sequence uint64
	Wake     string
	// Clock and Due say when to look again: on which clock, at what instant.
	Clock string
	Due   time.Time
	State proto.Message
	// Version is the store's.
	Version int64
	// Segments are what the store has of it beside, see statev1.Dossier.
	Segments []int64
}

// Take reports whether the document still has to take an input, and notes that
// it does. A document that several keys share takes every wake of a place once,
// because the wakes of a place come in the order of their keys, also when they
// come again after a crash.
func (d *Document) Take(sequence uint64, wake string) bool {
	if sequence < d.Sequence || sequence == d.Sequence && wake <= d.Wake {
		return false
	}
	d.Sequence, d.Wake = sequence, wake
	return true
}

// Sharder is a machine whose steps may open several documents together. Those
// of one shard stay together when keys are spread over parts.
type Sharder interface {
	// Shard names what a key must stay together with. Without it every key stands
	// alone.
	Shard(key string) string
}

// Summariser is a machine that also tells a snapshot of what it keeps. The
// shell asks for it once when a batch of steps is over, of every document that
// took an input, and not after each step: a snapshot replaces the one before.
type Summariser interface {
	// Summary gives the snapshot of a document; none if there is nothing to
	// tell.
	Summary(*rulebook.Policy, *Document) []*ledgerv1.Record
}

// Actor is a machine on which some decisions of people take effect at their
// place in the feed, whatever is told later: that a month is closed, for
// example. When such a decision comes, all before it in the feed has been told
// to the machine, and nothing after it.
type Actor interface {
	// ActedOn gives the keys a decision takes effect on, in ascending order; the
	// shell steps each of them with the decision as the fact.
	ActedOn(policy *rulebook.Policy, decision *factv1.Fact) []string
}

// Tx is what a machine sees and says during one step. The shell and the tests
// provide the documents.
type Tx interface {
	// Open gives the document of a key for this input, made with New when there
	// is none, and whether it still has to take the input: false when it was
	// taken before a crash. An opened document that has to take it is stored
	// after the step.
	Open(key string) (doc *Document, take bool, err error)
	// Clock gives what a named clock shows; zero: it has not moved yet.
	Clock(name string) time.Time
	// Say tells other services a fact.
	Say(*factv1.Fact)
	// Record puts an entry into the ledger.
	Record(*ledgerv1.Record)
	// Quarantine sets an input aside, with the reason.
	Quarantine(Input, *factv1.Reason)
}

// Machine is what the shell runs: a service over dossiers, or scoring.
type Machine interface {
	// Name is the target's name.
	Name() string
	// Consumes and Produces are the kinds of facts it reads and says.
	Consumes() []Kind
	Produces() []Kind
	// New makes an empty state.
	New() proto.Message
	// Keys gives the documents a step will open, to load them in one go.
	Keys(Input, *rulebook.Policy) []string
	// Step deals with one input. An error is a broken document or a broken
	// store, never bad input.
	Step(*rulebook.Policy, Tx, Input) error
	// Affected gives the prefixes of the keys whose documents must be looked
	// at again when the policy changes.
	Affected(before, after *rulebook.Policy) []string
}
