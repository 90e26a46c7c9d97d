package mongostore

import (
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
	if _, err := s.schema.CheckWrites(writes); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	for from := 0; from < len(writes); {
		to := from + 1
		for to < len(writes) && writes[to].Collection == writes[from].Collection {
			to++
		}
		if err := s.bulk(ctx, writes[from:to]); err != nil {
			return fmt.Errorf("commit to %s: %w", writes[from].Collection, err)
		}
		from = to
	}
	return nil
}

// bulk writes one run, all of one collection.
func (s *Store) bulk(ctx context.Context, run []store.Write) error {
	c, err := s.schema.Collection(run[0].Collection)
	if err != nil {
		return err
	}
	models := make([]mongo.WriteModel, 0, len(run))
	sent := make([]*store.Write, 0, len(run))
	for i := range run {
		w := &run[i]
		if w.Delete && w.Doc.Version == 0 {
			continue
		}
		doc, err := replacement(c, w)
		if err != nil {
			return fmt.Errorf("encode %q: %w", w.Doc.Key, err)
		}
		models = append(models, mongo.NewReplaceOneModel().SetFilter(seen(w.Doc)).SetReplacement(doc).SetUpsert(true))
		sent = append(sent, w)
	}
	for from := 0; from < len(models); from += s.bulkSize {
		to := min(from+s.bulkSize, len(models))
		if err := s.send(ctx, s.collection(c.Name), models[from:to], sent[from:to]); err != nil {
			return err
		}
	}
	return nil
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

func replacement(c store.Collection, w *store.Write) (bson.D, error) {
	if w.Delete {
		return bson.D{{Key: "_id", Value: w.Doc.Key}, {Key: "version", Value: int64(0)},
			{Key: "deleted", Value: bson.NewDateTimeFromTime(time.Now())}}, nil
	}
	doc := bson.D{{Key: "_id", Value: w.Doc.Key}, {Key: "version", Value: w.Doc.Version + 1}}
	for _, f := range c.Fields {
		doc = append(doc, bson.E{Key: f.Name, Value: w.Doc.Fields[f.Name]})
	}
	body, err := encodeMessage(w.Doc.Body.ProtoReflect())
	return append(doc, bson.E{Key: "body", Value: body}), err
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
