package app

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/internal/archive"
	"kaohe.dev/services/internal/bus"
)

// delivered is an event that was stored at an instant, and received at another;
// none: it came past the door.
func delivered(t testing.TB, stored time.Time, received *timestamppb.Timestamp) bus.Delivery {
	t.Helper()
	data, err := proto.Marshal(&feedv1.Event{Id: "e", ReceivedAt: received})
	if err != nil {
		t.Fatal(err)
	}
	return bus.Delivery{Data: data, Stored: stored}
}

func TestAMessageIsArchivedWhenAllInItWasReceivedBefore(t *testing.T) {
	until := time.Date(2025, 12, 31, 16, 0, 0, 0, time.UTC) // midnight in Shanghai
	early, late := until.Add(-time.Nanosecond), until
	at := timestamppb.New
	for name, c := range map[string]struct {
		message []bus.Delivery
		goes    bool
	}{
		"all before":                     {[]bus.Delivery{delivered(t, late, at(early)), delivered(t, late, at(early))}, true},
		"one at midnight":                {[]bus.Delivery{delivered(t, late, at(early)), delivered(t, late, at(late))}, false},
		"past the door, before":          {[]bus.Delivery{delivered(t, early, nil)}, true},
		"past the door, at midnight":     {[]bus.Delivery{delivered(t, late, nil)}, false},
		"what nobody can read, before":   {[]bus.Delivery{{Data: []byte{0xff}, Stored: early}}, true},
		"what nobody can read, later on": {[]bus.Delivery{{Data: []byte{0xff}, Stored: late}}, false},
	} {
		a, err := archive.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		w, err := a.Extend("log")
		if err != nil {
			t.Fatal(err)
		}
		err = addMessage(w, c.message, until)
		if c.goes && err != nil || !c.goes && !errors.Is(err, errNoMore) {
			t.Errorf("%s: %v", name, err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatCamePastTheDoorIsArchivedWithWhenItWasStored(t *testing.T) {
	stored := time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC)
	data, _, err := asReceived(delivered(t, stored, nil))
	event := &feedv1.Event{}
	if err := errors.Join(err, proto.Unmarshal(data, event)); err != nil || !event.ReceivedAt.AsTime().Equal(stored) {
		t.Errorf("received at %v (%v)", event.ReceivedAt, err)
	}
}
