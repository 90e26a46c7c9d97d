// Package secret seals what is kept in a store and must be read again in the
// clear, like the secrets that webhooks are signed with: whoever gets at the
// store, or at a copy of it, reads nothing without the key, which is not there.
//
// In flow a secret and the place it is kept at; out flows what may be stored.
// Never here: where the key lies, or what a secret is for.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// Key seals and opens.
type Key struct{ aead cipher.AEAD }

// version is the first byte of what is sealed; another one would be sealed in
// another way.
const version = 1

// ErrOtherKey says that something was not sealed by this key, or not for this
// place.
var ErrOtherKey = errors.New("it was sealed with another key, for another place, or is damaged")

// New makes a key of the text of a key file.
func New(text string) (*Key, error) {
	if text == "" {
		return nil, errors.New("the key is empty")
	}
	raw, err := hkdf.Key(sha256.New, []byte(text), nil, "kaohe secrets in the store", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the key: %w", err)
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, fmt.Errorf("use the key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("use the key: %w", err)
	}
	return &Key{aead}, nil
}

// Seal gives a secret as it may be stored at a place. Sealed twice it is not the
// same.
func (k *Key) Seal(plain []byte, place string) []byte {
	return k.aead.Seal([]byte{version}, nil, plain, []byte(place))
}

// Open gives what was sealed for a place, or ErrOtherKey.
func (k *Key) Open(sealed []byte, place string) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != version {
		return nil, ErrOtherKey
	}
	plain, err := k.aead.Open(nil, nil, sealed[1:], []byte(place))
	if err != nil {
		return nil, ErrOtherKey
	}
	return plain, nil
}

// Fingerprint tells one key from another and tells nothing else of it.
func Fingerprint(text, purpose string) string {
	sum := hmac.New(sha256.New, []byte(text))
	sum.Write([]byte("kaohe fingerprint of " + purpose))
	return hex.EncodeToString(sum.Sum(nil)[:12])
}
