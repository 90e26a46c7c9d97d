package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/pause"
	"kaohe.dev/services/internal/store"
)

const (
	// maxBatch bounds what is read, and written, at once.
	maxBatch = 500
	// idle is how often somebody looks who has nothing to do.
	idle = time.Second
	// overlap is how long before the last record that was read another may have
	// been recognised that was not: the parts of scoring do not wait for each
	// other. What was queued in that time is known by its id.
	overlap = time.Minute
)

// reader is one life of reading, from the position that is kept.
type reader struct {
	n        *Notifier
	position *statev1.NotifyPosition
	version  int64
	kept     time.Time // when the position was
}

// read turns what comes in the ledger into deliveries, for ever. While there is
// no webhook nothing is read.
func (n *Notifier) read(ctx context.Context) error {
	r := &reader{n: n}
	if err := r.open(ctx); err != nil {
		return err
	}
	from, err := n.opts.Bus.Read(ctx, bus.Ledger, []string{"ledger.>"}, r.position.Sequence)
	if errors.Is(err, bus.ErrLost) { // another ledger, built anew from the log
		hush(r.position)
		return errors.Join(fmt.Errorf("the ledger was replaced, only what is recognised from now on is told: %w", err), r.keep(ctx, nil))
	}
	if err != nil {
		return err
	}
	defer from.Close()
	n.note("read", nil)
	for {
		select {
		case first, open := <-from.Deliveries():
			if !open {
				return from.Err()
			}
			if err := n.room(); err != nil {
				return err
			}
			if err := r.take(ctx, from.Drain(first, maxBatch)); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// open loads the position, or waits for the first webhook and begins where the
// ledger ended when that was made.
func (r *reader) open(ctx context.Context) error {
	for {
		hooks, err := r.n.hooks.all(ctx)
		if err != nil {
			return err
		}
		docs, err := r.n.opts.Store.Load(ctx, positions, []string{positionKey})
		if err != nil {
			return fmt.Errorf("load the position of the notifications: %w", err)
		}
		if len(hooks) > 0 && len(docs) > 0 {
			r.position, r.version = docs[0].Body.(*statev1.NotifyPosition), docs[0].Version
			return nil
		}
		if len(hooks) > 0 {
			r.position = &statev1.NotifyPosition{Sequence: hooks[0].body.After}
			for _, h := range hooks {
				r.position.Sequence = min(r.position.Sequence, h.body.After)
			}
			return nil
		}
		if len(docs) > 0 { // of webhooks that are gone
			if err := r.n.opts.Store.Commit(ctx, []store.Write{{Collection: positions, Doc: docs[0], Delete: true}}); err != nil {
				return fmt.Errorf("forget the position of the notifications: %w", err)
			}
		}
		r.n.note("read", nil)
		if !pause.Sleep(ctx, idle) {
			return ctx.Err()
		}
	}
}

// Hush is called before a ledger is built anew: nothing that was told is told
// again. No notifier may be at work.
func Hush(ctx context.Context, s store.Store) error {
	if err := s.Ensure(ctx, Collections()...); err != nil {
		return fmt.Errorf("prepare the webhooks: %w", err)
	}
	docs, err := s.Load(ctx, positions, []string{positionKey})
	if err != nil || len(docs) == 0 {
		return err
	}
	hush(docs[0].Body.(*statev1.NotifyPosition))
	if err := s.Commit(ctx, []store.Write{{Collection: positions, Doc: docs[0]}}); err != nil {
		return fmt.Errorf("note that the ledger is built anew: %w", err)
	}
	return nil
}

// hush makes a position one from which a ledger is read that says again what
// was told.
func hush(p *statev1.NotifyPosition) {
	p.Sequence = 0
	if p.Through != nil {
		p.QuietBefore = timestamppb.New(p.Through.AsTime().Add(-overlap))
	}
}

// take queues what a batch tells, and commits it with the position.
func (r *reader) take(ctx context.Context, batch []bus.Delivery) error {
	if err := r.n.boundary(BoundaryRead); err != nil {
		return err
	}
	hooks, err := r.n.hooks.all(ctx)
	if err != nil {
		return err
	}
	queued, err := r.queue(ctx, hooks, batch)
	if err != nil {
		return err
	}
	last := batch[len(batch)-1]
	r.position.Sequence, r.position.Through = last.Sequence, timestamppb.New(last.Stored)
	if len(queued) == 0 && time.Since(r.kept) < idle {
		return nil // reading it again does no harm
	}
	if err := r.keep(ctx, queued); err != nil {
		return err
	}
	if len(queued) > 0 {
		select {
		case r.n.queued <- struct{}{}:
		default: // somebody will look anyway
		}
	}
	return nil
}

// queue gives the deliveries of a batch that are not there yet.
func (r *reader) queue(ctx context.Context, all []hook, batch []bus.Delivery) ([]store.Write, error) {
	var fresh []*statev1.Delivery
	var keys []string
	for _, d := range batch {
		if len(all) == 0 {
			break
		}
		record := &ledgerv1.Record{}
		if err := proto.Unmarshal(d.Data, record); err != nil {
			r.n.opts.Logger.Error("a ledger record cannot be read and is told to nobody", "sequence", d.Sequence, "error", err)
			continue
		}
		locate(record, d)
		m, tells := matterOf(record)
		if !tells || m.quiet(flow.Time(r.position.QuietBefore)) {
			continue
		}
		for _, h := range all {
			if wants(h.body, m, flow.Time(r.position.QuietBefore)) {
				fresh = append(fresh, &statev1.Delivery{Webhook: h.id, Id: m.id, Record: record, State: Pending})
				keys = append(keys, deliveryKey(h.id, m.id))
			}
		}
	}
	if len(fresh) == 0 {
		return nil, nil
	}
	return r.unknown(ctx, all, fresh, keys)
}

// locate puts into a record what the ledger itself knows of it.
func locate(record *ledgerv1.Record, d bus.Delivery) {
	if e := record.GetEntry(); e != nil {
		e.Sequence, e.PostedAt = d.Sequence, flow.At(d.Stored)
	}
	if n := record.GetNotice(); n != nil {
		n.Sequence = d.Sequence
	}
}

// unknown leaves out what was queued before, and gives the others their place in
// the queue, or among the dead letters where there is none.
func (r *reader) unknown(ctx context.Context, all []hook, fresh []*statev1.Delivery, keys []string) ([]store.Write, error) {
	docs, err := r.n.opts.Store.Load(ctx, deliveries, keys)
	if err != nil {
		return nil, fmt.Errorf("look for deliveries: %w", err)
	}
	known := map[string]bool{}
	for _, doc := range docs {
		known[doc.Key] = true
	}
	places, err := r.places(ctx, all)
	if err != nil {
		return nil, err
	}
	now := r.n.opts.Now()
	var writes []store.Write
	for i, d := range fresh {
		if known[keys[i]] {
			continue
		}
		known[keys[i]] = true // a record may come twice in a batch
		// A microsecond apart, so that they are sent in the order of the ledger.
		d.QueuedAt = flow.At(now.Add(time.Duration(i) * time.Microsecond))
		d.NextAt = d.QueuedAt
		if reason := places[d.Webhook].refuse(); reason != "" {
			d.State, d.NextAt, d.Error = Dead, nil, reason
		}
		writes = append(writes, store.Write{Collection: deliveries, Doc: deliveryDoc(0, d)})
	}
	return writes, nil
}

// keep commits deliveries and, last, the position.
func (r *reader) keep(ctx context.Context, queued []store.Write) error {
	err := r.n.opts.Store.Commit(ctx, append(queued, store.Write{
		Collection: positions, Doc: store.Doc{Key: positionKey, Version: r.version, Body: r.position},
	}))
	if err != nil {
		return fmt.Errorf("keep %d deliveries: %w", len(queued), err)
	}
	r.version++
	r.kept = time.Now()
	return nil
}

// places is the room in a webhook's queue.
type places struct {
	free     int64
	disabled bool
}

func (r *reader) places(ctx context.Context, all []hook) (map[string]*places, error) {
	free := map[string]*places{}
	for _, h := range all {
		waiting, err := r.n.hooks.count(ctx, h.id, Pending)
		if err != nil {
			return nil, err
		}
		free[h.id] = &places{r.n.opts.MostPending - waiting, h.body.DisabledAt != nil}
	}
	return free, nil
}

// refuse takes a place, or says why there is none.
func (p *places) refuse() string {
	switch {
	case p.disabled:
		return "the webhook is disabled: its receiver answered 410 Gone"
	case p.free <= 0:
		return "the queue of the webhook is full: its receiver is too slow, or was away too long"
	}
	p.free--
	return ""
}
