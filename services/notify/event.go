package notify

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/words"
)

// Source is the source of the CloudEvents.
const Source = "/kaohe/ledger"

// ContentType is of what is posted.
const ContentType = "application/cloudevents+json; charset=utf-8"

// body makes the CloudEvent of a delivery, in its JSON form. The numbers are
// those of now: the card is the unit's month as it is, nil where nothing is
// scored.
func body(d *statev1.Delivery, card *ledgerv1.Scorecard, now time.Time) ([]byte, error) {
	e := event.New()
	e.SetID(d.Id)
	e.SetSource(Source)
	e.SetType(TypeTest)
	e.SetTime(flow.Time(d.QueuedAt))
	n := &apiv1.Notification{SentAt: flow.At(now)}
	if m, tells := matterOf(d.Record); tells {
		describe(&e, m)
		n.Level = m.level
		if entry := d.Record.GetEntry(); entry != nil {
			n.About = &apiv1.Notification_Entry{Entry: words.Tell(proto.CloneOf(entry))}
		} else {
			n.About = &apiv1.Notification_Notice{Notice: words.Tell(proto.CloneOf(d.Record.GetNotice()))}
		}
	}
	if card != nil {
		n.Standing = &apiv1.Standing{Total: card.Total, Quota: card.Quota, Sequence: card.Sequence}
	}
	data, err := protojson.Marshal(n)
	if err != nil {
		return nil, fmt.Errorf("encode notification %s: %w", d.Id, err)
	}
	if err := e.SetData(event.ApplicationJSON, json.RawMessage(data)); err != nil {
		return nil, fmt.Errorf("encode notification %s: %w", d.Id, err)
	}
	return json.Marshal(e)
}

// describe sets the attributes by which a receiver can sort events without
// reading their data.
func describe(e *event.Event, m matter) {
	e.SetType(m.kind)
	e.SetTime(m.occurred)
	e.SetSubject(m.incident.GetKind() + "/" + m.incident.GetId())
	e.SetExtension("unit", m.unit)
	e.SetExtension("month", m.month)
	e.SetExtension("rule", m.rule)
	e.SetExtension("level", levelName(m))
	e.SetExtension("sequence", strconv.FormatUint(m.sequence, 10))
}

func levelName(m matter) string {
	return strings.ToLower(strings.TrimPrefix(m.level.String(), "ALERT_LEVEL_"))
}

// sign puts the headers of Standard Webhooks on a request.
func sign(header http.Header, secret []byte, id string, at time.Time, payload []byte) error {
	signer, err := webhooks.NewWebhookRaw(secret)
	if err != nil {
		return fmt.Errorf("take the secret: %w", err)
	}
	signature, err := signer.Sign(id, at, payload)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	header.Set(webhooks.HeaderWebhookID, id)
	header.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	header.Set(webhooks.HeaderWebhookSignature, signature)
	return nil
}
