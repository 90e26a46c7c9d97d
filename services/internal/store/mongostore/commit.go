package mongostore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kaohe.dev/services/internal/store"
)

// Commit applies the writes in order, one ordered bulk for each run of writes to the same collection.
//
// One hole is left: replacing a document whose tombstone has already expired, by a writer that has slept for a day, is
// noticed only after the bulk. It is undone and reported as a conflict, but the writes after it are present.
func (s *Store) Commit(ctx context.Context, writes []store.Write) error {
	prepared, err := s.Prepare(writes)
	if err != nil {
		return err
	}
	return prepared.Commit(ctx)
}

// prepared are bulks in their order.
type prepared struct {
	store *Store
	bulks []bulk
}

// bulk is a run of writes to one collection.
type bulk struct {
	collection store.Collection
	models     []mongo.WriteModel
	sent       []*store.Write
}

// Prepare encodes the writes.
func (s *Store) Prepare(writes []store.Write) (store.Prepared, error) {
	if _, err := s.schema.CheckWrites(writes); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	p := prepared{store: s}
	for from := 0; from < len(writes); {
		to := from + 1
		for to < len(writes) && writes[to].Collection == writes[from].Collection {
			to++
		}
		b, err := s.bulk(writes[from:to])
		if err != nil {
			return nil, fmt.Errorf("commit to %s: %w", writes[from].Collection, err)
		}
		p.bulks, from = append(p.bulks, b), to
	}
	return p, nil
}

// Commit sends the bulks one after the other.
func (p prepared) Commit(ctx context.Context) error {
	for _, b := range p.bulks {
		for from := 0; from < len(b.models); from += p.store.bulkSize {
			to := min(from+p.store.bulkSize, len(b.models))
			if err := p.store.send(ctx, p.store.collection(b.collection), b.models[from:to], b.sent[from:to]); err != nil {
				return fmt.Errorf("commit to %s: %w", b.collection.Name, err)
			}
		}
	}
	return nil
}

// bulk encodes one run, all of one collection.
func (s *Store) bulk(run []store.Write) (bulk, error) {
	c, err := s.schema.Collection(run[0].Collection)
	if err != nil {
		return bulk{}, err
	}
	b := bulk{c, make([]mongo.WriteModel, 0, len(run)), make([]*store.Write, 0, len(run))}
	for i := range run {
		w := &run[i]
		if w.Delete && w.Doc.Version == 0 {
			continue
		}
		doc, err := replacement(c, w)
		if err != nil {
			return bulk{}, store.Unfit(w, err)
		}
		b.models = append(b.models, mongo.NewReplaceOneModel().SetFilter(seen(w.Doc)).SetReplacement(doc).SetUpsert(true))
		b.sent = append(b.sent, w)
	}
	return b, nil
}

// send makes one ordered bulk write.
func (s *Store) send(ctx context.Context, to *mongo.Collection, models []mongo.WriteModel, sent []*store.Write) error {
	res, err := to.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(true))
	if res != nil && len(res.UpsertedIDs) > 0 {
		if undone := undoStray(ctx, to, sent, res.UpsertedIDs); undone != nil {
			return undone
		}
	}
	return conflict(sent, err)
}

// seen selects the document in the version the writer has seen; for a new one, what a delete has left.
func seen(d store.Doc) bson.D {
	if d.Version == 0 {
		return bson.D{{Key: "_id", Value: d.Key}, {Key: "deleted", Value: bson.D{{Key: "$exists", Value: true}}}}
	}
	return bson.D{{Key: "_id", Value: d.Key}, {Key: "version", Value: d.Version}}
}

// replacement encodes what a write leaves, so that nothing is sent that is too large.
func replacement(c store.Collection, w *store.Write) (bson.Raw, error) {
	if w.Delete {
		return bson.Marshal(bson.D{{Key: "_id", Value: w.Doc.Key}, {Key: "version", Value: int64(0)},
			{Key: "deleted", Value: bson.NewDateTimeFromTime(time.Now())}})
	}
	doc := bson.D{{Key: "_id", Value: w.Doc.Key}, {Key: "version", Value: w.Doc.Version + 1}}
	for _, f := range c.Fields {
		doc = append(doc, bson.E{Key: f.Name, Value: w.Doc.Fields[f.Name]})
	}
	body, err := encodeMessage(w.Doc.Body.ProtoReflect())
	if err != nil {
		return nil, err
	}
	raw, err := bson.Marshal(append(doc, bson.E{Key: "body", Value: body}))
	return raw, cmp.Or(err, store.TooLarge(len(raw)))
}

// conflict turns the duplicate key of an upsert into the conflict it stands for.
func conflict(sent []*store.Write, err error) error {
	var bulk mongo.BulkWriteException
	if !errors.As(err, &bulk) {
		return err
	}
	for _, we := range bulk.WriteErrors {
		if mongo.IsDuplicateKeyError(we.WriteError) && we.Index < len(sent) {
			return conflictOf(sent[we.Index])
		}
	}
	return err
}

func conflictOf(w *store.Write) error {
	return &store.ConflictError{Collection: w.Collection, Key: w.Doc.Key}
}

// undoStray removes documents inserted by writes that were to replace one. Only the first write to a key can insert: after
// it there is a document or a tombstone. (The ids count, not their places: FerretDB numbers the inserted ones alone.)
func undoStray(ctx context.Context, from *mongo.Collection, sent []*store.Write, upserted map[int64]any) (first error) {
	inserted := make(map[any]bool, len(upserted))
	for _, id := range upserted {
		inserted[id] = true
	}
	for _, w := range sent {
		if !inserted[w.Doc.Key] {
			continue
		}
		delete(inserted, w.Doc.Key)
		if w.Doc.Version == 0 {
			continue
		}
		if first == nil {
			first = conflictOf(w)
		}
		if w.Delete {
			continue // a tombstone does no harm
		}
		if _, err := from.DeleteOne(ctx, seen(store.Doc{Key: w.Doc.Key, Version: w.Doc.Version + 1})); err != nil {
			return errors.Join(first, fmt.Errorf("remove %q, which was stored without the document it replaces: %w", w.Doc.Key, err))
		}
	}
	return first
}
