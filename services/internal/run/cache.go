package run

import (
	"container/list"
	"context"
	"fmt"

	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/store"
)

// DefaultDocuments is how many documents a runner keeps decoded unless told.
const DefaultDocuments = 50_000

// cache keeps documents that were used lately. It belongs to one session: the
// version of a document in it is the stored one, or the commit would fail.
type cache struct {
	size    int
	entries map[string]*list.Element
	recent  *list.List // of *flow.Document, latest first
}

func newCache(size int) *cache {
	return &cache{size: size, entries: make(map[string]*list.Element), recent: list.New()}
}

// fill loads the keys that are missing, in one go. A key without a document is
// remembered as such until the batch is over.
func (c *cache) fill(ctx context.Context, s store.Store, collection string, keys []string) error {
	missing := make([]string, 0, len(keys))
	asked := make(map[string]bool, len(keys))
	for _, key := range keys {
		if _, there := c.entries[key]; !there && !asked[key] {
			asked[key] = true
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	docs, err := s.Load(ctx, collection, missing)
	if err != nil {
		return fmt.Errorf("load %d documents: %w", len(missing), err)
	}
	if err := Whole(ctx, s, collection, docs); err != nil {
		return err
	}
	for _, d := range docs {
		c.put(fromStore(d))
		delete(asked, d.Key)
	}
	for key := range asked {
		c.entries[key] = c.recent.PushFront(absent(key))
	}
	return nil
}

// absent marks a key that has no document in the store.
func absent(key string) *flow.Document { return &flow.Document{Key: key} }

// get gives a document, from the store if need be; nil: there is none.
func (c *cache) get(ctx context.Context, s store.Store, collection, key string) (*flow.Document, error) {
	if _, there := c.entries[key]; !there {
		if err := c.fill(ctx, s, collection, []string{key}); err != nil {
			return nil, err
		}
	}
	element := c.entries[key]
	c.recent.MoveToFront(element)
	doc := element.Value.(*flow.Document)
	if doc.State == nil {
		return nil, nil
	}
	return doc, nil
}

func (c *cache) put(doc *flow.Document) {
	if element, there := c.entries[doc.Key]; there {
		element.Value = doc
		c.recent.MoveToFront(element)
		return
	}
	c.entries[doc.Key] = c.recent.PushFront(doc)
}

// peek gives a document if it is in the cache.
func (c *cache) peek(key string) *flow.Document {
	if element, there := c.entries[key]; there {
		return element.Value.(*flow.Document)
	}
	return nil
}

// trim drops what was not used lately. Called only when nothing is open.
func (c *cache) trim() {
	for len(c.entries) > c.size {
		oldest := c.recent.Back()
		delete(c.entries, oldest.Value.(*flow.Document).Key)
		c.recent.Remove(oldest)
	}
}
