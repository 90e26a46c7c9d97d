package chain

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Header is the header of a message that holds its link.
const Header = "Kaohe-Link"

// version changes when an older kaohe could not read a link.
const version = "1"

// Link binds a message to the one before.
type Link struct {
	// Signer is the public key of who wrote the message, and Run which of his
	// runs it is of.
	Signer, Run string
	// Number counts within the run, from 1.
	Number uint64
	// After is the sequence of the message before, and Before its fingerprint; 0:
	// there was none.
	After  uint64
	Before Hash
	// Content is the hash of what the message carries.
	Content Hash
	// Accepts are the sequences whose damage is known from here on.
	Accepts Ranges

	signed    string
	signature []byte
}

// encoding is of all that is binary; another spelling of the same is refused.
var encoding = base64.RawURLEncoding.Strict()

// sign gives the text of a link.
func (l Link) sign(key Key) string {
	text := l.text()
	return text + " " + encoding.EncodeToString(ed25519.Sign(key.private, []byte(text)))
}

func (l Link) text() string {
	return strings.Join([]string{
		version, l.Signer, l.Run, strconv.FormatUint(l.Number, 10), strconv.FormatUint(l.After, 10),
		encoding.EncodeToString(l.Before[:]), encoding.EncodeToString(l.Content[:]), "=" + l.Accepts.String(),
	}, " ")
}

// fields is how many a link has, with its signature.
const fields = 9

// parse reads the text of a link. It does not check the signature.
func parse(text string) (l Link, err error) {
	part := strings.Split(text, " ")
	if len(part) != fields || part[0] != version {
		return l, fmt.Errorf("it is no link of version %s", version)
	}
	l = Link{Signer: part[1], Run: part[2], signed: text[:strings.LastIndexByte(text, ' ')]}
	var problems [6]error
	l.Number, problems[0] = strconv.ParseUint(part[3], 10, 64)
	l.After, problems[1] = strconv.ParseUint(part[4], 10, 64)
	problems[2], problems[3] = decode(l.Before[:], part[5]), decode(l.Content[:], part[6])
	l.Accepts, problems[4] = parseRanges(strings.TrimPrefix(part[7], "="))
	l.signature, problems[5] = encoding.DecodeString(part[8])
	return l, errors.Join(problems[:]...)
}

func decode(into []byte, text string) error {
	raw, err := encoding.DecodeString(text)
	if err == nil && copy(into, raw) != len(into) {
		err = fmt.Errorf("%q is no hash", text)
	}
	return err
}

// genuine reports whether who it names has signed it.
func (l Link) genuine() bool {
	public, err := encoding.DecodeString(l.Signer)
	return err == nil && len(public) == ed25519.PublicKeySize && ed25519.Verify(public, []byte(l.signed), l.signature)
}
