package run

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/store"
)

// Docs is the collection of a machine's documents, with the index that finds
// what falls due: the clock and the instant, in microseconds since 1970 UTC.
func Docs(service string, empty func() proto.Message) store.Collection {
	return store.Collection{
		Name:     service + "/docs",
		Fields:   []store.Field{{Name: "clock", Type: store.String}, {Name: "due", Type: store.Int64}, {Name: "sequence", Type: store.Int64}, {Name: "wake", Type: store.String}},
		Indexes:  []store.Index{{Fields: []string{"clock", "due"}}},
		New:      empty,
		Sharding: store.Spread("grows with what is judged; what falls due is looked for on all shards once when a part changes hands, and every two minutes"),
	}
}

// Segments is the collection of what large documents keep beside them.
func Segments(service string) store.Collection {
	return store.Collection{Name: service + "/segments", New: func() proto.Message { return &statev1.Segment{} },
		Sharding: store.Spread("read and written by key, with the document they belong to")}
}

// Positions is the collection of how far a service has read.
func Positions(service string) store.Collection {
	return store.Collection{Name: service + "/position", New: func() proto.Message { return &statev1.Position{} },
		Sharding: store.Whole("one document")}
}

// References is the collection of the units and rulebooks a service judges by.
func References(service string) store.Collection {
	return store.Collection{Name: service + "/references", New: func() proto.Message { return &statev1.References{} },
		Sharding: store.Whole("one document")}
}

// Quarantine is the collection of input a service could not use.
func Quarantine(service string) store.Collection {
	return store.Collection{Name: service + "/quarantine", New: func() proto.Message { return &statev1.Quarantined{} },
		Sharding: store.Spread("a broken source may fill it; it is read page by page, by key")}
}

// What a service failed on, and what of it is to be tried again, is found in a
// quarantine by what its keys begin with.
const (
	failedPrefix = "failed/"
	askedPrefix  = "asked/"
)

// Members is the collection of the processes that run a service.
func Members(service string) store.Collection {
	return store.Collection{Name: service + "/members", New: func() proto.Message { return &statev1.Member{} },
		Sharding: store.Whole("one document a process, and all of them are read every second")}
}

// Collections gives all collections of a machine, or of a part of it.
func Collections(name string, m flow.Machine) []store.Collection {
	return []store.Collection{Docs(name, m.New), Segments(name), Positions(name), References(name), Quarantine(name)}
}

// Layout is the collection of the one document that says how documents are kept.
func Layout() store.Collection {
	return store.Collection{Name: "kaohe/layout", New: func() proto.Message { return &statev1.Layout{} },
		Sharding: store.Whole("one document")}
}

// PositionOf gives how far a service has read, or who else keeps a position as
// services do; 0: nothing yet.
func PositionOf(ctx context.Context, s store.Store, service string) (uint64, error) {
	positions := Positions(service)
	if err := s.Ensure(ctx, positions); err != nil {
		return 0, fmt.Errorf("prepare the position of %s: %w", service, err)
	}
	docs, _, err := s.Query(ctx, store.Query{Collection: positions.Name})
	if err != nil {
		return 0, fmt.Errorf("load the position of %s: %w", service, err)
	}
	if len(docs) == 0 {
		return 0, nil
	}
	return docs[0].Body.(*statev1.Position).Sequence, nil
}
