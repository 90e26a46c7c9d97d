package replay

import (
	"iter"

	"github.com/cespare/xxhash/v2"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
)

// addressed is what is known, and one of its keys.
type addressed struct {
	key string
	known
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
func (b buckets) add(service int, key string, k known) {
	shards := b[service]
	shard := xxhash.Sum64String(key) % uint64(len(shards))
	chunks := shards[shard]
	last := len(chunks) - 1
	if last < 0 || len(chunks[last]) == chunk {
		chunks = append(chunks, make([]addressed, 0, chunk))
		shards[shard], last = chunks, last+1
	}
	chunks[last] = append(chunks[last], addressed{key, k})
}

// all gives what a service and shard knows in the order it came.
func all(routed []buckets, service, shard int) iter.Seq[*addressed] {
	return func(yield func(*addressed) bool) {
		for _, b := range routed {
			for _, facts := range b[service][shard] {
				for i := range facts {
					if !yield(&facts[i]) {
						return
					}
				}
			}
		}
	}
}

// inOrder gives what is ever known of a key in the order it came.
func inOrder(routed []buckets, service, shard int, key string) (facts []*factv1.Fact) {
	for a := range all(routed, service, shard) {
		if a.key == key {
			facts = append(facts, a.fact)
		}
	}
	return facts
}

// group is all that is ever known of a key, in the order it came.
type group struct {
	key   string
	facts []*factv1.Fact
	spans []span // of the facts
}

// groups gives the groups of a service and shard, keys in the order they first
// came.
func groups(routed []buckets, service, shard int) iter.Seq[group] {
	return func(yield func(group) bool) {
		keys, ends, facts, spans := lay(routed, service, shard)
		from := 0
		for i, key := range keys {
			if !yield(group{key, facts[from:ends[i]:ends[i]], spans[from:ends[i]:ends[i]]}) {
				return
			}
			from = ends[i]
		}
	}
}

// lay puts the facts of each key side by side in one slice, because most keys
// have two or three and there are many.
func lay(routed []buckets, service, shard int) (keys []string, ends []int, facts []*factv1.Fact, spans []span) {
	total := 0
	for range all(routed, service, shard) {
		total++
	}
	places := make(map[string]int, total/2)
	group := make([]int, 0, total)
	var sizes []int
	for a := range all(routed, service, shard) {
		place, known := places[a.key]
		if !known {
			place = len(keys)
			places[a.key] = place
			keys, sizes = append(keys, a.key), append(sizes, 0)
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
	facts, spans = make([]*factv1.Fact, total), make([]span, total)
	at := 0
	for a := range all(routed, service, shard) {
		place := next[group[at]]
		facts[place], spans[place] = a.fact, a.span
		next[group[at]]++
		at++
	}
	return keys, next, facts, spans // next has moved to where each group ends
}
