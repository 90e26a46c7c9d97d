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

// buckets holds addressed facts by service and shard, in the order they came,
// in chunks, so that growing moves nothing.
type buckets [][][][]addressed

// chunk is how many facts a chunk holds.
const chunk = 128

func newBuckets(services, shards int) buckets {
	b := make(buckets, services)
	for i := range b {
		b[i] = make([][][]addressed, shards)
	}
	return b
}

// add puts a fact where its key is decided.
func (b buckets) add(service int, key string, fact *factv1.Fact) {
	shards := b[service]
	shard := xxhash.Sum64String(key) % uint64(len(shards))
	chunks := shards[shard]
	last := len(chunks) - 1
	if last < 0 || len(chunks[last]) == chunk {
		chunks = append(chunks, make([]addressed, 0, chunk))
		shards[shard], last = chunks, last+1
	}
	chunks[last] = append(chunks[last], addressed{key, fact})
}

// all gives the facts of a service and shard in the order they came.
func all(routed []buckets, service, shard int) iter.Seq2[string, *factv1.Fact] {
	return func(yield func(string, *factv1.Fact) bool) {
		for _, b := range routed {
			for _, facts := range b[service][shard] {
				for _, a := range facts {
					if !yield(a.key, a.fact) {
						return
					}
				}
			}
		}
	}
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
	for range all(routed, service, shard) {
		total++
	}
	places := make(map[string]int, total/2)
	group := make([]int, 0, total)
	var sizes []int
	for key := range all(routed, service, shard) {
		place, known := places[key]
		if !known {
			place = len(keys)
			places[key] = place
			keys, sizes = append(keys, key), append(sizes, 0)
		}
		sizes[place]++
		group = append(group, place)
	}
	next := make([]int, len(sizes))
	sum := 0
	for i, size := range sizes {
		next[i] = sum
		sum += size
	}
	flat = make([]*factv1.Fact, total)
	at := 0
	for _, fact := range all(routed, service, shard) {
		flat[next[group[at]]] = fact
		next[group[at]]++
		at++
	}
	return keys, next, flat // next has moved to where each group ends
}
