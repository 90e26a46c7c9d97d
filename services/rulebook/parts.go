package rulebook

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// mostPoints bounds every number of points, as the feed's contract does.
const mostPoints = 9999

// layout is the parts as read, with where each name was first used.
type layout struct {
	parts  []Part
	checks []Rule           // made of the items' checks
	at     map[string]place // of parts, items and the quotas' rules
}

func (l *layout) part(id string) *Part {
	i := slices.IndexFunc(l.parts, func(p Part) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return &l.parts[i]
}

// parts reads the parts of the score.
func (r *reader) parts(f field) *layout {
	l := &layout{at: map[string]place{}}
	weights := decimal.Zero
	for _, entry := range r.list(f) {
		o, ok := r.object(entry, "id", "label", "max", "weight", "cap?", "overflow", "quota?", "for?", "grading?", "clause", "basis", "sections")
		if !ok {
			continue
		}
		p := Part{
			ID:     r.identifier(l, o.get("id"), "part "),
			Label:  r.bilingual(o.get("label")),
			Clause: r.text(o.get("clause")),
			Basis:  r.basis(o.get("basis")),
		}
		p.Max, _ = r.points(o.get("max"), p.Clause, p.Basis)
		p.Weight, _ = r.decimal(r.figure(o.get("weight")), 0, 100)
		p.Overflow = Overflow(r.choice(r.figure(o.get("overflow")), string(Carry), string(Drop)))
		r.cap(o.get("cap"), &p)
		r.quota(o.get("quota"), &p, l)
		p.For = r.unitKinds(o.get("for"))
		p.Grading = Lowest
		if grading := o.get("grading"); grading.present() {
			p.Grading = Grading(r.choice(r.figure(grading), string(Lowest), string(Latest)))
		}
		r.sections(o.get("sections"), &p, l)
		weights = weights.Add(p.Weight)
		l.parts = append(l.parts, p)
	}
	// Parts for different kinds of units may add up to more.
	if weights.GreaterThan(decimal.NewFromInt(100)) {
		r.note(f.place, "weights_exceed", weights.String())
	}
	return l
}

// identifier reads a name that must be new among its like.
func (r *reader) identifier(l *layout, f field, like string) string {
	id := r.text(f)
	if first, duplicate := l.at[like+id]; duplicate {
		r.note(f.place, "duplicate_name", id, first.line)
	} else if id != "" {
		l.at[like+id] = f.place
	}
	return id
}

// points reads a maximum, noting where it comes from.
func (r *reader) points(f field, clause, basis string) (decimal.Decimal, bool) {
	d, ok := r.decimal(f, 0, mostPoints)
	if ok {
		r.figures = append(r.figures, Figure{Path: f.path, Value: d.String(), Clause: clause, Basis: basis})
	}
	return d, ok
}

// unitKinds reads for which kinds of units a part is.
func (r *reader) unitKinds(f field) []feedv1.UnitKind {
	var kinds []feedv1.UnitKind
	for _, entry := range r.list(f) {
		name := r.choice(entry, "outlet", "contractor")
		if number := feedv1.UnitKind_value["UNIT_KIND_"+strings.ToUpper(name)]; number != 0 {
			kinds = append(kinds, feedv1.UnitKind(number))
		}
	}
	return kinds
}

// AppliesTo reports whether a part is for a kind of unit.
func (p *Part) AppliesTo(kind feedv1.UnitKind) bool {
	return len(p.For) == 0 || slices.Contains(p.For, kind)
}

func (r *reader) cap(f field, p *Part) {
	if !f.present() {
		return
	}
	limit, ok := r.decimal(r.figure(f), 0, mostPoints)
	if ok && limit.LessThan(p.Max) {
		r.note(f.place, "cap_below_max", limit.String(), p.Max.String())
	}
	p.Cap = &limit
}

// defaultQuotaWarning is the share of a quota from which people are warned where
// a rulebook does not say.
const defaultQuotaWarning = "0.8"

// quota reads the monthly repair quota.
func (r *reader) quota(f field, p *Part, l *layout) {
	if !f.present() {
		return
	}
	o, ok := r.object(f, "share", "rule", "customers", "warn_at?", "label", "clause", "basis")
	if !ok {
		return
	}
	warnAt := decimal.RequireFromString(defaultQuotaWarning)
	if o.get("warn_at").present() {
		warnAt = r.share(r.figure(o.get("warn_at")))
	}
	q := &Quota{
		WarnAt:      warnAt,
		Share:       r.share(o.get("share")),
		Rule:        r.identifier(l, o.get("rule"), "rule "),
		CustomersAt: r.choice(r.figure(o.get("customers")), MonthStart, MonthEnd),
		Label:       r.bilingual(o.get("label")),
		Clause:      r.text(o.get("clause")),
		Basis:       r.basis(o.get("basis")),
	}
	r.figures = append(r.figures, Figure{
		Path: f.path + ".share", Value: q.Share.String(), Clause: q.Clause, Basis: q.Basis, Note: q.Label,
	})
	p.Quota = q
}

// sections reads a part's sections and items. Sums that differ from what is
// declared are the source's own contradictions: reported, not hidden.
func (r *reader) sections(f field, p *Part, l *layout) {
	declared, complete := decimal.Zero, true
	for _, entry := range r.list(f) {
		o, ok := r.object(entry, "label", "max", "scale?", "clause", "basis", "items")
		if !ok {
			complete = false
			continue
		}
		section := Item{
			Section: r.bilingual(o.get("label")),
			Clause:  r.text(o.get("clause")), Basis: r.basis(o.get("basis")),
		}
		limit, ok := r.points(o.get("max"), section.Clause, section.Basis)
		before := len(p.Items)
		sum, all := r.items(o.get("items"), section, p, l)
		if ok && all && !sum.Equal(limit) {
			r.note(o.get("max").place, "section_sum", section.Section.Zh, section.Section.En, sum.String(), limit.String())
		}
		scale := AsListed
		if f := o.get("scale"); f.present() {
			scale = Scale(r.choice(r.figure(f), string(AsListed), string(Declared)))
		}
		p.Sections = append(p.Sections, Section{
			Label: section.Section, Max: limit, Listed: sum, Scale: scale, Items: len(p.Items) - before,
		})
		declared = declared.Add(limit)
		complete = complete && ok
	}
	if complete && f.present() && !declared.Equal(p.Max) {
		r.note(f.place, "part_sum", p.Label.Zh, p.Label.En, declared.String(), p.Max.String())
	}
}

func (r *reader) items(f field, section Item, p *Part, l *layout) (sum decimal.Decimal, complete bool) {
	complete = f.present()
	for _, entry := range r.list(f) {
		o, ok := r.object(entry, "id", "label", "max", "method?", "assessed?", "checks?")
		if !ok {
			complete = false
			continue
		}
		item := section
		item.ID = r.identifier(l, o.get("id"), "item ")
		if item.ID == anyItem {
			r.note(o.get("id").place, "not_one_of", anyItem, "CS1, CS2, …")
		}
		item.Label = r.bilingual(o.get("label"))
		item.Max, ok = r.points(o.get("max"), section.Clause, section.Basis)
		item.Method = r.method(o.get("method"))
		item.Assessed = r.flag(o.get("assessed"))
		r.checks(o.get("checks"), p, &item, l)
		complete = complete && ok
		sum = sum.Add(item.Max)
		p.Items = append(p.Items, item)
	}
	return sum, complete
}

// method reads how an item is scored; unless stated, per incident.
func (r *reader) method(f field) Method {
	if !f.present() {
		return Method{Kind: PerIncident}
	}
	o, ok := r.object(f, "kind", "zero_at?", "label", "clause", "basis")
	if !ok {
		return Method{Kind: PerIncident}
	}
	m := Method{
		Kind:   MethodKind(r.choice(o.get("kind"), string(PerIncident), string(Rate))),
		Label:  r.bilingual(o.get("label")),
		Clause: r.text(o.get("clause")),
		Basis:  r.basis(o.get("basis")),
	}
	value := string(m.Kind)
	if zero := o.get("zero_at"); zero.present() {
		m.ZeroAt = r.count(zero, 1, 1000)
		value += ", " + strings.TrimSpace(zero.node.String())
		if m.Kind == Rate {
			r.note(zero.place, "rate_and_zero_at")
		}
	}
	r.figures = append(r.figures, Figure{Path: f.path, Value: value, Clause: m.Clause, Basis: m.Basis, Note: m.Label})
	return m
}
