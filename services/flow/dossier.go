package flow

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/rulebook"
)

// NewMachine makes the machine of a service: it keeps a dossier for each key,
// the facts known of it and what was said about it.
func NewMachine(s Service) Machine { return &dossiers{s} }

type dossiers struct{ service Service }

func (m *dossiers) Name() string       { return m.service.Name }
func (m *dossiers) Consumes() []Kind   { return m.service.Consumes }
func (m *dossiers) Produces() []Kind   { return m.service.Produces }
func (m *dossiers) New() proto.Message { return &statev1.Dossier{} }

func (m *dossiers) Keys(in Input, _ *rulebook.Policy) []string {
	if in.Wake != "" {
		return []string{in.Wake}
	}
	return m.service.Keys(in.Fact)
}

func (m *dossiers) Affected(before, after *rulebook.Policy) []string {
	if before.SameRules(after) && before.SameZones(after) {
		return nil
	}
	return []string{""}
}

func (m *dossiers) Step(policy *rulebook.Policy, tx Tx, in Input) error {
	for _, key := range m.Keys(in, policy) {
		doc, take, err := tx.Open(key)
		if err != nil {
			return fmt.Errorf("open dossier %s: %w", key, err)
		}
		if !take {
			continue
		}
		dossier := doc.State.(*statev1.Dossier)
		if in.Fact != nil {
			known, conflict := Learn(dossier, in.Fact)
			if conflict {
				tx.Quarantine(in, Because("conflict"))
			}
			if !known || in.Fact.PieceOf != "" {
				continue // a piece is judged with its head
			}
		}
		m.decide(policy, tx, in, doc, dossier)
	}
	return nil
}

// decide derives the key's verdicts anew and says what changed.
func (m *dossiers) decide(policy *rulebook.Policy, tx Tx, in Input, doc *Document, dossier *statev1.Dossier) {
	holding := Holding(dossier.Known)
	asOf := Time(dossier.AsOf)
	if clock := ClockOf(holding); len(holding) > 0 && clock != dossier.Clock {
		dossier.Clock, asOf = clock, time.Time{} // one clock says nothing about another
	}
	if dossier.Clock != "" {
		asOf = tx.Clock(dossier.Clock)
	} else if in.At.After(asOf) {
		asOf = in.At
	}
	dossier.AsOf = At(asOf)
	decision := m.service.Decide(policy, Case{Key: doc.Key, Facts: holding, AsOf: asOf})
	for _, f := range Emit(dossier, decision, in, asOf) {
		tx.Say(f)
	}
	doc.Clock, doc.Due = dossier.Clock, dueAfter(decision.Wake, asOf)
}

// dueAfter rounds a wake up to the microsecond that documents keep, so that it
// never fires before its instant, and drops one whose instant has been judged.
func dueAfter(wake, asOf time.Time) time.Time {
	if rounded := wake.Truncate(time.Microsecond); rounded.Before(wake) {
		wake = rounded.Add(time.Microsecond)
	}
	if !wake.After(asOf) {
		return time.Time{}
	}
	return wake
}

// Learn adds a fact to a dossier. It is news when its revision is higher than
// the one known; the same revision with other content is a conflict, and the
// one known stays.
func Learn(d *statev1.Dossier, f *factv1.Fact) (news, conflict bool) {
	i, found := slices.BinarySearchFunc(d.Known, f.Id, func(k *factv1.Fact, id string) int {
		return strings.Compare(k.Id, id)
	})
	if !found {
		d.Known = slices.Insert(d.Known, i, f)
		return true, false
	}
	known := d.Known[i]
	switch {
	case f.Revision > known.Revision:
		d.Known[i] = f
		shed(d, f)
		return true, false
	case f.Revision == known.Revision && ContentHash(f) != ContentHash(known):
		return false, true
	default:
		return false, false
	}
}

// Holding gives the facts of a dossier that are not retracted, whole.
func Holding(known []*factv1.Fact) []*factv1.Fact {
	known = assembled(known)
	if !slices.ContainsFunc(known, (*factv1.Fact).GetRetracted) {
		return known
	}
	holding := make([]*factv1.Fact, 0, len(known))
	for _, f := range known {
		if !f.Retracted {
			holding = append(holding, f)
		}
	}
	return holding
}

// ClockOf gives the clock that facts are judged by: the wall clock as soon as
// one is live, else the named clock; of several, the last by name, so that the
// order of arrival cannot matter.
func ClockOf(facts []*factv1.Fact) string {
	clock := ""
	for _, f := range facts {
		if f.Clock == "" {
			return ""
		}
		clock = max(clock, f.Clock)
	}
	return clock
}

// ContentHash is a hash of what a fact says, whenever it was said. What a
// caller cannot influence (received_at, clock) is left out of an event's hash.
func ContentHash(f *factv1.Fact) uint64 {
	content := &factv1.Fact{
		Id: f.Id, Retracted: f.Retracted, Reason: f.Reason, Proof: f.Proof,
		OccurredAt: f.OccurredAt, Route: f.Route, Body: f.Body, Pieces: f.Pieces, PieceOf: f.PieceOf,
	}
	if event := f.GetEvent(); event != nil {
		return EventHash(event)
	}
	return hash(content)
}

func hash(m proto.Message) uint64 {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("marshal %T: %v", m, err)) // only invalid UTF-8, refused at the door
	}
	return xxhash.Sum64(raw)
}

// Emit compares what is decided with what was said and gives what to say now,
// noting it in the dossier. The revision is the place of the input, so doing a
// step again says the same. What is not decided any more because a fact was
// taken back is taken back for the same reason.
func Emit(d *statev1.Dossier, decision Decision, in Input, asOf time.Time) []*factv1.Fact {
	var out []*factv1.Fact
	decided, sequence := decision.Facts, in.Sequence
	gone := in.Fact.GetReason()
	if !in.Fact.GetRetracted() || gone == nil {
		gone = Because("no_longer_shown")
	}
	received := LatestReceived(d.Known)
	detected := At(asOf)
	stamp := func(f *factv1.Fact, revision uint64) *factv1.Fact {
		Stamp(f, revision, d.Clock, detected, received)
		return f
	}
	emitted := make(map[string]*statev1.Emitted, len(d.Emitted))
	for _, said := range d.Emitted {
		emitted[said.Id] = said
	}
	decidedIDs := make(map[string]bool, len(decided))
	for _, f := range decided {
		decidedIDs[f.Id] = true
		said := emitted[f.Id]
		switch {
		case f.Retracted && (said == nil || said.Retracted):
		case f.Retracted:
			out = append(out, stamp(retraction(said, f.Reason), 2*sequence+1))
			said.Revision, said.Retracted, said.Pieces = 2*sequence+1, true, nil
		default:
			out = append(out, assert(d, said, f, decision.Moved, sequence, stamp)...)
		}
	}
	for _, said := range d.Emitted {
		if !decidedIDs[said.Id] && !said.Retracted {
			out = append(out, stamp(retraction(said, gone), 2*sequence+1))
			said.Revision, said.Retracted, said.Pieces = 2*sequence+1, true, nil
		}
	}
	return out
}

// Stamp adds to a fact what its service does not say: the revision, the clock
// and the instant it was judged by, and, where the service did not say, when the
// last of the facts it was judged from was received.
func Stamp(f *factv1.Fact, revision uint64, clock string, detected, received *timestamppb.Timestamp) {
	f.Revision, f.DetectedAt, f.Clock = revision, detected, clock
	if f.ReceivedAt == nil {
		f.ReceivedAt = received
	}
	f.Kind = string(KindOf(f))
}

// assert says a fact that holds, if that is news; a fact whose route changed is
// first retracted where it was.
func assert(d *statev1.Dossier, said *statev1.Emitted, f *factv1.Fact, moved *factv1.Reason, sequence uint64,
	stamp func(*factv1.Fact, uint64) *factv1.Fact,
) []*factv1.Fact {
	f.Kind = string(KindOf(f))
	f, pieces := cut(f)
	content := ContentHash(f)
	if said == nil {
		said = &statev1.Emitted{Id: f.Id, Kind: f.Kind, Retracted: true}
		d.Emitted = append(d.Emitted, said)
	}
	if !said.Retracted && said.Hash == int64(content) {
		return nil
	}
	var out []*factv1.Fact
	if !said.Retracted && !proto.Equal(said.Route, f.Route) {
		if moved == nil {
			moved = Because("moved")
		}
		out = append(out, stamp(retraction(said, moved), 2*sequence))
		said.Pieces = nil // who hears of it where it is now knows none
	}
	for _, piece := range unsaid(said, f, pieces) {
		out = append(out, stamp(piece, 2*sequence+1))
	}
	said.Revision, said.Retracted, said.Hash, said.Route = 2*sequence+1, false, int64(content), f.Route
	return append(out, stamp(f, 2*sequence+1))
}

func retraction(said *statev1.Emitted, reason *factv1.Reason) *factv1.Fact {
	return &factv1.Fact{Id: said.Id, Kind: said.Kind, Retracted: true, Reason: reason, Route: said.Route}
}
