package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"kaohe.dev/services/internal/durable"
)

// adminToken is the file of the administrator's token.
const adminToken = "admin.token"

// secretFile reads a secret of the data directory, or makes one.
func secretFile(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	raw, err := os.ReadFile(path)
	if err == nil {
		if value := strings.TrimSpace(string(raw)); value != "" {
			return value, nil
		}
		return "", fmt.Errorf("%s is empty; put back what was in it, or delete it and start again", path)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	random := make([]byte, 24)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("make %s: %w", path, err)
	}
	if err := durable.Create(path, []byte(hex.EncodeToString(random)+"\n")); err != nil {
		return "", err
	}
	return secretFile(dir, name) // perhaps of a process that was first
}

// lock takes the data directory for this process; the lock goes with it.
func lock(dir string) (*os.File, error) {
	if err := durable.Dir(dir); err != nil {
		return nil, fmt.Errorf("make the data directory: %w; choose another with --data", err)
	}
	path := filepath.Join(dir, "lock")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w; choose another directory with --data", path, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("the data directory %s is in use by another kaohe; "+
			"stop it, or choose another with --data", dir)
	}
	return file, nil
}

// format is of the data directory: where in it things are, and how the feed is
// written.
const format = "1"

// checkFormat makes sure that a data directory is of this kaohe's format, and
// marks a new one.
func checkFormat(dir string) error {
	path := filepath.Join(dir, "format")
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return durable.Create(path, []byte(format+"\n"))
	case err != nil:
		return fmt.Errorf("read the format of the data directory: %w", err)
	case strings.TrimSpace(string(raw)) != format:
		return fmt.Errorf("the data directory %s has format %q, this kaohe has %s: use the kaohe that wrote it, "+
			"or back its log up with that and restore it with this", dir, strings.TrimSpace(string(raw)), format)
	}
	return nil
}
