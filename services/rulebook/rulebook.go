package rulebook

import (
	"time"

	"github.com/shopspring/decimal"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/calendar"
)

// Rulebook is one compiled version of the rules. It is immutable.
type Rulebook struct {
	// Version names it; entries carry it.
	Version string
	// EffectiveMonth is the first month it is in force, yyyy-mm.
	EffectiveMonth string
	// Units are those it was published for, sorted; none: all that have no
	// rulebook of their own.
	Units []string
	Title Text
	// Zone is where a month is a natural month, unless a unit has its own.
	Zone   *time.Location
	Limits Limits
	// Commitments are the commitment classes by name.
	Commitments map[string]Commitment
	Parts       []Part
	Rules       []Rule
	// Figures are all settings with where they come from, in the order of the
	// document.
	Figures []Figure
	// Warnings are what a reader must know, for example items that do not add
	// up to the declared maximum.
	Warnings []Warning
	// Source is the YAML it was compiled from.
	Source []byte

	charging map[string][]*Rule // the rules by kind of fact
	checks   map[string]*Rule   // the rules made of checks, by the check's name
	parts    map[string]string  // the part of each item
}

// The places a number can come from.
const (
	BasisSource     = "source"     // the operator's own rules say so
	BasisAssumption = "assumption" // chosen here; an operator may change it
)

// Figure is one setting of the rulebook with where it comes from.
type Figure struct {
	Path   string // its place in the document, for example "limits.reply"
	Value  string // as written
	Clause string // the clause of the source it belongs to
	Basis  string // "source" or "assumption"
	Note   Text   // may be empty
}

// Text is a text in both languages of the operator.
type Text struct {
	Zh string `yaml:"zh"`
	En string `yaml:"en"`
}

// Proto gives the text in its contract form.
func (t Text) Proto() *factv1.Text { return &factv1.Text{Zh: t.Zh, En: t.En} }

// Limits are the durations and thresholds that recognition reads.
type Limits struct {
	// Reply is how long after completion a reply may take (六.6).
	Reply time.Duration
	// ComplaintAnswer is how long a forwarded complaint may take (六.8).
	ComplaintAnswer time.Duration
	// ComplaintWarning is how long before that the responsible person is warned;
	// 0: never.
	ComplaintWarning time.Duration
	// SecondComplaint is the window in which a complaint repeats another (六.9).
	SecondComplaint time.Duration
	// Rework is the window after closing in which a new report is rework.
	Rework time.Duration
	// InterruptionNotice is how far ahead the written notice must come (六.7).
	InterruptionNotice time.Duration
	// MassFaultTold is how soon the call centre must be told of a mass fault
	// after it was declared, MassFaultEndTold of its end after restoring (六.4).
	MassFaultTold, MassFaultEndTold time.Duration
	// ComplaintsRose is from how many complaints because of a mass fault on
	// complaints count as risen (六.4).
	ComplaintsRose int
	// Objection is how long after publication a unit may object to an entry
	// (domain §5).
	Objection time.Duration
	// PublicationDays is in how many days of the next month a month is published
	// (domain §1).
	PublicationDays int
	// HandledPhrases are replies that say no more than "handled" (六.6),
	// compared without spaces, punctuation and case.
	HandledPhrases []string
}

// Commitment is a commitment class: how much time of which clock is promised.
type Commitment struct {
	Class  string
	Within time.Duration
	Clock  calendar.Clock
	Label  Text
	Clause string
	Basis  string
}

// Overflow says what becomes of deductions that exceed an item.
type Overflow string

// The ways to treat overflow (§3.4).
const (
	Carry Overflow = "carry"
	Drop  Overflow = "drop"
)

// Part is a part of the score.
type Part struct {
	ID       string // for example "customer_service"
	Label    Text
	Max      decimal.Decimal
	Weight   decimal.Decimal // percent
	Cap      *decimal.Decimal
	Overflow Overflow
	// For are the kinds of units it applies to; empty: all.
	For []feedv1.UnitKind
	// Sections and Items are in the order of the sheet.
	Sections []Section
	Items    []Item
	// Grading says which of a month's gradings of a check counts.
	Grading Grading
	Quota   *Quota
	Clause  string
	Basis   string
}

// Warning is what a reader must know.
type Warning struct {
	Text
	Part string // the id of the part it is about; empty: the whole rulebook
}

// Item gives the item with an id, nil if the part has none.
func (p *Part) Item(id string) *Item {
	for i := range p.Items {
		if p.Items[i].ID == id {
			return &p.Items[i]
		}
	}
	return nil
}

// Scale says what becomes of items that do not add up to what their section
// declares.
type Scale string

// The ways to treat a section (§4).
const (
	AsListed Scale = "as_listed" // the section gives what its items give
	Declared Scale = "declared"  // the items' sum is scaled to the declared maximum
)

// Grading says which of several gradings of a check in a month counts.
type Grading string

// The ways to choose a grading.
const (
	Lowest Grading = "lowest" // the one that costs most
	Latest Grading = "latest" // the one found last
)

// Section is a group of items.
type Section struct {
	Label  Text
	Max    decimal.Decimal // declared
	Listed decimal.Decimal // what its items add up to
	Scale  Scale
	Items  int // how many of the part's items, in order, are in it
}

// Item is a line of the sheet.
type Item struct {
	ID      string // for example "CS10"
	Section Text
	// InSection is the index of its section in the part.
	InSection int
	// Assessed items count full but provisionally until something assesses
	// them in the month; a month with such items cannot be closed.
	Assessed bool
	Label    Text
	Max      decimal.Decimal
	Method   Method
	Clause   string // of the maximum
	Basis    string // of the maximum
}

// MethodKind says how an item is scored.
type MethodKind string

// The methods.
const (
	// PerIncident takes off what the rules charge.
	PerIncident MethodKind = "per_incident"
	// Rate gives max × the share of satisfied callbacks (facts of the kind
	// callback_rated); charges on the item by other rules still apply.
	Rate MethodKind = "rate"
)

// Method is how an item is scored.
type Method struct {
	Kind MethodKind
	// ZeroAt sets the item to 0 from so many active entries on; 0: never. Only
	// of PerIncident.
	ZeroAt int
	Clause string
	Basis  string
	Label  Text
}

// Quota is the monthly repair quota (§3.3).
type Quota struct {
	Share decimal.Decimal // of the customers, for example 0.015
	Rule  string          // the rule name its entry carries
	// CustomersAt says which day's customers the month is judged by: MonthStart
	// or MonthEnd.
	CustomersAt string
	// WarnAt is the share of the quota from which people are warned, for example
	// 0.8; 0: never.
	WarnAt decimal.Decimal
	Label  Text
	Clause string
	Basis  string
}

// The days whose customers a quota can count.
const (
	MonthStart = "month_start" // in effect at the month's first instant
	MonthEnd   = "month_end"   // in effect at the month's last instant
)

// Rule turns a fact into points.
type Rule struct {
	Name string
	On   string // the kind of fact
	Part string
	Item string // empty: beside the items; "*": the item the fact names
	// Penalty says that it costs points beside the items.
	Penalty bool
	// Effect is what it does to its item besides points.
	Effect Effect
	Label  Text
	Clause string
	Basis  string // "source" or "assumption"
	// When is the rule's condition as written; empty: always.
	When string
	// Points are as written, for people to read: a number, an expression, or
	// the values of a table.
	Points string

	// Check is the check of the sheet it was made of; nil: it is a rule of its
	// own.
	Check *CheckRule

	when   condition       // nil: always
	points decimal.Decimal // what it charges, if amount is nil
	amount amount
	item   itemOf // for "*"
}

// Effect is what a rule does to an item besides its points.
type Effect string

// The effects.
const (
	NoEffect    Effect = ""
	ZeroItem    Effect = "zero_item"    // the item gives nothing
	ZeroSection Effect = "zero_section" // every item of its section gives nothing
)

// Bonus reports whether the rule gives points, beside the items.
func (r *Rule) Bonus() bool { return r.Item == "" && !r.Penalty }

// Charge is what one rule makes of one fact.
type Charge struct {
	Rule   *Rule
	Item   string          // empty: beside the items
	Points decimal.Decimal // signed: deductions are negative
}
