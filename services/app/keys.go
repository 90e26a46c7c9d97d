package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/nkeys"

	"kaohe.dev/services/internal/durable"
)

// KeysFile has the public keys, as variables of a NATS server's environment.
const KeysFile = "nats.env"

// MakeKeys makes the NATS keys that a directory does not have yet, one for each
// user, readable by the owner only, and writes all public keys to KeysFile. It
// gives the users whose keys are new.
func MakeKeys(dir string) (made []string, err error) {
	if err := durable.Dir(dir); err != nil {
		return nil, fmt.Errorf("make the directory of the keys: %w", err)
	}
	var environment strings.Builder
	for _, user := range Users(1) {
		path := filepath.Join(dir, user.Name+".nk")
		seed, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			made = append(made, user.Name)
			seed, err = makeKey(path)
		}
		if err != nil {
			return made, fmt.Errorf("the key of %s: %w", user.Name, err)
		}
		pair, err := nkeys.ParseDecoratedNKey(seed)
		if err != nil {
			return made, fmt.Errorf("%s holds no nkey seed: %w; delete it to have a new one", path, err)
		}
		public, err := pair.PublicKey()
		if err != nil {
			return made, fmt.Errorf("the public key of %s: %w", path, err)
		}
		fmt.Fprintf(&environment, "%s=%s\n", keyVariable(user.Name), public)
	}
	if err := durable.Replace(filepath.Join(dir, KeysFile), []byte(environment.String())); err != nil {
		return made, fmt.Errorf("write the public keys: %w", err)
	}
	return made, nil
}

// makeKey writes a new seed.
func makeKey(path string) ([]byte, error) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		return nil, err
	}
	seed, err := pair.Seed()
	if err != nil {
		return nil, err
	}
	seed = append(seed, '\n')
	return seed, durable.Create(path, seed)
}
