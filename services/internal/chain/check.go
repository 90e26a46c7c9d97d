package chain

import "time"

// Message is one message of a log as it was read.
type Message struct {
	Sequence      uint64
	Subject, Link string
	Data          []byte
	Stored        time.Time
}

// Kind is a kind of damage.
type Kind string

// The kinds of damage.
const (
	// Missing: messages that were there are not any more.
	Missing Kind = "missing"
	// Changed: a message does not carry what its link was made for.
	Changed Kind = "changed"
	// Foreign: a message without a link, behind one that has a link.
	Foreign Kind = "foreign"
	// Forged: a link that who it names has not signed.
	Forged Kind = "forged"
	// Unknown: a link of a signer that is not known here.
	Unknown Kind = "unknown_signer"
	// Repeated: a message that has been in the log before.
	Repeated Kind = "repeated"
	// Unbound: a link that does not go on from the message that it names.
	Unbound Kind = "unbound"
)

// Damage is something wrong with a log.
type Damage struct {
	Kind Kind
	// Range has the sequences concerned.
	Range
	// Earliest and Latest are when what is concerned was stored, or, of what is
	// missing, what lies before and behind it; zero: it is not known.
	Earliest, Latest time.Time
	// Signer is who signed; empty: nobody.
	Signer string
}

// Report is what is known of a log that was read.
type Report struct {
	// Messages were read, Linked of them with a link.
	Messages, Linked int64
	// First is the sequence of the first message that has a link; 0: none has.
	First uint64
	// Signers have signed links, by their public keys.
	Signers []string
	// Damage is what is wrong and was not accepted, at most maxDamage.
	Damage []Damage
	// More is how much damage there is beyond that.
	More int
}

// Whole reports whether nothing is wrong.
func (r Report) Whole() bool { return len(r.Damage) == 0 }
