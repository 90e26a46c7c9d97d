package door

import (
	"strings"

	"github.com/shopspring/decimal"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// set is points that an event sets or proposes.
type set struct {
	kind, unit, item, points string
	about                    feedv1.DecisionAbout
	at                       *timestamppb.Timestamp
}

// pointsOf gives the points of an event that sets or proposes some.
func pointsOf(e *feedv1.Event) set {
	s := set{kind: flow.EventType(e), at: e.OccurredAt}
	about := (*timestamppb.Timestamp)(nil)
	switch p := e.Payload.(type) {
	case *feedv1.Event_PointsDecided:
		d := p.PointsDecided
		s.unit, s.item, s.points, s.about, about = d.Unit, d.Item, d.Points, d.About, d.AboutAt
	case *feedv1.Event_PointsProposed:
		d := p.PointsProposed
		s.unit, s.item, s.points, s.about, about = d.Unit, d.Item, d.Points, d.About, d.AboutAt
	}
	if about != nil {
		s.at = about
	}
	return s
}

// inRange refuses points off an item that there is not, or more of them than it
// has. A bonus has no item.
func inRange(policy *rulebook.Policy, s set) *Refusal {
	if s.about == feedv1.DecisionAbout_DECISION_ABOUT_CHEATING_REPORT || s.about == feedv1.DecisionAbout_DECISION_ABOUT_OTHER_CASE {
		return nil
	}
	given, err := decimal.NewFromString(s.points)
	if err != nil || given.IsZero() {
		return nil // none are set
	}
	if s.item == "" {
		return Refuse(s.kind+".item", "", "required", "扣分须写明项目，例如 CS2", "a deduction needs its item, for example CS2")
	}
	var known []string
	for _, part := range policy.For(s.unit, flow.Time(s.at)).Parts {
		if item := part.Item(s.item); item != nil {
			if given.GreaterThan(item.Max) {
				return Refuse(s.kind+".points", s.points, "out_of_range", "项目 %[1]s 满分 %[2]s，扣分应在 0 至 %[2]s 之间",
					"item %[1]s has %[2]s points; a deduction lies between 0 and %[2]s", s.item, item.Max.StringFixed(2))
			}
			return nil
		}
		for _, item := range part.Items {
			known = append(known, item.ID)
		}
	}
	return Refuse(s.kind+".item", s.item, "unknown_item", "当月考核办法没有这个项目，应为：%s", "the rulebook of the month has no such item; it has %s", strings.Join(known, ", "))
}
