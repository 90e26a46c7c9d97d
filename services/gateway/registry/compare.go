package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/lang"
)

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
	c.Row.complete(h, k.Now)
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

// complete takes what a table has no column for from what is registered.
func (r Row) complete(h History, now time.Time) {
	at := now
	if from := r.Payload.GetEffectiveFrom(); from != nil {
		at = from.AsTime()
	}
	holds := h.At(at)
	if r.places == nil || holds == nil {
		return
	}
	was, is := holds.ProtoReflect(), r.Payload.ProtoReflect()
	for _, c := range Columns(r.Kind) {
		field := is.Descriptor().Fields().ByName(protoreflect.Name(c.Name))
		if _, there := r.places[c.Name]; !there && c.Name != effectiveFrom && was.Has(field) {
			is.Set(field, was.Get(field))
		}
	}
}

// differences lists what is otherwise; of something new, what it says.
func differences(kind apiv1.ImportKind, old, now Payload) (all []*apiv1.ImportDifference) {
	if old == nil {
		old = New(kind)
	}
	a, b := old.ProtoReflect(), now.ProtoReflect()
	for _, c := range Columns(kind) {
		field := b.Descriptor().Fields().ByName(protoreflect.Name(c.Name))
		if c.Name == effectiveFrom || c.Name == keyColumn(kind) || a.Get(field).Equal(b.Get(field)) {
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
