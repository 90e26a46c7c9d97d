package door

import "sync"

// recentSize is about how many events are remembered beside the store.
const recentSize = 32_768

// recent remembers the last events that passed, and all that are not in the
// store yet. It has two generations; the older is forgotten when the younger
// is full and all of the older is stored. Who asked the store during one
// generation knows, with recent, all of the feed; else he asks again.
type recent struct {
	mu             sync.Mutex
	young, old     map[string]uint64
	youngTo, oldTo uint64 // the last place in the feed of each
	generation     uint64
}

func newRecent() *recent { return &recent{young: map[string]uint64{}, old: map[string]uint64{}} }

// now gives the generation; ask it before the store.
func (r *recent) now() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.generation
}

// find adds to known what is remembered of the jobs' events, and gives the jobs
// whose knowledge of the store is too old.
func (r *recent) find(jobs []*job, known map[string]uint64) (stale []*job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, j := range jobs {
		if j.generation != r.generation {
			stale = append(stale, j)
		}
		for _, p := range j.events {
			if hash, ok := r.young[p.ref]; ok {
				known[p.ref] = hash
			} else if hash, ok := r.old[p.ref]; ok {
				known[p.ref] = hash
			}
		}
	}
	return stale
}

// learn remembers what was appended, up to a place in the feed.
func (r *recent) learn(fresh []seen, to uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range fresh {
		r.young[s.ref] = s.hash
	}
	r.youngTo = to
}

// stored says that all up to a place in the feed is in the store.
func (r *recent) stored(to uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.young) < recentSize || r.oldTo > to {
		return
	}
	clear(r.old)
	r.old, r.young = r.young, r.old
	r.oldTo, r.youngTo = r.youngTo, 0
	r.generation++
}
