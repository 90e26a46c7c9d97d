package mongostore_test

import (
	"context"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/event"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/ferret"
	"kaohe.dev/services/internal/store/mongostore"
)

// TestWhatIsOriginalIsWrittenToTheJournal: whatever is written, made, changed or
// deleted, the server answers when a majority has it in its journal.
func TestWhatIsOriginalIsWrittenToTheJournal(t *testing.T) {
	for _, original := range []bool{true, false} {
		var mu sync.Mutex
		var writes, journalled, majority int
		monitor := &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
			target, _ := e.Command.Lookup(e.CommandName).StringValueOK()
			if target != "gateway.tokens" || e.CommandName != "update" && e.CommandName != "insert" && e.CommandName != "delete" {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			writes++
			if j, _ := e.Command.Lookup("writeConcern", "j").BooleanOK(); j {
				journalled++
			}
			if w, _ := e.Command.Lookup("writeConcern", "w").StringValueOK(); w == "majority" {
				majority++
			}
		}}
		s, err := mongostore.Open(t.Context(), ferret.Start(t)+"kaohe", mongostore.WithMonitor(monitor))
		if err != nil {
			t.Fatal(err)
		}
		c := store.Collection{Name: "gateway/tokens", Original: original, New: func() proto.Message { return &wrapperspb.StringValue{} }}
		if err := s.Ensure(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		for version := range int64(3) {
			w := store.Write{Collection: c.Name, Delete: version == 2, Doc: store.Doc{Key: "a", Version: version, Body: wrapperspb.String("x")}}
			if err := s.Commit(t.Context(), []store.Write{w}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if writes < 3 || majority != writes || (journalled == writes) != original {
			t.Errorf("original %v: %d writes, %d to a majority, %d to the journal", original, writes, majority, journalled)
		}
	}
}
