package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/gateway/views"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/durable"
	"kaohe.dev/services/internal/run"
)

// errAnew says that what was decided does not fit the streams, and is decided
// anew by the next start.
var errAnew = errors.New("what was decided does not fit the streams")

// startAnew does what is to be done between opening the streams and the store:
// when everything is decided anew, what was decided is deleted.
func (a *App) startAnew(ctx context.Context) error {
	if a.config.NATS == "" {
		for _, stream := range append([]string{feedName}, derivedStreams...) {
			if err := a.keepMeta(stream); err != nil {
				return err
			}
		}
	}
	if !a.anew {
		return nil
	}
	if err := a.noteAnew(); err != nil {
		return err
	}
	b := a.someBus()
	if err := a.record(ctx, b, "rebuild", a.accepted()...); err != nil {
		return err
	}
	if err := a.drop(ctx); err != nil {
		return err
	}
	if err := b.Forget(ctx, bus.Ledger, bus.Facts); err != nil {
		return err
	}
	a.anew = false
	return b.Ensure(ctx)
}

// anewName is there while everything is decided anew, after an interruption too:
// until that is done what is served is not what it was.
const anewName = "anew"

func (a *App) noteAnew() error {
	return durable.Create(filepath.Join(a.config.Data, anewName), []byte("everything but FEED is decided anew\n"))
}

// errDeciding is why a process is not ready that decides everything anew.
var errDeciding = errors.New("something was damaged, and everything but the log is decided anew: scores are not whole yet")

// decidesAnew reports whether everything is decided anew, here or by a start
// before that was interrupted.
func (a *App) decidesAnew() bool {
	_, err := os.Stat(filepath.Join(a.config.Data, anewName))
	return err == nil
}

// finishAnew waits, if everything is decided anew, until it is.
func (a *App) finishAnew() {
	if !a.deciding.Load() || !a.serves() {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err := a.gateway.Settle(ctx)
		if err == nil {
			err = durable.Remove(filepath.Join(a.config.Data, anewName))
		}
		if err != nil {
			if ctx.Err() == nil {
				a.config.Logger.Error("waiting until everything is decided failed; start again", "error", err)
			}
			return
		}
		a.config.Logger.Warn("everything is decided anew")
		a.deciding.Store(false)
	}()
	a.later("deciding anew", func(context.Context) error { cancel(); <-ended; return nil })
}

// someBus is the connection of who may make streams, if there is one.
func (a *App) someBus() *bus.Bus {
	for _, user := range []string{Admin, Gateway, ""} {
		if b := a.bus(user); b != nil {
			return b
		}
	}
	return nil
}

// readers are who keeps a position, by the streams they read.
func (a *App) readers() map[string][]string {
	all := map[string][]string{bus.Feed: {door.Service}, bus.Ledger: {views.Service}}
	for _, t := range targets() {
		if t.machine != nil {
			all[t.stream] = append(all[t.stream], run.PartNames(t.name, max(1, a.config.Partitions))...)
		}
	}
	return all
}

// comparePositions compares how far the documents say that the streams were read
// with where the streams end, where both are in the data directory. Elsewhere
// documents may be of another log, and each service tells.
func (a *App) comparePositions(ctx context.Context) error {
	if a.config.NATS != "" || a.config.Store != "" {
		return nil
	}
	b := a.someBus()
	for stream, names := range a.readers() {
		end, err := b.End(ctx, stream)
		if err != nil {
			return err
		}
		for _, name := range names {
			position, err := run.PositionOf(ctx, a.store, name)
			if err != nil {
				return err
			}
			if position <= end {
				continue
			}
			if err := a.short(stream, name, bus.MessageOf(end), bus.MessageOf(position)); err != nil {
				return err
			}
		}
	}
	return nil
}

// short tells what follows from a stream that ends before what was read of it.
func (a *App) short(stream, reader string, end, read uint64) error {
	a.suspect.Store(true)
	lost := Damage{Where: stream, From: end + 1, To: read, What: fmt.Sprintf("the stream ends at %d, but %s has read %d", end, reader, read)}
	switch {
	case a.mending != nil:
		a.anew, a.mending.done = true, append(a.mending.done, lost)
		return nil
	case stream == bus.Feed:
		return &DamagedError{a.config.Data, []Damage{lost}}
	}
	a.anew = true
	return fmt.Errorf("%w: %s", errAnew, lost)
}
