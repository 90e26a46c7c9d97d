package archive

import (
	"errors"
	"io"

	"kaohe.dev/services/internal/sealed"
)

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
	file, err := sealed.Open(a.path(f.Name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for message := f.First; ; message++ {
		batch, err := file.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := take(message, batch); err != nil {
			return err
		}
	}
}
