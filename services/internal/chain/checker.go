package chain

import (
	"cmp"
	"slices"
)

const (
	// maxDamage is how much is told one by one.
	maxDamage = 1000
	// remembered is how many messages a first link may lie behind the end of the
	// log that it was bound to.
	remembered = 1 << 14
	// signatureEvery is how many links of a run lie between two signatures that
	// are checked.
	signatureEvery = 256
)

// Checker checks a log that is read from its beginning, or from where the rest
// of it was put aside. It is for one goroutine.
type Checker struct {
	known    func(signer string) bool
	accepted Ranges
	report   Report
	found    []Damage
	last     Message // without its data
	// runs are those that may go on, and prints the fingerprints of the last
	// messages.
	runs   map[string]*progress
	prints map[uint64]Hash
	order  []uint64
	// begun is where the log begins that is read; 0: nothing was read.
	begun   uint64
	signers map[string]bool
}

// progress is how far a run has come.
type progress struct {
	last   Link
	at     Message
	print  Hash
	proved uint64 // the sequence up to which a signature proves it
}

// NewChecker makes a checker. Known tells whose signatures are good; nil: all
// who sign.
func NewChecker(known func(signer string) bool) *Checker {
	if known == nil {
		known = func(string) bool { return true }
	}
	return &Checker{known: known, runs: map[string]*progress{}, prints: map[uint64]Hash{}, signers: map[string]bool{}}
}

// Skip says that what comes before a sequence is not read: it was put aside, and
// is whole there.
func (c *Checker) Skip(before uint64) {
	c.begun, c.last = before, Message{Sequence: before - 1}
}

// Take takes the next message.
func (c *Checker) Take(m Message) {
	c.report.Messages++
	c.gap(m)
	if m.Link == "" {
		if c.report.First > 0 {
			c.damage(Damage{Kind: Foreign, Range: at(m), Earliest: m.Stored, Latest: m.Stored})
		}
	} else {
		c.link(m)
	}
	c.remember(m)
	m.Data = nil
	c.last = m
}

func at(m Message) Range { return Range{m.Sequence, m.Sequence} }

// gap looks whether messages are missing before one.
func (c *Checker) gap(m Message) {
	switch {
	case c.begun == 0:
		c.begun = m.Sequence
		if m.Link == "" { // a log that is older than links may have been cut
			return
		}
	case m.Sequence == c.last.Sequence+1:
		return
	}
	if m.Sequence > c.last.Sequence+1 {
		c.damage(Damage{Kind: Missing, Range: Range{c.last.Sequence + 1, m.Sequence - 1}, Earliest: c.last.Stored, Latest: m.Stored})
	}
}

// link checks the link of a message.
func (c *Checker) link(m Message) {
	c.report.Linked++
	if c.report.First == 0 {
		c.report.First = m.Sequence
	}
	l, err := parse(m.Link)
	if err != nil {
		c.damage(Damage{Kind: Forged, Range: at(m), Earliest: m.Stored, Latest: m.Stored})
		return
	}
	told := Damage{Range: at(m), Earliest: m.Stored, Latest: m.Stored, Signer: l.Signer}
	if kind := c.wrong(m, l); kind != "" {
		told.Kind = kind
		c.damage(told)
	}
	if !c.signers[l.Signer] && l.genuine() {
		c.signers[l.Signer] = true
		c.report.Signers = append(c.report.Signers, l.Signer)
	}
}

// wrong gives what is wrong with a message that has a link; empty: nothing.
func (c *Checker) wrong(m Message, l Link) Kind {
	if !c.known(l.Signer) {
		return Unknown
	}
	if l.Content != contentOf(m.Subject, m.Data) {
		return Changed
	}
	name := l.Signer + " " + l.Run
	run := c.runs[name]
	next := &progress{last: l, at: m, print: Fingerprint(m.Subject, m.Link, nil)}
	next.at.Data = nil
	kind := c.bound(m, l, run)
	if run != nil {
		next.proved = run.proved
		if kind != "" {
			c.unproved(run) // perhaps it is the one before that is wrong
		}
	}
	if run == nil || kind != "" || len(l.Accepts) > 0 || l.Number%signatureEvery == 0 {
		if !l.genuine() {
			return Forged
		}
		next.proved = m.Sequence
		c.accepted = append(c.accepted, l.Accepts...)
	}
	if kind != Repeated {
		c.runs[name] = next
	}
	return kind
}

// bound checks that a link goes on from the message that it names.
func (c *Checker) bound(m Message, l Link, run *progress) Kind {
	switch {
	case run == nil && l.Number == 1:
		return c.anchored(l)
	case run == nil:
		if c.lost(l.After) {
			return "" // what came before is told to be missing, or is not read
		}
		return Unbound
	case l.Number <= run.last.Number:
		return Repeated
	case l.Number == run.last.Number+1 && l.Before == run.print:
		return ""
	case l.After > run.at.Sequence && c.lost(l.After):
		return ""
	}
	return Unbound
}

// anchored checks that a run begins behind what was in the log.
func (c *Checker) anchored(l Link) Kind {
	if l.After == 0 && l.Before == (Hash{}) || c.lost(l.After) {
		return ""
	}
	if print, there := c.prints[l.After]; there && print == l.Before {
		return ""
	}
	return Unbound
}

// unproved looks at the signature of a run's last link, unless that was done.
func (c *Checker) unproved(run *progress) {
	if run.proved >= run.at.Sequence {
		return
	}
	run.proved = run.at.Sequence
	if !run.last.genuine() {
		c.damage(Damage{Kind: Forged, Range: at(run.at), Earliest: run.at.Stored, Latest: run.at.Stored, Signer: run.last.Signer})
	}
}

// lost reports whether a message is one that is not read, or is missing or
// damaged and was told so.
func (c *Checker) lost(sequence uint64) bool {
	if sequence < c.begun {
		return true
	}
	for _, d := range slices.Backward(c.found) {
		if d.From <= sequence && sequence <= d.To {
			return true
		}
	}
	return false
}

// remember keeps the fingerprint of a message for who is bound to it.
func (c *Checker) remember(m Message) {
	c.prints[m.Sequence] = Fingerprint(m.Subject, m.Link, m.Data)
	if c.order = append(c.order, m.Sequence); len(c.order) >= 2*remembered {
		for _, old := range c.order[:remembered] {
			delete(c.prints, old)
		}
		c.order = append(c.order[:0], c.order[remembered:]...)
	}
}

// damage notes what is wrong, neighbours of one kind together.
func (c *Checker) damage(d Damage) {
	if len(c.found) > 0 {
		last := &c.found[len(c.found)-1]
		if last.Kind == d.Kind && last.Signer == d.Signer && last.To+1 == d.From {
			last.To, last.Latest = d.To, d.Latest
			return
		}
	}
	c.found = append(c.found, d)
}

// Report ends the check: it looks at the signature that proves the end of each
// run, and tells what is wrong and was not accepted.
func (c *Checker) Report() Report {
	r := c.report
	for _, run := range c.runs {
		c.unproved(run)
	}
	found := slices.Clone(c.found)
	slices.SortStableFunc(found, func(a, b Damage) int { return cmp.Compare(a.From, b.From) })
	for _, d := range found {
		switch {
		case c.accepted.Cover(d.Range):
		case len(r.Damage) < maxDamage:
			r.Damage = append(r.Damage, d)
		default:
			r.More++
		}
	}
	slices.Sort(r.Signers)
	return r
}

// End is the sequence of the last message that was taken, or skipped.
func (c *Checker) End() uint64 { return c.last.Sequence }
