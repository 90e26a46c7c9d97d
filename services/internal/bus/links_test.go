package bus_test

import (
	"context"
	"sync"
	"testing"

	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/chain"
	"kaohe.dev/services/internal/embedded"
)

// signing connects anew, as who has a key.
func signing(t testing.TB, opts bus.Options, secret string) *bus.Bus {
	t.Helper()
	if secret != "" {
		key := chain.NewKey(secret)
		opts.Signs = &key
	}
	b, err := bus.Connect(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	if err := b.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

func checked(t testing.TB, b *bus.Bus, known ...string) chain.Report {
	t.Helper()
	last, err := b.Last(t.Context(), bus.Feed)
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.ReadChecked(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	checker := chain.NewChecker(func(public string) bool {
		for _, secret := range known {
			if chain.NewKey(secret).Public() == public {
				return true
			}
		}
		return false
	})
	for read := uint64(0); read < last; {
		batch, open := <-r.Deliveries()
		if !open {
			t.Fatal(r.Err())
		}
		bus.Check(checker, batch)
		read = batch[len(batch)-1].Sequence
	}
	return checker.Report()
}

func appendAll(t testing.TB, b *bus.Bus, all []bus.Message) {
	t.Helper()
	if _, err := b.Append(t.Context(), all); err != nil {
		t.Fatal(err)
	}
}

func TestTheFeedIsBoundTogetherWhoeverWritesAtOnce(t *testing.T) {
	server, err := embedded.Start(embedded.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Stop() })
	opts := bus.Options{InProcess: server.Server}
	old := signing(t, opts, "")
	appendAll(t, old, messages(bus.FeedEvents, 3))
	for range 2 { // started twice
		var writing sync.WaitGroup
		for _, secret := range []string{"one", "other"} {
			b := signing(t, opts, secret)
			for range 4 {
				writing.Go(func() {
					for range 20 {
						appendAll(t, b, messages(bus.FeedBatches, 5))
						appendAll(t, b, messages(bus.FeedEvents, 1))
					}
				})
			}
			// Some give up waiting, so that nobody knows whether it is stored.
			writing.Go(func() {
				for range 20 {
					ctx, cancel := context.WithCancel(t.Context())
					go cancel()
					_, _ = b.Append(ctx, messages(bus.FeedBatches, 5))
				}
			})
		}
		writing.Wait()
	}
	if r := checked(t, old, "one", "other"); !r.Whole() || r.First != 4 || r.Linked < 2*2*4*40 || len(r.Signers) != 2 {
		t.Errorf("%+v", r)
	}
	if r := checked(t, old, "one"); r.Whole() || r.Damage[0].Kind != chain.Unknown {
		t.Errorf("of a signer that is not known: %+v", r)
	}
	appendAll(t, old, []bus.Message{{Subject: bus.FeedEvents}}) // with nothing in it
	appendAll(t, old, messages(bus.FeedBatches, 1))
	if r := checked(t, old, "one", "other"); len(r.Damage) != 1 || r.Damage[0].Kind != chain.Foreign || r.Damage[0].To != r.Damage[0].From+1 {
		t.Errorf("after a foreign write: %+v", r.Damage)
	}
}
