package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/chain"
	"kaohe.dev/services/internal/durable"
)

// mending is what is done about damage that nothing can replace.
type mending struct {
	// done is what was found, and accepts the messages that are known to be lost.
	done    []Damage
	accepts chain.Ranges
}

// accepted are the messages that are known to be lost from now on.
func (a *App) accepted() chain.Ranges {
	if a.mending == nil {
		return nil
	}
	return a.mending.accepts
}

// Mended says what was mended.
type Mended struct {
	// Damages were found, and Aside is where they are kept as they were; empty:
	// nothing was damaged.
	Damages []Damage
	Aside   string
}

// Mend keeps a copy of what is damaged in a data directory, and makes the rest
// one that kaohe starts with: messages of the log that are lost are marked as
// such, in their places and in the log, documents, facts and ledger are to be
// decided anew, and files that changed are taken as they are. Nothing of the
// configuration may be running.
func Mend(ctx context.Context, config Config) (done Mended, err error) {
	if work, err := Unfinished(config.Data); err != nil {
		return done, err
	} else if work != nil {
		config.Work = work.Name // it is gone on with on a log that is mended
	}
	a, err := New(config)
	if err != nil {
		return done, err
	}
	a.mending = &mending{}
	defer func() { err = errors.Join(err, a.Stop(context.WithoutCancel(ctx))) }()
	if err := a.openForMending(ctx); err != nil {
		return done, err
	}
	done = Mended{Damages: a.mending.done, Aside: a.asideDir}
	if len(done.Damages) == 0 {
		return done, nil
	}
	return done, a.record(ctx, a.bus(Admin), "mend", a.accepted()...)
}

func (a *App) openForMending(ctx context.Context) (err error) {
	if err := a.openData(ctx); err != nil {
		return err
	}
	if a.signer, err = loadSigner(a.config.Data); err != nil {
		return err
	}
	if err := a.openStreams(ctx, Admin); err != nil {
		return err
	}
	if err := a.startAnew(ctx); err != nil {
		return err
	}
	if err := a.openStore(ctx); err != nil {
		return err
	}
	if err := a.comparePositions(ctx); err != nil || !a.anew {
		return err
	}
	if err := a.store.Close(); err != nil { // it is deleted
		return err
	}
	return a.startAnew(ctx)
}

// mend does about an examination what is to be done before anything is opened.
func (a *App) mend(x *examination) error {
	if len(x.lost) > 0 && a.mending == nil {
		return &DamagedError{a.config.Data, x.lost}
	}
	for _, d := range x.torn {
		if err := a.keepTorn(d); err != nil {
			return fmt.Errorf("keep the end of a block: %w", err)
		}
	}
	for _, stream := range x.metaLost {
		if err := a.putMetaBack(stream); err != nil {
			return err
		}
	}
	if len(x.lost) > 0 {
		a.mending.done = x.lost
		if err := a.mendOriginals(x); err != nil {
			return err
		}
	}
	if len(x.derived) == 0 {
		return nil
	}
	return a.putDerivedAside()
}

// mendOriginals mends what the log cannot give back, and the log.
func (a *App) mendOriginals(x *examination) error {
	feed := false
	for _, d := range x.lost {
		switch {
		case d.Where == feedName || strings.HasPrefix(d.Where, filepath.ToSlash(filepath.Join(streamsPath, feedName))):
			feed = true
			if d.From > 0 {
				a.mending.accepts = append(a.mending.accepts, chain.Range{From: d.From, To: d.To})
			}
		case strings.HasPrefix(d.Where, stateName+string(filepath.Separator)):
			for _, suffix := range []string{".db", ".db-wal", ".db-shm"} {
				if err := a.moveAside(filepath.Join(stateName, groupOf(filepath.Base(d.Where))+suffix)); err != nil {
					return err
				}
			}
		}
	}
	if !feed {
		return nil
	}
	return a.mendFeed()
}

// mendFeed marks what the feed has lost. What was decided by it is decided anew.
func (a *App) mendFeed() error {
	if err := a.copyAside(filepath.Join(streamsPath, feedName)); err != nil {
		return err
	}
	s, err := a.blocksOf(feedName)
	if err != nil {
		return err
	}
	if _, err := s.Mend(bus.FeedBatches); err != nil {
		return err
	}
	return a.putDerivedAside()
}

// metaCopy has a copy of the configuration of a stream: its checksum, and in the
// next line the configuration.
func (a *App) metaCopy(stream string) string {
	return filepath.Join(a.config.Data, strings.ToLower(stream)+".meta")
}

// keepMeta keeps the copy.
func (a *App) keepMeta(stream string) error {
	meta, err := os.ReadFile(filepath.Join(a.streamDir(stream), metaName))
	if err != nil {
		return fmt.Errorf("read the configuration of the stream %s: %w", stream, err)
	}
	text := metaSum(stream, meta) + "\n" + string(meta)
	path := a.metaCopy(stream)
	if old, err := os.ReadFile(path); err == nil && string(old) == text {
		return nil
	}
	return durable.Replace(path, []byte(text))
}

// putMetaBack puts the configuration of a stream back from its copy. What has none
// is decided anew.
func (a *App) putMetaBack(stream string) error {
	raw, err := os.ReadFile(a.metaCopy(stream))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	sum, meta, _ := strings.Cut(string(raw), "\n")
	switch whole := err == nil && sum == metaSum(stream, []byte(meta)); {
	case whole:
	case stream != feedName:
		return a.putDerivedAside()
	default:
		return fmt.Errorf("the configuration of the stream FEED is damaged, and so is its copy %s, or it is missing; restore a backup", a.metaCopy(stream))
	}
	for name, text := range map[string]string{metaName: meta, metaSumName: sum} {
		path := filepath.Join(streamsPath, stream, name)
		if err := a.moveAside(path); err != nil {
			return err
		}
		if err := durable.Replace(filepath.Join(a.config.Data, path), []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// fresh notes of a directory without a log that it begins at its beginning.
func (a *App) fresh() error {
	if a.config.NATS != "" {
		return nil
	}
	_, err := os.Stat(filepath.Join(a.config.Data, natsName))
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(filepath.Join(a.config.Data, beganName)); err == nil {
		return nil // it had one, and whoever finds it gone tells
	}
	return a.noteBegan(1)
}
