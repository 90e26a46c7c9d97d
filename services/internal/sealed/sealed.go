// Package sealed keeps messages in compressed files, one after the other, each
// with its length before it, and each file with a hash that shows whether it is
// as it was written. Backups and archives of the log are made of such files.
//
// In flow encoded messages; out flow the same, in their order. Never here: what
// is in a message, how many go into a file, or where the hash is kept.
package sealed

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"kaohe.dev/services/internal/durable"
)

// maxMessage is more than the largest message of a log, in bytes.
const maxMessage = 64 << 20

// Writer writes a file.
type Writer struct {
	file *os.File
	zip  *gzip.Writer
}

// Create begins a file, in the place of one of that name.
func Create(name string) (*Writer, error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &Writer{file: file, zip: gzip.NewWriter(file)}, nil
}

// Add writes a message.
func (w *Writer) Add(message []byte) error {
	if _, err := w.zip.Write(append(binary.AppendUvarint(nil, uint64(len(message))), message...)); err != nil {
		return fmt.Errorf("write %s: %w", w.file.Name(), err)
	}
	return nil
}

// Seal ends the file, which is on the disk then, and gives its hash as read
// back from there.
func (w *Writer) Seal() (string, error) {
	err := errors.Join(w.zip.Close(), w.file.Sync(), w.file.Close())
	if err = errors.Join(err, durable.Sync(filepath.Dir(w.file.Name()))); err != nil {
		return "", fmt.Errorf("write %s: %w", w.file.Name(), err)
	}
	return Hash(w.file.Name())
}

// Hash is the SHA-256 of a file, in hex.
func Hash(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, file)
	return hex.EncodeToString(sum.Sum(nil)), errors.Join(err, file.Close())
}

// Reader reads a file.
type Reader struct {
	file *os.File
	in   *bufio.Reader
}

// Open begins to read a file.
func Open(name string) (*Reader, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	zip, err := gzip.NewReader(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), file.Close())
	}
	return &Reader{file: file, in: bufio.NewReader(zip)}, nil
}

// Next gives the next message; io.EOF: there is none.
func (r *Reader) Next() ([]byte, error) {
	size, err := binary.ReadUvarint(r.in)
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err == nil && size > maxMessage {
		err = fmt.Errorf("a message of %d bytes is none", size)
	}
	message := make([]byte, min(size, maxMessage))
	if err == nil {
		if _, cut := io.ReadFull(r.in, message); cut != nil {
			err = fmt.Errorf("a message is cut off: %s", cut) // not the end of the file
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.file.Name(), err)
	}
	return message, nil
}

// Close ends reading.
func (r *Reader) Close() error { return r.file.Close() }
