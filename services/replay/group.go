package replay

import (
	"iter"

	"github.com/cespare/xxhash/v2"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
)

// addressed is a fact and one of its keys.
type addressed struct {
	key  string
	fact *factv1.Fact
}

// buckets holds addressed facts by service and shard, in the order they came.
type buckets [][][]addressed

func newBuckets(services, shards int) buckets {
	b := make(buckets, services)
	for i := range b {
		b[i] = make([][]addressed, shards)
	}
	return b
}

// add puts a fact where its key is decided.
func (b buckets) add(service int, key string, fact *factv1.Fact) {
	shard := 0
	if n := len(b[service]); n > 1 {
		shard = int(xxhash.Sum64String(key) % uint64(n))
	}
	b[service][shard] = append(b[service][shard], addressed{key, fact})
}

// groups gives the facts of each key of a service and shard, in the order they
// came, keys in the order they first came.
func groups(routed []buckets, service, shard int) iter.Seq2[string, []*factv1.Fact] {
	return func(yield func(string, []*factv1.Fact) bool) {
		keys, ends, flat := lay(routed, service, shard)
		from := 0
		for i, key := range keys {
			if !yield(key, flat[from:ends[i]:ends[i]]) {
				return
			}
			from = ends[i]
		}
	}
}

// lay puts the facts of each key side by side in one slice, because most keys
// have two or three and there are many.
func lay(routed []buckets, service, shard int) (keys []string, ends []int, flat []*factv1.Fact) {
	total := 0
	for _, b := range routed {
		total += len(b[service][shard])
	}
	places := make(map[string]int, total/2)
	group := make([]int, 0, total)
	var sizes []int
	for _, b := range routed {
		for _, a := range b[service][shard] {
			place, known := places[a.key]
			if !known {
				place = len(keys)
				places[a.key] = place
				keys, sizes = append(keys, a.key), append(sizes, 0)
			}
			sizes[place]++
			group = append(group, place)
		}
	}
	next := make([]int, len(sizes))
	sum := 0
	for i, size := range sizes {
		next[i] = sum
		sum += size
	}
	flat = make([]*factv1.Fact, total)
	at := 0
	for _, b := range routed {
		for _, a := range b[service][shard] {
			flat[next[group[at]]] = a.fact
			next[group[at]]++
			at++
		}
	}
	return keys, next, flat // next has moved to where each group ends
}
