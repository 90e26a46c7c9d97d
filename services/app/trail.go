package app

import (
	"context"
	"fmt"
	"os/user"
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/chain"
)

// record notes in the log what is done to it without the gateway: by whose
// account on this machine, and which messages of it are known to be gone or
// damaged from now on.
func (a *App) record(ctx context.Context, streams *bus.Bus, call string, accepts ...chain.Range) error {
	now := timestamppb.New(a.config.Now())
	account := "?"
	if u, err := user.Current(); err == nil {
		account = u.Username
	}
	data, err := proto.Marshal(&feedv1.Event{
		Id: "call-" + call + "-" + strconv.FormatInt(now.AsTime().UnixMicro(), 36), Source: ownSource, OccurredAt: now, ReceivedAt: now,
		Sender:  "local:" + account,
		Payload: &feedv1.Event_CallMade{CallMade: &feedv1.CallMade{Call: call}},
	})
	if err != nil {
		return fmt.Errorf("encode %s for the trail: %w", call, err)
	}
	if _, err := streams.Append(ctx, []bus.Message{{Subject: bus.FeedBatches, Data: data, Accepts: accepts}}); err != nil {
		return fmt.Errorf("note %s in the log: %w", call, err)
	}
	return nil
}
