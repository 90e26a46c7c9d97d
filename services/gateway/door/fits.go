package door

import (
	"slices"
	"strings"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

// fits gives why an event does not fit the rules and units in force; nil when
// it does, or when its unit is not known here yet.
func (d *Door) fits(e *feedv1.Event) *Refusal {
	if d.policy == nil {
		return nil
	}
	switch p := e.Payload.(type) {
	case *feedv1.Event_PointsDecided, *feedv1.Event_PointsProposed:
		return inRange(d.policy(), pointsOf(e))
	case *feedv1.Event_HallAssessed:
		return d.hasHall(e, p.HallAssessed.Unit)
	case *feedv1.Event_HallSurveyed:
		return d.hasHall(e, p.HallSurveyed.Unit)
	case *feedv1.Event_ConductRecorded:
		return d.hasHall(e, p.ConductRecorded.Unit)
	case *feedv1.Event_RulebookPublished:
		return d.inTime(p.RulebookPublished)
	}
	return nil
}

// hasHall refuses what is said about the hall of a unit that has none.
func (d *Door) hasHall(e *feedv1.Event, unit string) *Refusal {
	if d.policy().Kind(unit, flow.Time(e.OccurredAt)) != feedv1.UnitKind_UNIT_KIND_CONTRACTOR {
		return nil
	}
	return Refuse(flow.EventType(e)+".unit", unit, "no_hall", "%[1]s 是代维公司，没有营业厅；请核对业务单位，登记有误则先更正其类型",
		"%[1]s is a contractor and has no hall; check the unit, and correct its kind first if it is registered wrongly", unit)
}

// inTime refuses a rulebook for months of which one is closed: a closed month is
// judged by no other rules. What is published already is no change.
func (d *Door) inTime(p *feedv1.RulebookPublished) *Refusal {
	if d.closed == nil {
		return nil
	}
	published := &rulebook.Rulebook{Version: p.Version, EffectiveMonth: p.EffectiveMonth, Units: slices.Sorted(slices.Values(p.Units)), Source: []byte(p.Yaml)}
	if slices.ContainsFunc(d.policy().Books(), published.SameAs) {
		return nil
	}
	month, units := d.closed(p.EffectiveMonth, p.Units)
	if month == "" {
		return nil
	}
	return Refuse("rulebook_published.effective_month", p.EffectiveMonth, "month_closed",
		"%[1]s 已经关账（%[2]s），不能再换规则；请从以后的月份起生效，过去的月份可用 kaohe whatif 比较",
		"%[1]s is closed (%[2]s) and is judged by no other rules; let it take effect in a later month, and compare past months with kaohe whatif",
		month, strings.Join(units, ", "))
}
