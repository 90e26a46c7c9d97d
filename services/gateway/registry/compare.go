package registry

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/gateway/lang"
)

// Known is what a table is compared with.
type Known struct {
	// Histories are what is registered, by key.
	Histories map[string]History
	// Kind is the kind of a unit at an instant; unspecified: it is not registered.
	Kind func(unit string, at time.Time) feedv1.UnitKind
	// Units are all units, for what a wrong name may have meant.
	Units []string
	// Closed are the closed months, yyyy-mm, in order.
	Closed []string
	Zone   Zone
	Now    time.Time
}

// With is what will be known once some changes are made: later tables of a file
// may name its units.
func (k Known) With(changes []Change) Known {
	before := k.Kind
	made := map[string]*feedv1.UnitRegistered{}
	for _, c := range changes {
		if u, is := c.Row.Payload.(*feedv1.UnitRegistered); is && c.Action != apiv1.ImportAction_IMPORT_ACTION_UNCHANGED {
			made[u.Unit] = u
			k.Units = append(slices.Clip(k.Units), u.Unit)
		}
	}
	k.Kind = func(unit string, at time.Time) feedv1.UnitKind {
		if u := made[unit]; u != nil && (!flow.Time(u.EffectiveFrom).After(at) || before(unit, at) == feedv1.UnitKind_UNIT_KIND_UNSPECIFIED) {
			return u.Kind
		}
		return before(unit, at)
	}
	return k
}

// With is a zone that knows the units that some rows register, too.
func With(zone Zone, rows []Row) Zone {
	named := map[string]string{}
	for _, row := range rows {
		if u, is := row.Payload.(*feedv1.UnitRegistered); is && u.Zone != "" {
			named[u.Unit] = u.Zone
		}
	}
	return func(unit, says string) *time.Location { return zone(unit, cmp.Or(says, named[unit])) }
}

// TooMuch tells why changes cannot be made together; nil: they can.
func TooMuch(changes []Change) *factv1.Text {
	n, size := 0, 0
	for _, c := range changes {
		if c.Action != apiv1.ImportAction_IMPORT_ACTION_UNCHANGED {
			n, size = n+1, size+proto.Size(c.Row.Payload)+eventOverhead
		}
	}
	if n <= MaxChanges && size <= MaxBytes {
		return nil
	}
	return lang.Text(fmt.Sprintf("一次最多改变 %d 项（且不超过 %d KiB），现有 %d 项；请分成几个文件", MaxChanges, MaxBytes>>10, n),
		fmt.Sprintf("at most %d registrations (and %d KiB) are made at once, these are %d; split the file", MaxChanges, MaxBytes>>10, n))
}

// Change is what becomes of a row.
type Change struct {
	Row         Row
	Action      apiv1.ImportAction
	Key, From   string // From is yyyy-mm-dd; empty: always
	Old         Payload
	Differences []*apiv1.ImportDifference
}

// Compare tells what becomes of each row, or what is wrong with it.
func Compare(rows []Row, known Known) (changes []Change, problems []Problem) {
	first := map[string]int{}
	for _, row := range rows {
		zone := inZone(row.Payload.ProtoReflect(), known.Zone)
		c := Change{Row: row, Key: Key(row.Payload), From: Day(row.Payload.GetEffectiveFrom(), zone)}
		if before, twice := first[c.Key+"\x00"+c.From]; twice {
			problems = append(problems, wrong(row, keyColumn(row.Kind), c.Key, "与第 %d 行重复：同一对象、同一生效日期，请只留一行",
				"it repeats row %d: the same key and date; keep one of them", before))
			continue
		}
		first[c.Key+"\x00"+c.From] = row.Number
		if p := known.place(&c); p != nil {
			problems = append(problems, *p)
			continue
		}
		if p := known.refuse(c, zone); p != nil {
			problems = append(problems, *p)
			continue
		}
		c.Differences = differences(row.Kind, c.Old, row.Payload)
		changes = append(changes, c)
	}
	return changes, problems
}

// place finds what a row is compared with, and so what becomes of it.
func (k Known) place(c *Change) *Problem {
	p, h := c.Row.Payload, k.Histories[c.Key]
	c.Action = apiv1.ImportAction_IMPORT_ACTION_CHANGED
	exact := h.Since(p.GetEffectiveFrom())
	switch from := p.GetEffectiveFrom(); {
	case same(exact, p):
		c.Action, c.Old = apiv1.ImportAction_IMPORT_ACTION_UNCHANGED, exact
	case len(h) == 0:
		c.Action = apiv1.ImportAction_IMPORT_ACTION_ADDED
	case from != nil && same(h.At(from.AsTime()), p):
		c.Action, c.Old = apiv1.ImportAction_IMPORT_ACTION_UNCHANGED, h.At(from.AsTime())
	case from != nil:
		c.Old = h.At(from.AsTime())
	case same(h.At(k.Now), p):
		c.Action, c.Old = apiv1.ImportAction_IMPORT_ACTION_UNCHANGED, h.At(k.Now)
	default:
		wrong := wrong(c.Row, effectiveFrom, "", "%s 已登记且内容不同，请填生效日期，说明从哪天起改变",
			"%s is registered and is otherwise; give the date from which it changes", c.Key)
		return &wrong
	}
	return nil
}

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
	month, last := c.From[:min(len(c.From), len("2006-01"))], k.Closed[len(k.Closed)-1]
	inside := slices.Contains(k.Closed, month)
	reaches := month <= last && (c.Row.Kind == apiv1.ImportKind_IMPORT_KIND_UNITS || len(k.Histories[c.Key]) > 0)
	if !inside && !reaches {
		return nil
	}
	start, err := time.ParseInLocation("2006-01", last, zone)
	if err != nil {
		return nil // months are of our own making
	}
	wrong := wrong(c.Row, effectiveFrom, c.From, "%[1]s 已关账，不能再改变；最早可从 %[2]s 起生效",
		"%[1]s is closed and does not change any more; the earliest date is %[2]s", last, start.AddDate(0, 1, 0).Format(time.DateOnly))
	return &wrong
}

// differences lists what is otherwise; of something new, what it says.
func differences(kind apiv1.ImportKind, old, now Payload) (all []*apiv1.ImportDifference) {
	if old == nil {
		old = New(kind)
	}
	a, b := old.ProtoReflect(), now.ProtoReflect()
	for _, c := range Columns(kind) {
		field := b.Descriptor().Fields().ByName(protoreflect.Name(c.Name))
		if c.Name == effectiveFrom || a.Get(field).Equal(b.Get(field)) {
			continue
		}
		all = append(all, &apiv1.ImportDifference{Column: c.Name, Label: c.label(), Old: shown(a, field), New: shown(b, field)})
	}
	return all
}

// Hash stands for what a preview says: the same table upon the same registry
// gives the same.
func Hash(changes []Change) (string, error) {
	sum := sha256.New()
	for _, c := range changes { // a hash takes everything
		_, _ = fmt.Fprintf(sum, "%d %d %d %q %d\n", c.Row.Kind, c.Row.Number, c.Action, c.Key, flow.Time(c.Row.Payload.GetEffectiveFrom()).Unix())
		for _, p := range []Payload{c.Old, c.Row.Payload} {
			if p == nil {
				continue
			}
			data, err := proto.MarshalOptions{Deterministic: true}.Marshal(p)
			if err != nil {
				return "", fmt.Errorf("hash a preview: %w", err)
			}
			_, _ = fmt.Fprintf(sum, "%x\n", data)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:16]), nil
}
