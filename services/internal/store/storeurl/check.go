package storeurl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/mongostore"
)

// Finding is one thing looked at: what, what was found, and what is wrong with
// it; a Doubt does not stop kaohe.
type Finding struct {
	What, Found string
	Err, Doubt  error
}

// slowCommit is a commit that would hold every service up.
const slowCommit = 50 * time.Millisecond

// Check tries all that kaohe does with a store, in a collection of its own, and
// gives what it found in order. It ends with the first thing that cannot work.
func Check(ctx context.Context, address string) (findings []Finding) {
	note := func(what, found string, err error) bool {
		findings = append(findings, Finding{What: what, Found: found, Err: err})
		return err == nil
	}
	s, err := Open(ctx, address)
	if !note("reach it", "", err) {
		return findings
	}
	defer func() {
		if err := s.Close(); err != nil {
			note("close it", "", err)
		}
	}()
	if mongo, ok := s.(*mongostore.Store); ok {
		topology, doubt, err := mongo.Topology(ctx)
		findings = append(findings, Finding{What: "topology", Found: topology, Err: err, Doubt: doubt})
		if err != nil {
			return findings
		}
	}
	trial := store.Collection{
		Name: "check/trial", Fields: []store.Field{{Name: "group", Type: store.String}, {Name: "place", Type: store.Int64}},
		Indexes: []store.Index{{Fields: []string{"group", "place"}}},
		New:     func() proto.Message { return &wrapperspb.StringValue{} },
	}
	if !note("make a collection with its index", "", s.Ensure(ctx, trial)) {
		return findings
	}
	keys := make([]string, 20)
	for i := range keys {
		keys[i] = fmt.Sprintf("trial-%d-%d", time.Now().UnixNano(), i)
	}
	write := func(key string, version int64, gone bool) error {
		return s.Commit(ctx, []store.Write{{Collection: trial.Name, Delete: gone, Doc: store.Doc{
			Key: key, Version: version, Fields: map[string]any{"group": keys[0], "place": version}, Body: wrapperspb.String(key),
		}}})
	}
	began := time.Now()
	for _, key := range keys {
		if err := write(key, 0, false); err != nil {
			note("commit", "", err)
			return findings
		}
	}
	each := time.Since(began) / time.Duration(len(keys))
	commit := Finding{What: "commit", Found: fmt.Sprintf("%.1f ms each", float64(each.Microseconds())/1000)}
	if each > slowCommit {
		commit.Doubt = fmt.Errorf("every batch of every service waits for one; look at the disk, and at the way there")
	}
	findings = append(findings, commit)
	var conflict error
	if err := write(keys[0], 7, false); !errors.Is(err, store.ErrConflict) {
		conflict = fmt.Errorf("a write over another version was not refused: %w", errors.Join(err, errors.New("replicas could overwrite each other")))
	}
	if !note("refuse a write over another version", "", conflict) {
		return findings
	}
	docs, _, err := s.Query(ctx, store.Query{Collection: trial.Name, Where: map[string]any{"group": keys[0]}, OrderBy: "place"})
	if err == nil && len(docs) != len(keys) {
		err = fmt.Errorf("found %d of %d documents just written", len(docs), len(keys))
	}
	if !note("find by index", "", err) {
		return findings
	}
	var errs []error
	for _, key := range keys {
		errs = append(errs, write(key, 1, true))
	}
	note("delete", "", errors.Join(errs...))
	return findings
}

// Redacted hides the password of a store's URL.
func Redacted(address string) string {
	before, rest, found := strings.Cut(address, "://")
	if who, where, has := strings.Cut(rest, "@"); found && has {
		user, _, _ := strings.Cut(who, ":")
		return before + "://" + user + ":xxxxx@" + where
	}
	return address
}
