package chain

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
)

// Key signs.
type Key struct{ private ed25519.PrivateKey }

// NewKey makes the key that belongs to a secret: the same one for the same
// secret.
func NewKey(secret string) Key {
	seed := sha256.Sum256([]byte("kaohe feed key\n" + secret))
	return Key{ed25519.NewKeyFromSeed(seed[:])}
}

// Public names who signs: it is all that is needed to check.
func (k Key) Public() string {
	return base64.RawURLEncoding.EncodeToString(k.private.Public().(ed25519.PublicKey))
}

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// contentOf is the hash of what a message carries.
func contentOf(subject string, data []byte) (sum Hash) {
	h := sha256.New()
	h.Write([]byte(subject))
	h.Write([]byte{0})
	h.Write(data)
	h.Sum(sum[:0])
	return sum
}

// Fingerprint tells a message from all others: its link does, or, of one that
// has none, what it carries.
func Fingerprint(subject, header string, data []byte) Hash {
	if header == "" {
		return contentOf(subject, data)
	}
	return sha256.Sum256([]byte(header))
}
