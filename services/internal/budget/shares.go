package budget

import "sync"

// Shares is a number of bytes that callers have together, and of which each may
// have so many: who takes a lot leaves the rest to the others.
type Shares struct {
	all, one int64
	mu       sync.Mutex
	sum      int64
	by       map[string]int64
}

// NewShares lets all callers together have so many bytes, and one so many.
func NewShares(all, one int64) *Shares {
	return &Shares{all: all, one: one, by: map[string]int64{}}
}

// Fits tells whether a caller could have so many bytes more now.
func (s *Shares) Fits(caller string, bytes int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fits(caller, bytes)
}

func (s *Shares) fits(caller string, bytes int64) bool {
	return s.sum+bytes <= s.all && s.by[caller]+bytes <= s.one
}

// Taken is how many bytes all callers hold.
func (s *Shares) Taken() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sum
}

// Open begins a share of a caller, which takes bytes as they come.
func (s *Shares) Open(caller string) *Share { return &Share{of: s, caller: caller} }

// Share is what one call of a caller holds. It is not for several goroutines.
type Share struct {
	of     *Shares
	caller string
	bytes  int64
}

// Take takes so many bytes more, or tells that there is no room for them.
func (s *Share) Take(bytes int64) bool {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	if !s.of.fits(s.caller, bytes) {
		return false
	}
	s.bytes += bytes
	s.of.sum += bytes
	s.of.by[s.caller] += bytes
	return true
}

// Close gives back what was taken.
func (s *Share) Close() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.of.sum -= s.bytes
	if s.of.by[s.caller] -= s.bytes; s.of.by[s.caller] <= 0 {
		delete(s.of.by, s.caller)
	}
	s.bytes = 0
}
