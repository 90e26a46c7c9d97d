package door

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
	"kaohe.dev/services/text"
)

// earliest is the oldest instant taken: anything before is a source's mistake,
// mostly an empty date.
var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Check gives why an event cannot be taken, whatever else is known; nil when it
// can.
func (d *Door) Check(e *feedv1.Event) *Refusal { return d.check(e, d.now()) }

// check is Check at a given time.
func (d *Door) check(e *feedv1.Event, now time.Time) *Refusal {
	if refusal := small(e); refusal != nil {
		return refusal
	}
	if refusal := Texts(e); refusal != nil {
		return refusal
	}
	text.Normalise(e)
	if refusal := d.rules(e); refusal != nil {
		return refusal
	}
	if refusal := d.instant(e, now); refusal != nil {
		return refusal
	}
	if refusal := payload(e); refusal != nil {
		return refusal
	}
	return d.fits(e)
}

// rules checks the contract's field rules.
func (d *Door) rules(e *feedv1.Event) *Refusal {
	return Broken(d.validator.Validate(e, protovalidate.WithFailFast()))
}

// Texts refuses what the contract's sorts of text do not allow in a message;
// of several faults the first.
func Texts(m proto.Message) *Refusal {
	faults := text.Faults(m)
	if len(faults) == 0 {
		return nil
	}
	f := faults[0]
	if f.What == "" {
		return Refuse(f.Field, fmt.Sprintf("%q", f.Value), f.Code, "%[1]s", "%[2]s", f.Zh, f.En)
	}
	return Refuse(f.Field, fmt.Sprintf("%q", f.Value), f.Code, f.Zh, f.En, f.What)
}

// MaxEvent is how many bytes an event may have: it and all that is derived from
// it alone fit a message of any broker.
const MaxEvent = 256 << 10

// small refuses an event that is too large to be dealt with.
func small(e *feedv1.Event) *Refusal {
	if size := proto.Size(e); size > MaxEvent {
		return Refuse("", "", "event_too_large", "事件有 %[1]d 字节，最多 %[2]d 字节；请缩短文字，附件只发链接和校验和",
			"the event has %[1]d bytes, at most %[2]d are taken; shorten its texts, and send attachments as links with their checksums", size, MaxEvent)
	}
	return nil
}

// instant checks when an event happened. A registration may state what held
// always, at the beginning of time.
func (d *Door) instant(e *feedv1.Event, now time.Time) *Refusal {
	at := e.OccurredAt.AsTime()
	shown := at.Format(time.RFC3339Nano)
	if err := e.OccurredAt.CheckValid(); err != nil {
		return Refuse("occurred_at", e.OccurredAt.String(), "bad_instant",
			"不是有效时间：%v", "not a valid instant: %v", err)
	}
	if _, registration := e.Payload.(*feedv1.Event_UnitRegistered); at.Before(earliest) && !registration {
		return Refuse("occurred_at", shown, "before_2000",
			"早于 2000 年，多半是空日期，请核对来源系统", "it is before the year 2000, most likely an empty date; check the source system")
	}
	if e.Clock == "" && at.After(d.passed.by(now).Add(d.tolerance)) {
		return Refuse("occurred_at", shown, "from_the_future",
			"比本系统时间 %[1]s 晚 %[2]s，容差为 %[3]s，请校准来源系统的时钟后重发",
			"it is %[2]s ahead of this system's %[1]s and the tolerance is %[3]s; set the source's clock right and send again",
			now.UTC().Format(time.RFC3339), at.Sub(now).Round(time.Second), d.tolerance)
	}
	return nil
}

// payload checks what single kinds of events need beyond the field rules.
func payload(e *feedv1.Event) *Refusal {
	switch p := e.Payload.(type) {
	case *feedv1.Event_RulebookPublished:
		if _, err := rulebook.Load(p.RulebookPublished.Version, []byte(p.RulebookPublished.Yaml)); err != nil {
			return Refuse("rulebook_published.yaml", p.RulebookPublished.Version, "bad_rulebook",
				"规则手册无法使用：%v", "the rulebook cannot be used: %v", err)
		}
	case *feedv1.Event_ClockAdvanced:
		if p.ClockAdvanced.Clock == "" {
			return Refuse("clock_advanced.clock", "", "wall_clock",
				"实时时钟不能由事件推进；请填写命名时钟，或用 POST /v1/barriers 等待",
				"the wall clock cannot be moved by an event; name a clock, or wait with POST /v1/barriers")
		}
	case *feedv1.Event_UnitRegistered:
		if _, err := time.LoadLocation(p.UnitRegistered.Zone); err != nil {
			return Refuse("unit_registered.zone", p.UnitRegistered.Zone, "unknown_zone",
				"不是已知时区，请用 IANA 名称，例如 Asia/Shanghai", "not a known zone; use an IANA name, for example Asia/Shanghai")
		}
	}
	return nil
}

// unitsOf gives the units an event names, with their fields' paths.
func unitsOf(e *feedv1.Event, visit func(field, unit string) *Refusal) *Refusal {
	message := payloadOf(e)
	if message == nil {
		return nil
	}
	if _, registers := e.Payload.(*feedv1.Event_UnitRegistered); registers {
		return nil
	}
	kind := flow.EventType(e)
	switch m := message.(type) {
	case interface{ GetUnit() string }:
		if unit := m.GetUnit(); unit != "" {
			return visit(kind+".unit", unit)
		}
	case interface{ GetUnits() []string }:
		for i, unit := range m.GetUnits() {
			if refusal := visit(fmt.Sprintf("%s.units[%d]", kind, i), unit); refusal != nil {
				return refusal
			}
		}
	}
	return nil
}

func payloadOf(e *feedv1.Event) proto.Message {
	m := e.ProtoReflect()
	field := m.WhichOneof(payloadOneof)
	if field == nil {
		return nil
	}
	return m.Get(field).Message().Interface()
}

var payloadOneof protoreflect.OneofDescriptor = (&feedv1.Event{}).ProtoReflect().Descriptor().Oneofs().ByName("payload")

// pseudonymise replaces the customer's reference by its keyed hash, in whatever
// kind of event names one.
func (d *Door) pseudonymise(e *feedv1.Event) {
	message := payloadOf(e)
	if message == nil {
		return
	}
	m := message.ProtoReflect()
	if field := m.Descriptor().Fields().ByName("customer"); field != nil && m.Has(field) {
		m.Set(field, protoreflect.ValueOfString(d.pseudonym(m.Get(field).String())))
	}
}

var short = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// pseudonym is "c-" and 80 bits of the keyed hash: the same customer stays the
// same, and nobody without the key can tell who it is.
func (d *Door) pseudonym(customer string) string {
	if customer == "" {
		return ""
	}
	mac := hmac.New(sha256.New, d.customerKey)
	mac.Write([]byte(customer))
	return "c-" + short.EncodeToString(mac.Sum(nil)[:10])
}
