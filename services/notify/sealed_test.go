package notify_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/notify"
)

// TestASecretInTheClearIsSealedAtStart: an older kaohe left it so. What is signed
// with it then is what its receiver verifies.
func TestASecretInTheClearIsSealedAtStart(t *testing.T) {
	h := build(t)
	clear := bytes.Repeat([]byte{7}, 32)
	w := store.Write{Collection: "webhooks/hooks", Doc: store.Doc{Key: "old", Body: &statev1.Webhook{Name: "old", Url: "http://192.0.2.1/", Secret: clear}}}
	must(t, h.store.Commit(t.Context(), []store.Write{w}))
	h.start(quick())()
	docs, err := h.store.Load(t.Context(), "webhooks/hooks", []string{"old"})
	must(t, err)
	kept := docs[0].Body.(*statev1.Webhook).Secret
	if bytes.Contains(kept, clear) {
		t.Fatal("the secret is still in the clear")
	}
	if plain, err := h.key.Open(kept, "webhooks/hooks/old"); err != nil || !bytes.Equal(plain, clear) {
		t.Errorf("it opens to %x, %v", plain, err)
	}
	version := docs[0].Version
	h.start(quick())() // again: nothing is left to do
	docs, err = h.store.Load(t.Context(), "webhooks/hooks", []string{"old"})
	must(t, err)
	if docs[0].Version != version || !proto.Equal(docs[0].Body, &statev1.Webhook{Name: "old", Url: "http://192.0.2.1/", Secret: kept}) {
		t.Errorf("it is now %v", docs[0])
	}
	for _, c := range notify.Collections() {
		if !c.Original {
			t.Errorf("%s cannot be built anew from the log", c.Name)
		}
	}
}
