package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/store"
)

// What was set aside is tried again when another program runs, or somebody
// asks: it is appended once more and comes back at a place of its own in the
// order, like everything else. Facts come on the way of the service's wakes,
// which it alone reads. Events have to go through the feed, which services may
// not write to: who may calls Again.

// retryEvery is how often a runner looks for what it was asked to try again.
const retryEvery = 2 * time.Second

// ErrNotFailed says that nothing failed under an id of the quarantine.
var ErrNotFailed = errors.New("no service failed on it; what is wrong in itself has to be corrected where it came from")

// AskAgain asks a service to try again what it failed on.
func AskAgain(ctx context.Context, s store.Store, service, key string) error {
	place, failed := strings.CutPrefix(key, failedPrefix)
	if !failed {
		return ErrNotFailed
	}
	docs, err := s.Load(ctx, Quarantine(service).Name, []string{key})
	if err != nil {
		return fmt.Errorf("look up the quarantine of %s: %w", service, err)
	}
	if len(docs) == 0 {
		return ErrNotFailed
	}
	if err := s.Commit(ctx, []store.Write{
		{Collection: Quarantine(service).Name, Doc: store.Doc{Key: askedPrefix + place, Body: docs[0].Body}},
		{Collection: Quarantine(service).Name, Doc: docs[0], Delete: true},
	}); err != nil {
		return fmt.Errorf("ask %s to try again: %w", service, err)
	}
	return nil
}

// Again appends once more what a service set aside, and takes it out of the
// quarantine: what somebody asked for, and, when a program begins, also what
// another one failed on. It gives how much that is. What is appended and not
// taken out is appended twice, which is harmless.
func Again(ctx context.Context, b *bus.Bus, s store.Store, service, program string, begins bool) (int, error) {
	again, err := appendAll(ctx, b, s, service, askedPrefix, "")
	if err != nil || !begins {
		return again, err
	}
	more, err := appendAll(ctx, b, s, service, failedPrefix, program)
	return again + more, err
}

// appendAll appends once more what is under a prefix of the keys and no failure of
// one program.
func appendAll(ctx context.Context, b *bus.Bus, s store.Store, service, prefix, but string) (again int, err error) {
	query := store.Query{Collection: Quarantine(service).Name, Prefix: prefix}
	for {
		docs, next, err := s.Query(ctx, query)
		if err != nil {
			return again, fmt.Errorf("look up the quarantine of %s: %w", service, err)
		}
		for _, doc := range docs {
			if doc.Body.(*statev1.Quarantined).Program == but {
				continue
			}
			if err := appendAgain(ctx, b, s, service, doc); err != nil {
				return again, fmt.Errorf("try again what %s set aside: %w", service, err)
			}
			again++
		}
		if query.After = next; next == nil {
			return again, nil
		}
	}
}

func appendAgain(ctx context.Context, b *bus.Bus, s store.Store, service string, doc store.Doc) error {
	q := doc.Body.(*statev1.Quarantined)
	message := bus.Message{Subject: bus.WakePrefix + service, Data: q.Input}
	if q.Subject == bus.FeedEvents || q.Subject == bus.FeedBatches {
		message.Subject = bus.FeedEvents
	}
	if q.Wake != "" {
		data, err := proto.Marshal(&factv1.Fact{Id: q.Wake, OccurredAt: q.At})
		if err != nil {
			return err
		}
		message.Data = data
	}
	if _, err := b.Append(ctx, []bus.Message{message}); err != nil {
		return err
	}
	return s.Commit(ctx, []store.Write{{Collection: Quarantine(service).Name, Doc: doc, Delete: true}})
}

// again tries again what this runner set aside, where it may append it.
func (s *session) again(ctx context.Context, begins bool) error {
	if s.opts.Stream == bus.Feed {
		return nil
	}
	n, err := Again(ctx, s.opts.Bus, s.opts.Store, s.name, s.opts.Program, begins)
	if n > 0 {
		s.opts.Logger.Info("inputs that were set aside are tried again", "service", s.name, "count", n)
	}
	return err
}

// fresh leaves out what is in the quarantine already, where a crash came between
// that and the position.
func (b *batch) fresh(ctx context.Context) error {
	if len(b.quarantined) == 0 {
		return nil
	}
	keys := make([]string, len(b.quarantined))
	for i, w := range b.quarantined {
		keys[i] = w.Doc.Key
	}
	docs, err := b.s.opts.Store.Load(ctx, Quarantine(b.s.name).Name, keys)
	if err != nil {
		return fmt.Errorf("look up the quarantine: %w", err)
	}
	kept := map[string]bool{}
	for _, doc := range docs {
		kept[doc.Key] = true
	}
	fresh := b.quarantined[:0]
	for _, w := range b.quarantined {
		if !kept[w.Doc.Key] {
			kept[w.Doc.Key] = true
			fresh = append(fresh, w)
		}
	}
	b.quarantined = fresh
	return nil
}

// About is what an input is about: a unit's month. No unit: nobody knows.
type About struct{ Unit, Month string }

// CountFailed counts what a service failed on.
func CountFailed(ctx context.Context, s store.Store, service string) (int64, error) {
	n, err := s.Count(ctx, store.Query{Collection: Quarantine(service).Name, Prefix: failedPrefix})
	if err != nil {
		return 0, fmt.Errorf("count the quarantine of %s: %w", service, err)
	}
	return n, nil
}

// FailedAbout counts what a service failed on by what it is about.
func FailedAbout(ctx context.Context, s store.Store, service string) (map[About]int, error) {
	about := map[About]int{}
	query := store.Query{Collection: Quarantine(service).Name, Prefix: failedPrefix}
	for {
		docs, next, err := s.Query(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("look up the quarantine of %s: %w", service, err)
		}
		for _, doc := range docs {
			q := doc.Body.(*statev1.Quarantined)
			about[About{q.Unit, q.Month}]++
		}
		if query.After = next; next == nil {
			return about, nil
		}
	}
}
