package notify

import (
	"slices"
	"strings"
	"time"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
)

// The types of the CloudEvents.
const (
	TypePosted    = "kaohe.entry.posted"
	TypeReversed  = "kaohe.entry.reversed"
	TypeRaised    = "kaohe.notice.raised"
	TypeWithdrawn = "kaohe.notice.withdrawn"
	TypeTest      = "kaohe.webhook.test"
)

// matter is what a record of the ledger says that people may be told, and what
// it is filtered by.
type matter struct {
	id, kind, unit, month, rule string
	level                       factv1.AlertLevel
	incident                    *ledgerv1.Incident
	clock                       string
	occurred, detected          time.Time
	sequence                    uint64
}

// matterOf reads a record; false: it is nothing that people are told.
func matterOf(r *ledgerv1.Record) (matter, bool) {
	switch about := r.GetRecord().(type) {
	case *ledgerv1.Record_Entry:
		e := about.Entry
		m := matter{
			id: e.Id, kind: TypePosted, unit: e.Unit, month: e.Month, rule: e.Rule, level: levelOf(e), incident: e.Incident,
			clock: e.Clock, occurred: flow.Time(e.OccurredAt), detected: flow.Time(e.DetectedAt), sequence: e.Sequence,
		}
		if e.Type == ledgerv1.EntryType_ENTRY_TYPE_REVERSAL {
			m.kind = TypeReversed
		}
		return m, e.Id != ""
	case *ledgerv1.Record_Notice:
		n := about.Notice
		m := matter{
			id: n.Id, kind: TypeRaised, unit: n.Unit, month: n.Month, rule: n.Rule, level: n.Level, incident: n.Incident,
			clock: n.Clock, occurred: flow.Time(n.OccurredAt), detected: flow.Time(n.DetectedAt), sequence: n.Sequence,
		}
		if n.Type == ledgerv1.EntryType_ENTRY_TYPE_REVERSAL {
			m.kind = TypeWithdrawn
		}
		return m, n.Id != ""
	}
	return matter{}, false
}

// levelOf is breach for what costs points and information for what brings some;
// a reversal has the level of what it takes back.
func levelOf(e *ledgerv1.Entry) factv1.AlertLevel {
	costs := strings.HasPrefix(e.Points, "-")
	if e.Type == ledgerv1.EntryType_ENTRY_TYPE_REVERSAL {
		costs = !costs
	}
	if costs || e.Effect != ledgerv1.Effect_EFFECT_POINTS {
		return factv1.AlertLevel_ALERT_LEVEL_BREACH
	}
	return factv1.AlertLevel_ALERT_LEVEL_INFORMATION
}

// wants reports whether a webhook is told of a matter; rebuilt is before when
// all was told that the ledger, which was built anew, says again.
func wants(w *statev1.Webhook, m matter, rebuilt time.Time) bool {
	return allows(w.Units, m.unit) && allows(w.Rules, m.rule) && allows(w.Levels, m.level) && follows(w, m, rebuilt)
}

// follows reports whether a matter came after the webhook: by its place in the
// ledger, for the clock of who recognised it may have been wrong. Only where the
// places are others since, the instants are compared.
func follows(w *statev1.Webhook, m matter, rebuilt time.Time) bool {
	if made := flow.Time(w.CreatedAt); made.Before(rebuilt) {
		return !m.detected.Before(made)
	}
	return m.sequence > w.After
}

func allows[T comparable](filter []T, value T) bool {
	return len(filter) == 0 || slices.Contains(filter, value)
}

// quiet reports whether nobody is told: a named clock is an import's or a
// simulation's, and what was recognised before the ledger was rebuilt was told
// already.
func (m matter) quiet(before time.Time) bool { return m.clock != "" || m.detected.Before(before) }
