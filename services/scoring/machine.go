package scoring

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

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
	return append([]flow.Kind{
		flow.FaultReported, flow.PointsGiven, flow.ObjectionRecorded, flow.ComplaintAlerted,
		flow.ThanksAwaited, flow.ComplaintAwaited, flow.PointsAwaited, flow.UnitKnown, flow.RulebookInForce,
	}, Verdicts()...)
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
		flow.CheckJudged, flow.HallRated, flow.MysteryVisitRated, flow.ConductJudged, flow.UnitSanctioned, flow.ItemExcused,
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
	if objected := in.Fact.GetObjectionRecorded(); objected != nil {
		return []string{objectedKey(unit, objected), monthKey(unit, objected.Month)}
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

// Step deals with a fact, looks again at a document after a policy change or
// when a month had to be published, or lets a decision take effect on a month.
func (machine) Step(policy *rulebook.Policy, tx flow.Tx, in flow.Input) error {
	s := &step{policy: policy, tx: tx, in: in, months: map[string]opened{}}
	if err := s.take(); err != nil {
		return err
	}
	s.watch()
	return nil
}

func (s *step) take() error {
	switch in := s.in; {
	case in.Wake != "" && in.Fact != nil:
		return s.act()
	case strings.HasPrefix(in.Wake, monthPrefix):
		return s.wakeMonth()
	case strings.HasPrefix(in.Wake, verdictPrefix):
		return s.wakeAccount()
	case in.Fact.GetRoute().GetUnit() == "":
		return nil // nobody answers for it
	case flow.KindOf(in.Fact) == flow.ObjectionRecorded:
		return s.takeObjection()
	default:
		return s.takeFact()
	}
}

// Affected gives everything when rules changed, and of a unit registered
// otherwise its months, and its verdicts too when its zone moved or it is of
// another kind.
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
		if before.Zone(unit).String() != after.Zone(unit).String() || !before.SameKind(after, unit) {
			prefixes = append(prefixes, verdictPrefix+escape(unit)+"/")
		}
	}
	slices.Sort(prefixes) // the wakes of one change come in the order of keys
	return prefixes
}

func verdictKey(unit, fact string) string { return verdictPrefix + escape(unit) + "/" + fact }
func monthKey(unit, month string) string  { return monthPrefix + escape(unit) + "/" + month }

// monthNamed reads the key of a month.
func monthNamed(key string) (unit, month string) {
	unit, month, _ = strings.Cut(strings.TrimPrefix(key, monthPrefix), "/")
	return strings.NewReplacer("%2F", "/", "%25", "%").Replace(unit), month
}

// MonthKey is where a unit's month is kept, for who reads along.
func MonthKey(unit, month string) string { return monthKey(unit, month) }

// FaultPrefix begins the keys of the faults of a unit.
func FaultPrefix(unit string) string { return verdictKey(unit, string(flow.FaultReported)+"/") }

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
	months map[string]opened // a document is opened once in a step
}
