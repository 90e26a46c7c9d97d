package run

import (
	"fmt"

	"github.com/cespare/xxhash/v2"

	"kaohe.dev/services/flow"
)

// A service can be run in parts, each a runner of its own with its own
// documents, position and deadlines: a part reads all of the stream and steps
// the keys that are its own. How many parts there are is fixed with the
// documents; who runs them is not (see Team).

// PartName names a part of a service, which is the service when it is whole.
func PartName(service string, part, parts int) string {
	if parts <= 1 {
		return service
	}
	return fmt.Sprintf("%s-%d", service, part)
}

// PartNames names all parts of a service.
func PartNames(service string, parts int) []string {
	names := make([]string, max(1, parts))
	for i := range names {
		names[i] = PartName(service, i, parts)
	}
	return names
}

// PartOf gives the part that keeps a key.
func PartOf(m flow.Machine, key string, parts int) int {
	if parts <= 1 {
		return 0
	}
	if sharder, ok := m.(flow.Sharder); ok {
		key = sharder.Shard(key)
	}
	return int(xxhash.Sum64String(key) % uint64(parts))
}

func (r *Runner) mine(key string) bool {
	return PartOf(r.opts.Machine, key, r.opts.Parts) == r.opts.Part
}
