package mongostore

import (
	"fmt"
	"strings"

	"kaohe.dev/services/internal/store"
)

// Sharding gives, for each collection, what to type into a MongoDB shell so that it lies on a sharded cluster as it is
// stated to, with the reason. Until that is done all of a collection is on one shard, and everything works.
func Sharding(uri string, collections []store.Collection) []string {
	lines := make([]string, 0, len(collections))
	for _, c := range collections {
		name := fmt.Sprintf("%q", database(uri)+"."+collectionName(c.Name))
		if c.Sharding.Key == "" {
			lines = append(lines, fmt.Sprintf("// %s stays whole: %s", name, c.Sharding.Why))
			continue
		}
		lines = append(lines, fmt.Sprintf("sh.shardCollection(%s, %s) // %s", name, c.Sharding.Key, c.Sharding.Why))
	}
	return lines
}

// collectionName is what a collection is called in MongoDB.
func collectionName(name string) string { return strings.ReplaceAll(name, "/", ".") }
