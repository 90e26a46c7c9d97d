package rulebook

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"kaohe.dev/services/calendar"
)

// wallClock is how a commitment says that every instant counts.
const wallClock = "wall"

// defaultComplaintWarning is how long before the answer is due a warning goes
// out where a rulebook does not say.
const defaultComplaintWarning = 4 * time.Hour

// figure reads a setting that carries where it comes from, and gives its value.
func (r *reader) figure(f field) field {
	o, ok := r.object(f, "value", "clause", "basis", "note?")
	if !ok {
		return field{}
	}
	figure := Figure{Path: f.path, Clause: r.text(o.get("clause")), Basis: r.basis(o.get("basis"))}
	if o.get("note").present() {
		figure.Note = r.bilingual(o.get("note"))
	}
	if value := o.get("value"); value.present() {
		figure.Value = strings.TrimSpace(value.node.String())
	}
	r.figures = append(r.figures, figure)
	return o.get("value")
}

// limits reads the durations and thresholds of recognition.
//
// Objections and publication were added later, so their limits may be absent.
func (r *reader) limits(f field) Limits {
	o, _ := r.object(f, "reply", "complaint_answer", "complaint_warning?", "second_complaint", "rework", "interruption_notice",
		"mass_fault_told", "mass_fault_end_told", "complaints_rose", "handled_phrases", "objection?", "publication_days?")
	limit := func(name string) time.Duration {
		return r.duration(r.figure(o.get(name)))
	}
	warning := defaultComplaintWarning // rulebooks of earlier releases do not say
	if o.get("complaint_warning").present() {
		warning = limit("complaint_warning")
	}
	l := Limits{
		Reply:              limit("reply"),
		ComplaintAnswer:    limit("complaint_answer"),
		ComplaintWarning:   warning,
		SecondComplaint:    limit("second_complaint"),
		Rework:             limit("rework"),
		InterruptionNotice: limit("interruption_notice"),
		MassFaultTold:      limit("mass_fault_told"),
		MassFaultEndTold:   limit("mass_fault_end_told"),
		ComplaintsRose:     r.count(r.figure(o.get("complaints_rose")), 1, 1000),
	}
	if o.get("objection").present() {
		l.Objection = limit("objection")
	} else {
		l.Objection = defaultObjection // rulebooks written before there were objections
	}
	l.PublicationDays = defaultPublicationDays
	if days := o.get(PublicationDays); days.present() {
		l.PublicationDays = r.count(r.figure(days), 1, 366)
	}
	for _, phrase := range r.list(r.figure(o.get("handled_phrases"))) {
		l.HandledPhrases = append(l.HandledPhrases, r.text(phrase))
	}
	return l
}

// calendars reads the working calendars, by name. An entry "cn" is the one
// shipped for mainland China.
func (r *reader) calendars(f field) map[string]*calendar.Calendar {
	all := map[string]*calendar.Calendar{}
	lines := map[string]int{}
	for _, entry := range r.list(f) {
		c := r.calendar(entry)
		if c == nil {
			continue
		}
		switch line, duplicate := lines[c.Name()]; {
		case duplicate:
			r.note(entry.place, "duplicate_name", c.Name(), line)
		case c.Name() == wallClock:
			r.note(entry.place, "calendar_reserved", wallClock)
		default:
			all[c.Name()], lines[c.Name()] = c, entry.line
		}
	}
	return all
}

func (r *reader) calendar(f field) *calendar.Calendar {
	if _, isObject := pairsOf(f.node); !isObject {
		if r.choice(f, "cn") == "" {
			return nil
		}
		return calendar.China()
	}
	var spec calendar.Spec
	if err := decodeSpec(f, &spec); err != nil {
		at, text := syntaxError(err)
		var located yaml.Error
		if !errors.As(err, &located) {
			at = f.place
		}
		at.path = f.path
		r.note(at, "calendar", text)
		return nil
	}
	c, err := spec.Compile()
	var problems calendar.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			at := within(f, p.Field)
			r.note(at, "calendar", p.Field+" "+p.Text)
		}
		return nil
	}
	return c
}

// decodeSpec reads a calendar; what makes the decoder panic is reported as an
// error.
func decodeSpec(f field, spec *calendar.Spec) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("it cannot be read")
		}
	}()
	return yaml.NodeToValue(f.node, spec, yaml.Strict())
}

// within is the place of a path below a field, or of the nearest thing around
// it.
func within(f field, path string) place {
	at := f.place
	at.path = f.path + "." + path
	for name := range strings.SplitSeq(path, ".") {
		name, _, _ = strings.Cut(name, "[")
		pairs, _ := pairsOf(f.node)
		i := slices.IndexFunc(pairs, func(p *ast.MappingValueNode) bool { return p.Key.GetToken().Value == name })
		if i < 0 {
			break
		}
		_, key := keyOf("", pairs[i])
		f = valueOf(key, pairs[i].Value)
		at.line, at.column = key.line, key.column
	}
	return at
}

// commitments reads the commitment classes, by name.
func (r *reader) commitments(f field, calendars map[string]*calendar.Calendar) map[string]Commitment {
	all := map[string]Commitment{}
	lines := map[string]int{}
	for _, entry := range r.list(f) {
		o, ok := r.object(entry, "class", "within", "clock", "label", "clause", "basis")
		if !ok {
			continue
		}
		c := Commitment{
			Class:  r.text(o.get("class")),
			Label:  r.bilingual(o.get("label")),
			Clause: r.text(o.get("clause")),
			Basis:  r.basis(o.get("basis")),
		}
		if line, duplicate := lines[c.Class]; duplicate {
			r.note(o.get("class").place, "duplicate_name", c.Class, line)
		}
		lines[c.Class] = entry.line
		working := false
		c.Clock, working = r.clock(o.get("clock"), calendars)
		c.Within = r.promised(o.get("within"), working)
		all[c.Class] = c
		value := o.get("within").literal()
		r.figures = append(r.figures, Figure{Path: entry.path, Value: value, Clause: c.Clause, Basis: c.Basis, Note: c.Label})
	}
	return all
}

func (r *reader) clock(f field, calendars map[string]*calendar.Calendar) (clock calendar.Clock, working bool) {
	name := r.text(f)
	if name == wallClock || name == "" {
		return calendar.WallClock(), false
	}
	c := calendars[name]
	if c == nil {
		names := slices.Sorted(maps.Keys(calendars))
		r.note(f.place, "calendar_unknown", name, strings.Join(names, ", "))
		return calendar.WallClock(), true
	}
	return calendar.WorkingTime(c), true
}

// promised reads how much time is promised: hours where working time counts.
func (r *reader) promised(f field, working bool) time.Duration {
	s := f.literal()
	if working && strings.Contains(s, "d") {
		r.note(f.place, "days_of_work")
		return 0
	}
	return r.duration(f)
}

// defaultObjection is how long after publication a unit may object where the
// rulebook does not say.
const defaultObjection = 5 * 24 * time.Hour

// PublicationDays names the limit of the same name, also as the rule of the
// notice that it was missed.
const PublicationDays = "publication_days"

// defaultPublicationDays is how many days of the next month there are to publish
// in where the rulebook does not say: 每月前十日公布 (domain §1).
const defaultPublicationDays = 10
