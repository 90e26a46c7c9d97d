package notify

import (
	"google.golang.org/protobuf/proto"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/internal/store"
)

const (
	group       = "webhooks"
	hooks       = group + "/hooks"
	deliveries  = group + "/deliveries"
	positions   = group + "/position"
	positionKey = "ledger"
)

// The states of a delivery, and the fields it is found by. Due is when it is
// tried next or, when it is not tried any more, when it was last: microseconds
// since 1970 UTC.
const (
	Pending   = "pending"
	Delivered = "delivered"
	Dead      = "dead"

	fieldWebhook = "webhook"
	fieldState   = "state"
	fieldDue     = "due"
)

// Collections are the documents of webhooks: who is told, what is on its way to
// them, and how far the ledger was read. None is built anew from the log.
func Collections() []store.Collection {
	return []store.Collection{
		{Name: hooks, Original: true, New: func() proto.Message { return &statev1.Webhook{} }, Sharding: store.Whole("a hundred at most, and read as a whole")},
		{
			Name: deliveries, Original: true,
			Fields: []store.Field{
				{Name: fieldWebhook, Type: store.String}, {Name: fieldState, Type: store.String}, {Name: fieldDue, Type: store.Int64},
			},
			Indexes:  []store.Index{{Fields: []string{fieldWebhook, fieldState, fieldDue}}, {Fields: []string{fieldState, fieldDue}}},
			New:      func() proto.Message { return &statev1.Delivery{} },
			Sharding: store.Whole("a queue that is worked off, read webhook by webhook in the order things fall due"),
		},
		{Name: positions, Original: true, New: func() proto.Message { return &statev1.NotifyPosition{} }, Sharding: store.Whole("one document")},
	}
}

// deliveryKey is where a notification to a webhook is kept.
func deliveryKey(webhook, id string) string { return webhook + "/" + id }

// deliveryDoc gives a delivery with the fields it is found by.
func deliveryDoc(version int64, d *statev1.Delivery) store.Doc {
	due := d.NextAt
	if d.State != Pending {
		due = d.TriedAt
	}
	if due == nil {
		due = d.QueuedAt
	}
	return store.Doc{
		Key: deliveryKey(d.Webhook, d.Id), Version: version, Body: d,
		Fields: map[string]any{fieldWebhook: d.Webhook, fieldState: d.State, fieldDue: due.AsTime().UnixMicro()},
	}
}
