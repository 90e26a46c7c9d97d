package registry

import (
	"slices"
	"time"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/period"
)

// refuse tells why a change cannot be made; nil: it can.
func (k Known) refuse(c Change, zone *time.Location) *Problem {
	kind := c.Row.Kind
	if c.Action == apiv1.ImportAction_IMPORT_ACTION_UNCHANGED {
		return nil
	}
	if p := k.inClosedMonth(c, zone); p != nil {
		return p
	}
	unit, at := Unit(c.Row.Payload), k.Now
	if from := c.Row.Payload.GetEffectiveFrom(); from != nil {
		at = from.AsTime()
	}
	switch is := k.Kind(unit, at); {
	case hallOfContractor(c.Row.Payload):
		wrong := wrong(c.Row, "hall", "", "代维公司没有营业厅，请清空营业厅各列，或改单位类型", "a contractor has no hall; clear the hall's columns, or change the kind")
		return &wrong
	case kind == apiv1.ImportKind_IMPORT_KIND_UNITS || unit == "":
		return nil
	case is == feedv1.UnitKind_UNIT_KIND_UNSPECIFIED:
		wrong := wrong(c.Row, "unit", unit, "没有登记该业务单位%s", "no such business unit is registered%s", perhaps(unit, k.Units))
		return &wrong
	case kind == apiv1.ImportKind_IMPORT_KIND_MANAGERS && is != feedv1.UnitKind_UNIT_KIND_OUTLET:
		wrong := wrong(c.Row, "unit", unit, "该单位是代维公司，没有营业厅", "the unit is a contractor and has no hall")
		return &wrong
	}
	return nil
}

func hallOfContractor(p Payload) bool {
	u, is := p.(*feedv1.UnitRegistered)
	return is && u.Kind == feedv1.UnitKind_UNIT_KIND_CONTRACTOR && (u.Hall != "" || u.HallAddress != "")
}

func perhaps(name string, known []string) string {
	if near := door.Nearest(name, known); near != "" {
		return " (" + near + "?)"
	}
	return ""
}

// inClosedMonth refuses what would change a closed month: a date within one, or
// before one where it changes what held then.
func (k Known) inClosedMonth(c Change, zone *time.Location) *Problem {
	if len(k.Closed) == 0 {
		return nil
	}
	month, last := c.From[:min(len(c.From), len("yyyy-mm"))], k.Closed[len(k.Closed)-1]
	inside := slices.Contains(k.Closed, month)
	reaches := month <= last && (c.Row.Kind == apiv1.ImportKind_IMPORT_KIND_UNITS || len(k.Histories[c.Key]) > 0)
	if !inside && !reaches {
		return nil
	}
	in, err := period.ParseMonth(last)
	if err != nil {
		return nil // months are of our own making
	}
	wrong := wrong(c.Row, effectiveFrom, c.From, "%[1]s 已关账，不能再改变；最早可从 %[2]s 起生效",
		"%[1]s is closed and does not change any more; the earliest date is %[2]s", last, in.End(zone).Format(time.DateOnly))
	return &wrong
}
