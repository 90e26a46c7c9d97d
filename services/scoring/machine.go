package scoring

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// Name is the target's name.
const Name = "scoring"

// The prefixes of the two kinds of documents. A month must come before the
// verdicts: documents are stored in the order of their keys.
const (
	monthPrefix   = "unit-month/"
	verdictPrefix = "verdict/"
)

// New makes the machine.
func New() flow.Machine { return machine{} }

type machine struct{}

func (machine) Name() string          { return Name }
func (machine) Produces() []flow.Kind { return nil }
func (machine) New() proto.Message    { return &statev1.ScoringState{} }

func (machine) Consumes() []flow.Kind {
	return append([]flow.Kind{flow.FaultReported, flow.PointsGiven, flow.UnitKnown, flow.RulebookInForce}, Verdicts()...)
}

// Verdicts lists the kinds of facts that rules are about, without decisions of
// assessors.
func Verdicts() []flow.Kind {
	return []flow.Kind{
		flow.TicketOverdue, flow.ReplyLate, flow.ComplaintAnsweredLate, flow.MassFaultUntold,
		flow.InterruptionUnannounced, flow.LateWorkComplained, flow.BuckPassed, flow.MisconductJudged,
		flow.SecondComplaintMade, flow.ComplaintEscalated, flow.TicketReworked, flow.ReplyFalsified,
		flow.FalseReplyComplained, flow.ReplyUnexplained, flow.ReplyContradicted, flow.CallbackRated,
		flow.CustomerThanked, flow.CustomerPraised,
	}
}

// Keys gives the documents that can be known beforehand: the month a fact was
// counted in before is known to its account only.
func (machine) Keys(in flow.Input, policy *rulebook.Policy) []string {
	if in.Wake != "" {
		return []string{in.Wake}
	}
	unit := in.Fact.Route.GetUnit()
	if unit == "" {
		return nil
	}
	keys := []string{verdictKey(unit, in.Fact.Id)}
	if in.Fact.OccurredAt != nil {
		keys = append(keys, monthKey(unit, policy.Month(unit, flow.Time(in.Fact.OccurredAt))))
	}
	return keys
}

// Shard is the unit: a verdict changes its month in the same step.
func (machine) Shard(key string) string {
	_, rest, _ := strings.Cut(key, "/")
	unit, _, _ := strings.Cut(rest, "/")
	return unit
}

// Step deals with a fact, or looks again at a document after a policy change.
func (machine) Step(policy *rulebook.Policy, tx flow.Tx, in flow.Input) error {
	s := &step{policy: policy, tx: tx, in: in}
	switch {
	case strings.HasPrefix(in.Wake, monthPrefix):
		return s.wakeMonth()
	case strings.HasPrefix(in.Wake, verdictPrefix):
		return s.wakeAccount()
	case in.Fact.GetRoute().GetUnit() == "":
		return nil // nobody answers for it
	default:
		return s.takeFact()
	}
}

// Affected gives everything when rules changed, and of a unit registered
// otherwise its months, and its verdicts too when its zone moved.
func (machine) Affected(before, after *rulebook.Policy) []string {
	if before == nil || !before.SameRules(after) {
		return []string{""}
	}
	var prefixes []string
	units := append(before.Units(), after.Units()...)
	slices.Sort(units)
	for _, unit := range slices.Compact(units) {
		if before.SameUnit(after, unit) {
			continue
		}
		prefixes = append(prefixes, monthPrefix+escape(unit)+"/")
		if before.Zone(unit).String() != after.Zone(unit).String() {
			prefixes = append(prefixes, verdictPrefix+escape(unit)+"/")
		}
	}
	slices.Sort(prefixes) // the wakes of one change come in the order of keys
	return prefixes
}

func verdictKey(unit, fact string) string { return verdictPrefix + escape(unit) + "/" + fact }
func monthKey(unit, month string) string  { return monthPrefix + escape(unit) + "/" + month }

// escape keeps the slash for keys.
func escape(unit string) string {
	if !strings.ContainsAny(unit, "%/") {
		return unit
	}
	return strings.NewReplacer("%", "%25", "/", "%2F").Replace(unit)
}

// step is one step of the machine.
type step struct {
	policy *rulebook.Policy
	tx     flow.Tx
	in     flow.Input
}

func (s *step) record(e *ledgerv1.Entry) {
	s.tx.Record(&ledgerv1.Record{Record: &ledgerv1.Record_Entry{Entry: e}})
}

// takeFact judges a fact that is news.
func (s *step) takeFact() error {
	fact := s.in.Fact
	account, take, err := s.account(verdictKey(fact.Route.Unit, fact.Id))
	if err != nil || !take {
		return err
	}
	if account.Fact != nil && fact.Revision <= account.Fact.Revision {
		return nil
	}
	reason := judgedAnew(fact.Reason.GetText())
	if fact.Retracted {
		reason = retracted(fact.Reason.GetText())
	}
	return s.judge(account, fact, reason)
}

// wakeAccount judges the fact of an account again.
func (s *step) wakeAccount() error {
	account, take, err := s.account(s.in.Wake)
	if err != nil || !take || account.Fact == nil || account.Fact.Retracted {
		return err
	}
	fact := account.Fact
	month := s.policy.Month(fact.Route.GetUnit(), flow.Time(fact.OccurredAt))
	return s.judge(account, fact, rulesChanged(s.policy.In(month).Version))
}

func (s *step) account(key string) (*statev1.Account, bool, error) {
	doc, take, err := s.tx.Open(key)
	if err != nil {
		return nil, false, fmt.Errorf("open account %s: %w", key, err)
	}
	state := doc.State.(*statev1.ScoringState)
	if state.GetAccount() == nil {
		state.State = &statev1.ScoringState_Account{Account: &statev1.Account{}}
	}
	return state.GetAccount(), take, nil
}

// judge brings an account to what a fact is judged to be, and its months with
// it.
func (s *step) judge(account *statev1.Account, fact *factv1.Fact, back *factv1.Text) error {
	var judged Judged
	if !fact.Retracted {
		var err error
		if judged, err = Judge(s.policy, fact); err != nil {
			s.tx.Quarantine(s.in, flow.Because("rule_failed",
				"规则无法应用于该事实，请检查考核办法："+err.Error(),
				"a rule cannot be applied to the fact; check the rulebook: "+err.Error()))
		}
	}
	before := contribution{account.Fact, account.Month, account.Day, account.Active, account.Counted}
	if account.Postings == nil {
		account.Postings = map[string]int32{}
	}
	account.Active = post(s.record, account.Active, judged.Entries, account.Postings, s.cause(fact, back))
	account.Fact, account.Month, account.Day, account.Counted = fact, judged.Month, judged.Day, !fact.Retracted
	after := contribution{account.Fact, account.Month, account.Day, account.Active, account.Counted}
	return s.recount(before, after)
}

// cause tells why and when; a policy change is found when it takes effect.
func (s *step) cause(fact *factv1.Fact, back *factv1.Text) cause {
	c := cause{reason: back, proof: fact.Proof, received: fact.ReceivedAt, detected: fact.DetectedAt}
	if s.in.Wake != "" {
		c.detected = flow.At(s.in.At)
	}
	return c
}
