package chain

// Run writes links, one after the other. It is for one goroutine.
type Run struct {
	key  Key
	next Link
}

// Begin begins a run behind the message that a log ends with, of which the
// sequence and the fingerprint are given; 0 and nothing: the log is empty. No
// other run has its name.
func (k Key) Begin(name string, after uint64, end Hash) *Run {
	return &Run{key: k, next: Link{Signer: k.Public(), Run: name, Number: 1, After: after, Before: end}}
}

// Link gives the link of the next message. Stored must be called when it is in
// the log; when it may not be, the run is over.
func (r *Run) Link(subject string, data []byte, accepts Ranges) string {
	l := r.next
	l.Content, l.Accepts = contentOf(subject, data), accepts
	return l.sign(r.key)
}

// Stored says that the message of a link is in the log, and where.
func (r *Run) Stored(link string, sequence uint64) {
	r.next.Number++
	r.next.After, r.next.Before = sequence, Fingerprint("", link, nil)
}
