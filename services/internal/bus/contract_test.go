package bus

import (
	"testing"

	"google.golang.org/protobuf/proto"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

// Whoever reads the streams without this package needs the contracts alone.
func TestAMessageIsABatchOfTheContracts(t *testing.T) {
	want := &feedv1.EventBatch{Events: []*feedv1.Event{{Id: "a", Source: "x"}, {Id: "b"}, {}}}
	var messages []Message
	for _, e := range want.Events {
		data, err := proto.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, Message{Subject: FeedBatches, Data: data})
	}
	packs, got := pack(messages), &feedv1.EventBatch{}
	if err := proto.Unmarshal(packs[0].Data, got); err != nil || len(packs) != 1 || !proto.Equal(got, want) {
		t.Errorf("%d messages, the first is %v (%v)", len(packs), got, err)
	}
	data, err := proto.Marshal(&ledgerv1.RecordBatch{Records: []*ledgerv1.Record{{}, {}}})
	if err != nil {
		t.Fatal(err)
	}
	if parts, err := unpack(data); err != nil || len(parts) != 2 {
		t.Errorf("a batch written by another is %q (%v)", parts, err)
	}
}
