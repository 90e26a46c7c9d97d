package mongostore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kaohe.dev/services/internal/store"
)

// loadChunk is the number of keys of one $in list.
const loadChunk = 1000

// Load reads the keys in chunks and puts the documents in the order of keys.
func (s *Store) Load(ctx context.Context, collection string, keys []string) ([]store.Doc, error) {
	c, err := s.schema.Collection(collection)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	found := make([]store.Doc, 0, len(keys))
	for chunk := range slices.Chunk(keys, loadChunk) {
		filter := bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: chunk}}}}
		if len(chunk) == 1 {
			filter = bson.D{{Key: "_id", Value: chunk[0]}} // the shortest way through every server
		}
		docs, err := s.find(ctx, c, filter, options.Find().SetBatchSize(int32(len(chunk)))) //nolint:gosec // at most loadChunk
		if err != nil {
			return nil, fmt.Errorf("load from %s: %w", collection, err)
		}
		found = append(found, docs...)
	}
	return store.InOrder(keys, found), nil
}

// Query reads one page.
func (s *Store) Query(ctx context.Context, q store.Query) ([]store.Doc, *store.Cursor, error) {
	p, err := s.schema.Plan(q)
	if err != nil {
		return nil, nil, err
	}
	dir := int32(1)
	if p.Desc {
		dir = -1
	}
	order := bson.D{{Key: "_id", Value: dir}}
	if p.OrderBy != "" {
		order = bson.D{{Key: p.OrderBy, Value: dir}, {Key: "_id", Value: dir}}
	}
	docs, err := s.find(ctx, p.Collection, condition(p), options.Find().SetSort(order).SetLimit(int64(p.Limit)+1))
	if err != nil {
		return nil, nil, fmt.Errorf("query %s: %w", q.Collection, err)
	}
	docs, next := p.Page(docs)
	return docs, next, nil
}

// Count counts the documents of all pages.
func (s *Store) Count(ctx context.Context, q store.Query) (int64, error) {
	p, err := s.schema.Plan(q)
	if err != nil {
		return 0, err
	}
	n, err := s.collection(p.Collection).CountDocuments(ctx, condition(p))
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", q.Collection, err)
	}
	return n, nil
}

// condition translates a plan. Ranges keep to one type, so a document without the field is not found; a tombstone has no
// fields, so it is excluded by name only in queries by key.
func condition(p store.Plan) bson.D {
	all := bson.A{}
	add := func(field, op string, v any) {
		all = append(all, bson.D{{Key: field, Value: bson.D{{Key: op, Value: v}}}})
	}
	for _, f := range p.Collection.Fields {
		if v, ok := p.Where[f.Name]; ok {
			add(f.Name, "$eq", v)
		}
	}
	if p.Index == nil {
		add("deleted", "$exists", false)
	}
	if p.KeyFrom != "" {
		add("_id", "$gte", p.KeyFrom)
	}
	if p.KeyBelow != "" {
		add("_id", "$lt", p.KeyBelow)
	}
	order, least := "_id", any("")
	if p.OrderBy != "" {
		order = p.OrderBy
	}
	if p.Order == store.Int64 {
		least = int64(math.MinInt64)
	}
	if p.Min != nil {
		least = p.Min
	}
	add(order, "$gte", least)
	if p.Max != nil {
		add(order, "$lte", p.Max)
	}
	if p.After != nil {
		all = append(all, after(p))
	}
	return bson.D{{Key: "$and", Value: all}}
}

// after selects what lies behind the cursor in the order of the query.
func after(p store.Plan) bson.D {
	op := "$gt"
	if p.Desc {
		op = "$lt"
	}
	behind := bson.D{{Key: "_id", Value: bson.D{{Key: op, Value: p.After.Key}}}}
	if p.OrderBy == "" {
		return behind
	}
	value := p.After.Value
	return bson.D{
		{Key: p.OrderBy, Value: bson.D{{Key: op + "e", Value: value}}}, // bounds the index range, which the $or alone does not
		{Key: "$or", Value: bson.A{
			bson.D{{Key: p.OrderBy, Value: bson.D{{Key: op, Value: value}}}},
			append(bson.D{{Key: p.OrderBy, Value: bson.D{{Key: "$eq", Value: value}}}}, behind...),
		}},
	}
}

func (s *Store) find(ctx context.Context, c store.Collection, filter bson.D, o *options.FindOptionsBuilder) (docs []store.Doc, err error) {
	cursor, err := s.collection(c).Find(ctx, filter, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cursor.Close(ctx)) }()
	for cursor.Next(ctx) {
		if _, err := cursor.Current.LookupErr("deleted"); err == nil {
			continue // a tombstone
		}
		d, err := decodeDoc(c, cursor.Current)
		if err != nil {
			return nil, fmt.Errorf("%w: %s %v: %w", store.ErrCorrupt, c.Name, cursor.Current.Lookup("_id"), err)
		}
		docs = append(docs, d)
	}
	return docs, cursor.Err()
}

func decodeDoc(c store.Collection, raw bson.Raw) (store.Doc, error) {
	key, hasKey := raw.Lookup("_id").StringValueOK()
	version, hasVersion := raw.Lookup("version").Int64OK()
	body, hasBody := raw.Lookup("body").DocumentOK()
	if !hasKey || !hasVersion || !hasBody {
		return store.Doc{}, errors.New("not a document of kaohe: _id, version or body is missing or of another type")
	}
	d := store.Doc{Key: key, Version: version, Fields: make(map[string]any, len(c.Fields)), Body: c.New()}
	for _, f := range c.Fields {
		switch v := raw.Lookup(f.Name); v.Type {
		case bson.TypeString:
			d.Fields[f.Name] = v.StringValue()
		case bson.TypeInt64:
			d.Fields[f.Name] = v.Int64()
		}
	}
	if err := decodeMessage(d.Body.ProtoReflect(), body); err != nil {
		return store.Doc{}, fmt.Errorf("body: %w", err)
	}
	return d, nil
}
