package run_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/ferret"
	"kaohe.dev/services/internal/store/mongostore"
)

// hostile are texts that were seen to break something.
func hostile() []string {
	return []string{
		"a\x00b", "\x00", "a\x1b[31mb", "\u202eb", "\ufeff", "a\u2028b", "\u200b", "=1+1", "-", "../../etc", "..", " ", "", "%2F%00", "a/b/c",
		"$where", ".", "~", "ticket/x", "'; DROP TABLE docs--", "<script>", strings.Repeat("長", 5000), "e\u0301", "\uffff", "9999-99", "2026-13", "{{.}}", "\\",
	}
}

// pointsAt are names of fields that say what an event is about; with them kept,
// what is hostile meets what is known.
var pointsAt = []string{"unit", "ticket", "complaint", "outage", "customer", "decision", "callback", "units", "into", "month", "clock", "barrier"}

// filled gives an event of a kind in which every field says something, and every
// text, or every text that is not kept, the same.
func filled(payload protoreflect.FieldDescriptor, id, text string, keep bool) *feedv1.Event {
	at := timestamppb.New(time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC))
	e := &feedv1.Event{Id: id, Source: "hostile", OccurredAt: at, ReceivedAt: at, Clock: "hostile"}
	fill(e.ProtoReflect().Mutable(payload).Message(), text, keep)
	return e
}

func fill(m protoreflect.Message, text string, keep bool) {
	for i := range m.Descriptor().Fields().Len() {
		field := m.Descriptor().Fields().Get(i)
		if field.IsList() {
			list := m.Mutable(field).List()
			if field.Message() != nil {
				fill(list.AppendMutable().Message(), text, keep)
			} else {
				list.Append(value(field, text, keep))
			}
			continue
		}
		if field.Message() == nil {
			m.Set(field, value(field, text, keep))
			continue
		}
		if within := m.Mutable(field).Message(); field.Message().FullName() == "google.protobuf.Timestamp" {
			proto.Merge(within.Interface(), timestamppb.New(time.Date(2026, 3, 6, 0, 0, 0, 0, time.UTC)))
		} else {
			fill(within, text, keep)
		}
	}
}

func value(field protoreflect.FieldDescriptor, text string, keep bool) protoreflect.Value {
	switch field.Kind() {
	case protoreflect.StringKind:
		switch name := string(field.Name()); {
		case keep && name == "month":
			text = "2026-03"
		case keep && slices.Contains(pointsAt, name):
			text = "kept"
		case name == "points":
			text = "1"
		}
		return protoreflect.ValueOfString(text)
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(1)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(1)
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(text))
	default:
		return protoreflect.ValueOfInt64(1)
	}
}

// hostileEvents are all kinds of events with each of some texts; those that take
// effect in place last, because they hold the feed.
func hostileEvents(texts []string) (events []*feedv1.Event) {
	kinds := flow.EventTypes()
	for _, late := range []bool{false, true} {
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			for i, text := range texts {
				for _, keep := range []bool{true, false} {
					e := filled(kinds[kind], fmt.Sprintf("%s-%d-%v", kind, i, keep), text, keep)
					if flow.TakesEffectInPlace(e) == late && e.GetClockAdvanced() == nil {
						events = append(events, e)
					}
				}
			}
		}
	}
	return events
}

// TestNothingStopsAService: every kind of event with hostile texts in every
// field, written past the door, and bytes that are no event at all, go through
// every service over both kinds of stores. Whatever cannot be dealt with is set
// aside; the barrier behind all of it comes through, and every service runs.
// KAOHE_HOSTILE=all sends every text that ever broke something, which takes
// minutes.
func TestNothingStopsAService(t *testing.T) {
	some, few := []string{"a\x00b", "\u202e../=" + strings.Repeat("長", 5000)}, []string{"a\x00\u202e../="}
	if os.Getenv("KAOHE_HOSTILE") == "all" {
		some, few = hostile(), hostile()
	}
	for name, test := range map[string]struct {
		texts []string
		over  func(store.Store) store.Store
	}{
		"SQLite": {some, nil},
		"MongoDB": {few, func(store.Store) store.Store {
			s, err := mongostore.Open(t.Context(), ferret.Start(t)+"hostile")
			if err != nil {
				t.Fatal(err)
			}
			return s
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &pipeline{t: t, parts: 1, served: services(), over: test.over}
			p.start(t.TempDir(), time.Now, nil)
			p.push(hostileEvents(test.texts), 500)
			p.write(bus.FeedEvents, []byte("no event"), mangled(t), nil)
			p.push([]*feedv1.Event{tick("hostile", "end", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))}, 1)
			p.entries("end")
			for _, r := range p.runners {
				if err := r.Ready(); err != nil {
					t.Error(err)
				}
			}
			aside := p.quarantine("ticket-ingest")
			if len(aside) == 0 {
				t.Error("nothing was set aside: the test shows nothing")
			}
			t.Logf("%d events were set aside by ticket-ingest", len(aside))
		})
	}
}

// mangled is an event with a text that is not UTF-8.
func mangled(t *testing.T) []byte {
	t.Helper()
	raw, err := proto.Marshal(filled(flow.EventTypes()["ticket_opened"], "mangled", "MANGLED", true))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(raw, []byte("MANGLED"), []byte("\xff\xfe\xc3\x28ab\x80"))
}

// write appends bytes to the feed as they are.
func (p *pipeline) write(subject string, all ...[]byte) {
	p.t.Helper()
	for _, data := range all {
		if _, err := p.bus.Append(p.t.Context(), []bus.Message{{Subject: subject, Data: data}}); err != nil {
			p.t.Fatal(err)
		}
	}
}
