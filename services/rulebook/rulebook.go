package rulebook

import (
	"time"

	"github.com/shopspring/decimal"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/calendar"
)

// Rulebook is one compiled version of the rules. It is immutable.
type Rulebook struct {
	// Version names it; entries carry it.
	Version string
	// EffectiveMonth is the first month it is in force, yyyy-mm.
	EffectiveMonth string
	Title          Text
	// Zone is where a month is a natural month, unless a unit has its own.
	Zone   *time.Location
	Limits Limits
	// Commitments are the commitment classes by name.
	Commitments map[string]Commitment
	Parts       []Part
	Rules       []Rule
	// Warnings are what a reader must know, for example items that do not add
	// up to the declared maximum.
	Warnings []Text
	// Source is the YAML it was compiled from.
	Source []byte
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
	// HandledPhrases are replies that say no more than "handled" (六.6),
	// compared without spaces, punctuation and case.
	HandledPhrases []string
}

// Commitment is a commitment class: how much time of which clock is promised.
type Commitment struct {
	Class  string
	Within time.Duration
	Clock  calendar.Clock
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
	Items    []Item
	Quota    *Quota
}

// Item is a line of the sheet.
type Item struct {
	ID      string // for example "CS10"
	Section Text
	Label   Text
	Max     decimal.Decimal
	Method  Method
}

// MethodKind says how an item is scored.
type MethodKind string

// The methods.
const (
	// PerIncident takes off what the rules charge.
	PerIncident MethodKind = "per_incident"
	// Rate gives max × share of the facts of kind Of whose variant counts as
	// good; charges on the item by other rules still apply.
	Rate MethodKind = "rate"
)

// Method is how an item is scored.
type Method struct {
	Kind MethodKind
	// ZeroAt sets the item to 0 from so many active entries on; 0: never.
	ZeroAt int
	// Rate: only for MethodKind Rate: the share of satisfied callbacks.
	Clause string
	Basis  string
	Label  Text
}

// Quota is the monthly repair quota (§3.3).
type Quota struct {
	Share  decimal.Decimal // of the customers, for example 0.015
	Rule   string          // the rule name its entry carries
	Label  Text
	Clause string
	Basis  string
}

// Rule turns a fact into points.
type Rule struct {
	Name   string
	On     string // the kind of fact
	Part   string
	Item   string // empty: a bonus; "*": the item the fact names
	Label  Text
	Clause string
	Basis  string // "source" or "assumption"
	// judge is compiled from the rule's condition and points.
	judge judge
}

// Charge is what one rule makes of one fact.
type Charge struct {
	Rule   *Rule
	Item   string
	Points decimal.Decimal // signed: deductions are negative
}
