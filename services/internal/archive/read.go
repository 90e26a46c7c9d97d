package archive

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxBatch is more than the largest message of a log.
const maxBatch = 64 << 20

// Read gives the messages from a number on, each a batch of events, encoded.
func (a *Archive) Read(from uint64, take func(message uint64, batch []byte) error) error {
	for _, f := range a.manifest.Files {
		if f.First+f.Messages <= from {
			continue
		}
		err := a.read(f, func(message uint64, batch []byte) error {
			if message < from {
				return nil
			}
			return take(message, batch)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *Archive) read(f File, take func(message uint64, batch []byte) error) (err error) {
	file, err := os.Open(a.path(f.Name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	zip, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("%s: %w", file.Name(), err)
	}
	in := bufio.NewReader(zip)
	for message := f.First; ; message++ {
		batch, err := next(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file.Name(), err)
		}
		if err := take(message, batch); err != nil {
			return err
		}
	}
}

// next reads a batch; io.EOF: there is none.
func next(in *bufio.Reader) ([]byte, error) {
	size, err := binary.ReadUvarint(in)
	if err != nil {
		return nil, err
	}
	if size > maxBatch {
		return nil, fmt.Errorf("a batch of %d bytes is no batch", size)
	}
	batch := make([]byte, size)
	if _, err := io.ReadFull(in, batch); err != nil {
		return nil, fmt.Errorf("a batch is cut off: %s", err) // not the end of the file
	}
	return batch, nil
}
