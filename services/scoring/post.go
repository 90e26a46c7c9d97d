package scoring

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
)

// cause is why entries are posted or taken back in one step.
type cause struct {
	reason   *factv1.Reason // why what no longer stands is taken back
	proof    []string
	received *timestamppb.Timestamp
	detected *timestamppb.Timestamp
	clock    string // of the events behind it; empty is the wall clock
}

// post brings the active entries of a fact or month to what is wanted: it
// takes back what is no longer wanted, then posts what is new, tells of what
// is proved otherwise, and gives what is active now, in the order wanted. Postings numbers the postings of each
// rule, so that an id depends on the fact and its history alone.
func post(record func(*ledgerv1.Record), active, wanted []*ledgerv1.Entry, postings map[string]int32, why cause) []*ledgerv1.Entry {
	now, gone, fresh := match(active, wanted)
	for _, e := range gone {
		record(entryRecord(reversal(e, why)))
	}
	for _, e := range fresh {
		postings[e.Rule]++
		e.Posting = postings[e.Rule]
		e.Id = "E" + entryID(e)
		record(entryRecord(e))
	}
	for i, e := range now {
		if !slices.Equal(e.Proof, wanted[i].Proof) {
			now[i] = proto.CloneOf(e)
			now[i].Proof = wanted[i].Proof
			record(proofRecord(now[i]))
		}
	}
	return now
}

func entryRecord(e *ledgerv1.Entry) *ledgerv1.Record {
	return &ledgerv1.Record{Record: &ledgerv1.Record_Entry{Entry: e}}
}

func proofRecord(e *ledgerv1.Entry) *ledgerv1.Record {
	return &ledgerv1.Record{Record: &ledgerv1.Record_ProofChanged{ProofChanged: &ledgerv1.ProofChanged{
		Entry: e.Id, Unit: e.Unit, Month: e.Month, Proof: e.Proof,
	}}}
}

// match pairs the entries that are active with those wanted: now are the
// wanted in their order, the active one where it says the same; gone are the
// active without a pair, fresh the wanted without one.
func match(active, wanted []*ledgerv1.Entry) (now, gone, fresh []*ledgerv1.Entry) {
	gone = slices.Clone(active)
	now = make([]*ledgerv1.Entry, 0, len(wanted))
	for _, w := range wanted {
		at := slices.IndexFunc(gone, func(e *ledgerv1.Entry) bool { return sameJudgement(e, w) })
		if at >= 0 {
			now = append(now, gone[at])
			gone = slices.Delete(gone, at, at+1)
			continue
		}
		now, fresh = append(now, w), append(fresh, w)
	}
	return now, gone, fresh
}

// sameJudgement reports whether an active entry says what a wanted one would.
// When something was received or found is not what it says, and which events
// prove it is not either: see ProofChanged.
func sameJudgement(a, b *ledgerv1.Entry) bool {
	return a.Rule == b.Rule && a.Part == b.Part && a.Item == b.Item && a.Month == b.Month && a.Unit == b.Unit &&
		a.Points == b.Points && a.Effect == b.Effect && a.RulebookVersion == b.RulebookVersion &&
		a.Clause == b.Clause && a.Basis == b.Basis && a.Ticket == b.Ticket &&
		flow.Time(a.OccurredAt).Equal(flow.Time(b.OccurredAt)) &&
		proto.Equal(a.Incident, b.Incident) && proto.Equal(a.Label, b.Label) && proto.Equal(a.Why, b.Why)
}

// reversal takes an entry back. It occurred when the entry did, so that it
// counts in the same month.
func reversal(e *ledgerv1.Entry, why cause) *ledgerv1.Entry {
	r := proto.CloneOf(e)
	r.Id, r.Reverses = "R"+e.Id[1:], e.Id
	r.Type = ledgerv1.EntryType_ENTRY_TYPE_REVERSAL
	r.Points = twoPlaces(points(e.Points).Neg())
	r.Why, r.Proof = why.reason, why.proof
	r.ReceivedAt, r.DetectedAt, r.Clock = why.received, why.detected, why.clock
	return r
}

// entryID names a posting: the same fact, unit, month, rule and posting number
// give the same id on every machine.
func entryID(e *ledgerv1.Entry) string {
	return idOf(e.Fact, e.Unit, e.Month, e.Rule, strconv.Itoa(int(e.Posting)))
}

// idOf makes a short id of names, whatever they contain.
func idOf(names ...string) string {
	h := sha256.New()
	for _, s := range names {
		h.Write([]byte(strconv.Itoa(len(s)) + ":" + s))
	}
	return base32.StdEncoding.EncodeToString(h.Sum(nil)[:10])
}

func rulesChanged(version string) *factv1.Reason {
	return flow.Because("rules_changed", flow.Said("version", version))
}

// monthChanged is why an entry of a month as a whole is taken back: because of
// what changed its counts.
func monthChanged(by *factv1.Reason) *factv1.Reason {
	if by == nil {
		return flow.Because("counts_changed")
	}
	return flow.Because("counts_changed_by", flow.Part("because", by))
}

func laterOf(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
