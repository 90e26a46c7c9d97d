package door

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/pause"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
)

// memory is what passed the door with one append.
type memory struct {
	fresh    []seen
	units    []string
	sequence uint64 // of the last one, in the feed
}

// positionKey is the one document of the position's collection.
const positionKey = "position"

// How long to wait before the store, or at start the feed, is tried again.
const (
	firstRetry = 50 * time.Millisecond
	maxRetry   = 2 * time.Second
)

// learn makes known at once what is in the feed.
func (d *Door) learn(g group, last uint64) {
	d.recent.learn(g.fresh, last)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, unit := range g.units {
		d.units[unit] = true
	}
}

func (d *Door) unitKnown(unit string) bool {
	d.mu.Lock()
	known := d.units[unit]
	d.mu.Unlock()
	if known || !slices.Contains(d.facts(), unit) {
		return known
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.units[unit] = true
	return true
}

func (d *Door) allUnits() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	units := maps.Clone(d.units)
	for _, unit := range d.facts() {
		units[unit] = true
	}
	return slices.Sorted(maps.Keys(units))
}

// remember stores what passed, one append after the other. While the store
// fails it tries again: what waits is bounded, then the door waits too.
func (d *Door) remember(ctx context.Context) {
	defer d.running.Done()
	for m := range d.memories {
		for wait := pause.Between(firstRetry, maxRetry); ; {
			err := d.keep(ctx, m)
			d.mu.Lock()
			d.failing = err
			d.mu.Unlock()
			if err == nil || ctx.Err() != nil {
				break
			}
			d.log.Error("remembering what passed the door failed, trying again", "error", err)
			select {
			case <-time.After(wait.Next()):
			case <-ctx.Done():
			case <-d.stopped: // the feed has it; the next start reads it there
				for range d.memories {
				}
				return
			}
		}
	}
}

// keep commits a memory. What another replica has stored already stays.
func (d *Door) keep(ctx context.Context, m memory) error {
	for {
		err := d.store.Commit(ctx, d.writes(m))
		if errors.Is(err, store.ErrConflict) {
			if m, err = d.missing(ctx, m); err == nil {
				continue
			}
		}
		if err != nil {
			return fmt.Errorf("remember what passed the door: %w", err)
		}
		d.version++
		d.recent.stored(m.sequence)
		return nil
	}
}

func (d *Door) writes(m memory) []store.Write {
	d.position.Sequence = max(d.position.Sequence, m.sequence)
	writes := make([]store.Write, 0, len(m.fresh)+len(m.units)+1)
	for _, s := range m.fresh {
		writes = append(writes, store.Write{Collection: seenCollection,
			Doc: store.Doc{Key: s.ref, Body: &statev1.Seen{Hash: int64(s.hash)}}})
	}
	for _, unit := range m.units {
		writes = append(writes, store.Write{Collection: unitCollection, Doc: store.Doc{Key: unit, Body: &statev1.Seen{}}})
	}
	// The position comes last: any prefix of the writes is safe.
	return append(writes, store.Write{Collection: run.Positions(Service).Name,
		Doc: store.Doc{Key: positionKey, Version: d.version, Body: d.position}})
}

// missing leaves of a memory what is not stored yet.
func (d *Door) missing(ctx context.Context, m memory) (memory, error) {
	stored := map[string]bool{}
	keys := make([]string, 0, len(m.fresh))
	for _, s := range m.fresh {
		keys = append(keys, s.ref)
	}
	for collection, keys := range map[string][]string{seenCollection: keys, unitCollection: m.units} {
		docs, err := d.store.Load(ctx, collection, keys)
		if err != nil {
			return m, err
		}
		for _, doc := range docs {
			stored[collection+doc.Key] = true
		}
	}
	left := memory{sequence: m.sequence}
	for _, s := range m.fresh {
		if key := seenCollection + s.ref; !stored[key] {
			stored[key] = true
			left.fresh = append(left.fresh, s)
		}
	}
	for _, unit := range m.units {
		if key := unitCollection + unit; !stored[key] {
			stored[key] = true
			left.units = append(left.units, unit)
		}
	}
	return left, d.loadPosition(ctx)
}

func (d *Door) loadPosition(ctx context.Context) error {
	docs, err := d.store.Load(ctx, run.Positions(Service).Name, []string{positionKey})
	if err != nil || len(docs) == 0 {
		return err
	}
	d.position, d.version = docs[0].Body.(*statev1.Position), docs[0].Version
	return nil
}

// recall loads the memory and brings it to the end of the feed.
func (d *Door) recall(ctx context.Context) error {
	if err := d.loadPosition(ctx); err != nil {
		return err
	}
	for after := (*store.Cursor)(nil); ; {
		docs, next, err := d.store.Query(ctx, store.Query{Collection: unitCollection, After: after})
		if err != nil {
			return err
		}
		for _, doc := range docs {
			d.units[doc.Key] = true
		}
		if after = next; next == nil {
			break
		}
	}
	last, err := d.bus.Last(ctx, bus.Feed)
	if err != nil || last == d.position.Sequence {
		return err
	}
	reader, err := d.bus.Read(ctx, bus.Feed, []string{"feed.>"}, d.position.Sequence)
	if err != nil {
		return err
	}
	defer reader.Close()
	for d.position.Sequence < last {
		select {
		case first, open := <-reader.Deliveries():
			if !open {
				return reader.Err()
			}
			if err := d.relearn(ctx, reader.Drain(first, maxGroup)); err != nil {
				return err
			}
		case <-ctx.Done():
			return fmt.Errorf("read the feed behind %d: %w", d.position.Sequence, ctx.Err())
		}
	}
	return nil
}

// relearn remembers events found in the feed.
func (d *Door) relearn(ctx context.Context, batch []bus.Delivery) error {
	m := memory{sequence: batch[len(batch)-1].Sequence}
	for _, delivery := range batch {
		event := &feedv1.Event{}
		if err := proto.Unmarshal(delivery.Data, event); err != nil || event.Id == "" {
			continue // ticket-ingest quarantines it
		}
		m.fresh = append(m.fresh, seen{flow.EventRef(event), flow.EventHash(event)})
		if unit := event.GetUnitRegistered().GetUnit(); unit != "" && !d.units[unit] {
			d.units[unit] = true
			m.units = append(m.units, unit)
		}
	}
	m, err := d.missing(ctx, m)
	if err != nil {
		return err
	}
	return d.keep(ctx, m)
}

// quarantine keeps conflicting events, each content once.
func (d *Door) quarantine(ctx context.Context, conflicts []*prepared) error {
	if len(conflicts) == 0 {
		return nil
	}
	collection := run.Quarantine(Service).Name
	found := map[string]*prepared{}
	for _, p := range conflicts {
		found[quarantineKey(p)] = p
	}
	keys := slices.Sorted(maps.Keys(found))
	docs, err := d.store.Load(ctx, collection, keys)
	if err != nil {
		return fmt.Errorf("look up the quarantine: %w", err)
	}
	for _, doc := range docs {
		delete(found, doc.Key)
	}
	var writes []store.Write
	for _, key := range slices.Sorted(maps.Keys(found)) {
		p := found[key]
		writes = append(writes, store.Write{Collection: collection, Doc: store.Doc{Key: key, Body: &statev1.Quarantined{
			Service: "gateway", Reason: conflictReason(), At: p.event.ReceivedAt, Input: p.data, Subject: bus.FeedEvents,
		}}})
	}
	if err := d.store.Commit(ctx, writes); err != nil && !errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("quarantine a conflicting event: %w", err)
	}
	d.metrics.shell.Quarantined(Service, len(writes))
	return nil
}
