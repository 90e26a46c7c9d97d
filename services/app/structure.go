package app

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/minio/highwayhash"
	"github.com/nats-io/nats-server/v2/server"

	"kaohe.dev/services/internal/blocks"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/durable"
)

const feedName = bus.Feed

// derivedStreams can be had again from the feed.
var derivedStreams = []string{bus.Facts, bus.Ledger}

// streamsPath is where the server in the process keeps its streams, below the
// data directory.
var streamsPath = filepath.Join(natsName, server.JetStreamStoreDir, server.DEFAULT_GLOBAL_ACCOUNT, "streams")

// streamOf gives the stream that a file below the server's directory is of, and
// the file within it.
func streamOf(path string) (stream, file string) {
	inside, found := strings.CutPrefix(natsName+"/"+path, filepath.ToSlash(streamsPath)+"/")
	if !found {
		return "", path
	}
	stream, file, _ = strings.Cut(inside, "/")
	return stream, file
}

func (a *App) streamDir(stream string) string {
	return filepath.Join(a.config.Data, streamsPath, stream)
}

// blocksOf are the files of a stream.
func (a *App) blocksOf(stream string) (blocks.Stream, error) {
	s := blocks.Stream{Dir: a.streamDir(stream), Name: stream, First: 1, Valid: func(r blocks.Record) bool { return bus.Fits(stream, r.Subject, r.Data) }}
	var err error
	if stream == feedName {
		s.First, err = a.began()
	}
	return s, err
}

// checkStreams reads the messages of all streams.
func (a *App) checkStreams(x *examination) error {
	for _, stream := range append([]string{feedName}, derivedStreams...) {
		s, err := a.blocksOf(stream)
		if err != nil {
			return err
		}
		read := int64(0)
		tell := a.tellReading("reading " + stream)
		report, err := s.Scan(func(bytes int64) { read += bytes; tell(read, read) })
		if err != nil {
			return err
		}
		for _, d := range report.Damage {
			x.block(a.config.Data, stream, d)
		}
		if why := checkMeta(s); why != "" {
			x.meta(stream, why)
		}
	}
	return nil
}

// block sorts a piece of a stream that cannot be read.
func (x *examination) block(dir, stream string, d blocks.Damage) {
	found := Damage{Where: stream, What: "lost"}
	if d.File != "" {
		file, _ := filepath.Rel(dir, d.File)
		found.What = fmt.Sprintf("%d bytes of %s from byte %d on cannot be read", d.Size, file, d.Offset)
	}
	if d.To >= d.From {
		found.From, found.To, found.Earliest, found.Latest = d.From, d.To, d.Earliest, d.Latest
	}
	if d.End && x.left { // one at least
		found.From, found.To, found.Earliest = d.From, max(d.From, d.To), d.Earliest
	}
	switch {
	case d.End && !x.left:
		found.What += "; it is the end, and may be what was being written when the process ended"
		x.odd = append(x.odd, found)
		x.torn = append(x.torn, d)
	case stream == feedName:
		x.lost = append(x.lost, found)
	default:
		x.derived = append(x.derived, found)
	}
}

// The file with the configuration of a stream, and its checksum. Without them the
// server does not know the stream.
const (
	metaName    = server.JetStreamMetaFile
	metaSumName = server.JetStreamMetaFileSum
)

// checkMeta tells what is wrong with the configuration of a stream; empty:
// nothing, or there is no stream.
func checkMeta(s blocks.Stream) string {
	meta, err := os.ReadFile(filepath.Join(s.Dir, metaName))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(s.Dir); err == nil {
			return metaName + " is gone"
		}
		return ""
	}
	sum, sumErr := os.ReadFile(filepath.Join(s.Dir, metaSumName))
	if err := errors.Join(err, sumErr); err != nil {
		return err.Error()
	}
	if string(sum) != metaSum(s.Name, meta) {
		return metaName + " does not have the checksum of " + metaSumName
	}
	return ""
}

// metaSum is the checksum of what the server keeps of a stream.
func metaSum(stream string, meta []byte) string {
	key := sha256.Sum256([]byte(stream))
	hash, err := highwayhash.New64(key[:])
	if err != nil {
		return "" // a key of this size is one
	}
	_, _ = hash.Write(meta) // a hash takes everything
	return hex.EncodeToString(hash.Sum(nil))
}

// indexName is where the server keeps what it knows of the blocks of a stream. It
// is made anew where there is none.
const indexName = "index.db"

// checkIndexes takes those away that are not as they were written.
func (a *App) checkIndexes(x *examination) error {
	if a.config.NATS != "" {
		return nil
	}
	for _, stream := range append([]string{feedName}, derivedStreams...) {
		path := filepath.Join(streamsPath, stream, "msgs", indexName)
		raw, err := os.ReadFile(filepath.Join(a.config.Data, path))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if at := len(raw) - highwayhash.Size64; at > 0 && hex.EncodeToString(raw[at:]) == metaSum(stream, raw[:at]) {
			continue
		}
		x.odd = append(x.odd, Damage{Where: path, What: "it does not have its checksum, and is made anew"})
		if err := a.moveAside(path); err != nil {
			return err
		}
	}
	return nil
}

// meta sorts a stream whose configuration cannot be read.
func (x *examination) meta(stream, why string) {
	x.odd = append(x.odd, Damage{Where: filepath.Join(streamsPath, stream), What: why + "; it is put back from its copy"})
	x.metaLost = append(x.metaLost, stream)
}

// beganName has the number of the message that the feed begins with, if that is
// known: 1, until the beginning is archived.
const beganName = "began"

// began gives it; 0: it is not known.
func (a *App) began() (uint64, error) {
	raw, err := os.ReadFile(filepath.Join(a.config.Data, beganName))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read where the log begins: %w", err)
	}
	first, err := strconv.ParseUint(strings.TrimSpace(string(raw)), 10, 64)
	if err != nil {
		a.config.Logger.Warn("something is not as it was left: where the log begins is not known any more", "file", beganName, "error", err)
		return 0, nil //nolint:nilerr // less is found then, nothing is lost
	}
	return first, nil
}

// noteBegan keeps where the feed begins from now on.
func (a *App) noteBegan(first uint64) error {
	return durable.Replace(filepath.Join(a.config.Data, beganName), []byte(strconv.FormatUint(first, 10)+"\n"))
}
