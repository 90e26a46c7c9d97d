package mongostore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/internal/store/mongostore"
	"kaohe.dev/services/internal/store/storetest"
)

// commands are those that one server, a replica set and a sharded cluster all understand alike.
var commands = []string{
	"buildInfo", "hello", "saslStart", "saslContinue", "insert", "update", "delete", "find", "getMore", "killCursors", "aggregate", "createIndexes", "endSessions",
}

// watch collects what a store sends that would not be valid on every kind of server.
type watch struct {
	mu      sync.Mutex
	seen    map[string]int
	invalid []string
}

func (w *watch) monitor() *event.CommandMonitor {
	return &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.seen == nil {
			w.seen = map[string]int{}
		}
		w.seen[e.CommandName]++
		if why := invalid(e.CommandName, e.Command); why != "" && len(w.invalid) < 10 {
			w.invalid = append(w.invalid, fmt.Sprintf("%s: %.300s", why, e.Command))
		}
	}}
}

// invalid says why a command would not work, or not reach one shard, where the shard key is _id.
func invalid(name string, command bson.Raw) string {
	if !slices.Contains(commands, name) {
		return "a command that not every kind of server has"
	}
	for _, field := range []string{"startTransaction", "autocommit"} {
		if _, err := command.LookupErr(field); err == nil {
			return "a transaction over documents: one server alone has none"
		}
	}
	switch name {
	case "update":
		return each(command, "updates", func(statement bson.Raw) string { return shardKey(statement, "q") })
	case "delete":
		return each(command, "deletes", func(statement bson.Raw) string { return shardKey(statement, "q") })
	case "insert":
		return each(command, "documents", func(doc bson.Raw) string { return keyOf(doc.Lookup("_id")) })
	case "createIndexes":
		return each(command, "indexes", uniqueIndex)
	case "aggregate":
		return each(command, "pipeline", stage)
	}
	return ""
}

func each(command bson.Raw, list string, check func(bson.Raw) string) string {
	array, ok := command.Lookup(list).ArrayOK()
	if !ok {
		return "no list of " + list
	}
	values, err := array.Values()
	if err != nil {
		return err.Error()
	}
	for _, v := range values {
		if why := check(v.Document()); why != "" {
			return why
		}
	}
	return ""
}

// shardKey: a filter of a write names one _id, so it goes to one shard, and may insert.
func shardKey(statement bson.Raw, filter string) string {
	return keyOf(statement.Lookup(filter, "_id"))
}

func keyOf(id bson.RawValue) string {
	if _, ok := id.StringValueOK(); !ok {
		return "a write that does not name the shard key _id"
	}
	return ""
}

func uniqueIndex(index bson.Raw) string {
	unique, _ := index.Lookup("unique").BooleanOK()
	keys, err := index.Lookup("key").Document().Elements()
	if unique && (err != nil || keys[0].Key() != "_id") {
		return "a unique index that does not begin with the shard key"
	}
	return ""
}

// stage: counting is all that aggregation is used for.
func stage(s bson.Raw) string {
	elements, err := s.Elements()
	if err != nil || !slices.Contains([]string{"$match", "$group"}, elements[0].Key()) {
		return "a stage that is not for counting"
	}
	return ""
}

// check reports what was invalid, and that all kinds of commands were looked at.
func (w *watch) check(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, what := range w.invalid {
		t.Error(what)
	}
	for _, name := range []string{"insert", "update", "delete", "find", "aggregate", "createIndexes"} {
		if w.seen[name] == 0 {
			t.Errorf("the suite never sent %s: %v", name, w.seen)
		}
	}
}

// watched runs the suite and looks at every command sent.
func watched(t *testing.T, next func(testing.TB) string, options ...storetest.Option) {
	w := &watch{}
	storetest.Run(t, func(t testing.TB) store.Store {
		s, err := mongostore.Open(t.Context(), next(t), mongostore.WithMonitor(w.monitor()))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}, options...)
	w.check(t)
}

func TestWhatIsNotValidOnShardsIsFound(t *testing.T) {
	list := func(name string, d bson.D) bson.D { return bson.D{{Key: name, Value: bson.A{d}}} }
	by := func(name string, value any) bson.D { return bson.D{{Key: name, Value: value}} }
	for name, c := range map[string]struct {
		command string
		body    bson.D
		want    string
	}{
		"by another field": {"update", list("updates", by("q", by("version", int64(1)))), "shard key"},
		"by several keys":  {"update", list("updates", by("q", by("_id", by("$in", bson.A{"a"})))), "shard key"},
		"by key":           {"update", list("updates", by("q", by("_id", "a"))), ""},
		"delete all":       {"delete", list("deletes", by("q", bson.D{})), "shard key"},
		"insert":           {"insert", list("documents", by("_id", "a")), ""},
		"unique":           {"createIndexes", list("indexes", bson.D{{Key: "key", Value: by("unit", 1)}, {Key: "unique", Value: true}}), "unique"},
		"not unique":       {"createIndexes", list("indexes", by("key", by("unit", 1))), ""},
		"transaction":      {"find", by("startTransaction", true), "transaction"},
		"lookup":           {"aggregate", list("pipeline", by("$lookup", bson.D{})), "stage"},
		"change stream":    {"watch", bson.D{}, "command"},
	} {
		raw, err := bson.Marshal(c.body)
		if err != nil {
			t.Fatal(err)
		}
		if got := invalid(c.command, raw); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestShardingIsWhatAShellTakes(t *testing.T) {
	got := mongostore.Sharding("mongodb://a,b/books?tls=true", []store.Collection{
		{Name: "sla/docs", Sharding: store.Spread("it grows")}, {Name: "sla/position", Sharding: store.Whole("one document")},
	})
	want := []string{
		`sh.shardCollection("books.sla.docs", {_id: "hashed"}) // it grows`,
		`// "books.sla.position" stays whole: one document`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
