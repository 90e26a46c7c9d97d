package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kaohe.dev/services/internal/chain"
	"kaohe.dev/services/internal/durable"
)

const (
	// feedKeyName is the secret that the log is signed with. Gateways that share a
	// log share it, or know each other's public keys.
	feedKeyName = "feed.key"
	// signersName has the public keys that are known, a line each; the own one is
	// always among them.
	signersName = "signers"
)

// signer is who this process signs the log as, and whom it knows.
type signer struct {
	key   *chain.Key
	known []string
}

// loadSigner reads the key of a data directory, or makes one, and notes its
// public key among those that are known, so that what it signed stays good when
// it is replaced.
func loadSigner(dir string) (s signer, err error) {
	text, err := secretFile(dir, feedKeyName)
	if err != nil {
		return s, err
	}
	key := chain.NewKey(text)
	s.key = &key
	path := filepath.Join(dir, signersName)
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("read whose signatures are known: %w", err)
	}
	s.known = publicKeys(string(raw))
	if slices.Contains(s.known, key.Public()) {
		return s, nil
	}
	s.known = append(s.known, key.Public())
	return s, durable.Replace(path, []byte(string(raw)+key.Public()+"\n"))
}

// publicKeys gives those of a file; a line may have a remark behind the key.
func publicKeys(text string) (keys []string) {
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 0 && !strings.HasPrefix(words[0], "#") {
			keys = append(keys, words[0])
		}
	}
	return keys
}

// knows reports whether a signature of somebody is good.
func (s signer) knows(public string) bool { return slices.Contains(s.known, public) }
