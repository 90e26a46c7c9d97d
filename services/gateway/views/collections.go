package views

import (
	"google.golang.org/protobuf/proto"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
)

// Service is the name under which the views keep their documents.
const Service = group

const (
	group             = "views"
	entryCollection   = group + "/entries"
	scoreCollection   = group + "/scores"
	matterCollection  = group + "/matters"
	positionKey       = "position"
	stateActive       = "active"
	stateReversed     = "reversed"
	fieldMonth        = "month"
	fieldUnit         = "unit"
	fieldRule         = "rule"
	fieldState        = "state"
	fieldTicket       = "ticket"
	fieldFact         = "fact"
	fieldKind         = "kind"
	fieldSequence     = "sequence"
	maxBatch          = 1000
	subscriptionSpace = 4096
)

// Collections are the documents of the views.
func Collections() []store.Collection {
	text := func(names ...string) (fields []store.Field) {
		for _, name := range names {
			fields = append(fields, store.Field{Name: name, Type: store.String})
		}
		return append(fields, store.Field{Name: fieldSequence, Type: store.Int64})
	}
	ordered := func(prefixes ...[]string) (indexes []store.Index) {
		for _, prefix := range prefixes {
			indexes = append(indexes, store.Index{Fields: append(prefix, fieldSequence)})
		}
		return indexes
	}
	return []store.Collection{
		{
			Name:   entryCollection,
			Fields: text(fieldMonth, fieldUnit, fieldRule, fieldState, fieldTicket, fieldFact),
			Indexes: ordered(nil, []string{fieldMonth}, []string{fieldMonth, fieldUnit}, []string{fieldMonth, fieldRule},
				[]string{fieldMonth, fieldState}, []string{fieldMonth, fieldUnit, fieldRule},
				[]string{fieldTicket}, []string{fieldFact}),
			New:      func() proto.Message { return &statev1.EntryView{} },
			Sharding: store.Spread("grows for ever and is written in batches over all months and units; by month, all that happens now would go to one shard"),
		},
		{
			Name:     scoreCollection,
			Fields:   text(fieldMonth, fieldUnit),
			Indexes:  ordered(nil, []string{fieldMonth}),
			New:      func() proto.Message { return &statev1.ScorecardView{} },
			Sharding: store.Whole("a document per unit and month; the ranking reads a month at once"),
		},
		{
			Name:     matterCollection,
			Fields:   text(fieldKind, fieldMonth, fieldUnit),
			Indexes:  ordered([]string{fieldKind, fieldMonth}, []string{fieldKind}),
			New:      func() proto.Message { return &statev1.MatterView{} },
			Sharding: store.Whole("a few documents for every unit and month, read a month at a time"),
		},
		run.Positions(group),
	}
}

func entryDoc(doc store.Doc, view *statev1.EntryView) store.Doc {
	e, state := view.Entry, stateActive
	if e.State == ledgerv1.EntryState_ENTRY_STATE_REVERSED {
		state = stateReversed
	}
	doc.Key = e.Id
	doc.Body = view
	doc.Fields = map[string]any{
		fieldMonth: e.Month, fieldUnit: e.Unit, fieldRule: e.Rule, fieldState: state,
		fieldFact: e.Fact, fieldSequence: int64(e.Sequence),
	}
	if e.Ticket != "" {
		doc.Fields[fieldTicket] = e.Ticket
	}
	return doc
}

func scoreKey(month, unit string) string { return month + "/" + unit }

func scoreDoc(doc store.Doc, s *ledgerv1.Scorecard) store.Doc {
	doc.Key = scoreKey(s.Month, s.Unit)
	doc.Body = &statev1.ScorecardView{Scorecard: s}
	doc.Fields = map[string]any{fieldMonth: s.Month, fieldUnit: s.Unit, fieldSequence: int64(s.Sequence)}
	return doc
}
