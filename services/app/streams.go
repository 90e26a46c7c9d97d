package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"kaohe.dev/services/internal/archive"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/pause"
)

// users are as whom this process talks to NATS: as each of its targets, where
// they have keys of their own, and as admin where it has that key too.
func (a *App) users() (names []string) {
	for _, t := range a.targets {
		names = append(names, t.name)
	}
	if _, err := os.Stat(a.seed(Admin)); a.config.NATSKeys != "" && err == nil {
		names = append([]string{Admin}, names...)
	}
	return names
}

// seed is the file of a user's key.
func (a *App) seed(user string) string { return filepath.Join(a.config.NATSKeys, user+".nk") }

// bus is the connection of a user; without keys all share one.
func (a *App) bus(user string) *bus.Bus {
	if a.config.NATSKeys == "" {
		user = ""
	}
	return a.buses[user]
}

// openStreams connects as each user. Admin, or whoever needs no key, makes the
// streams; the others wait for them.
func (a *App) openStreams(ctx context.Context, users ...string) error {
	if a.config.NATSKeys == "" {
		users = []string{""}
	}
	if err := a.openArchive(); err != nil {
		return err
	}
	inside, err := a.startNATS()
	if err != nil {
		return err
	}
	a.buses = map[string]*bus.Bus{}
	for _, user := range users {
		connected, err := bus.Connect(a.busOptions(user, inside))
		if err != nil {
			return err
		}
		a.buses[user] = connected
		a.later("bus", func(context.Context) error { connected.Close(); return nil })
		if err := a.awaitStreams(ctx, user, connected); err != nil {
			return err
		}
	}
	return nil
}

// openArchive opens the part of the log that the streams have not any more.
func (a *App) openArchive() (err error) {
	if a.config.Archive != "" {
		a.archive, err = archive.Open(a.config.Archive)
	}
	return err
}

// Setup makes the streams of a NATS server, or brings them up to date, and waits
// for the server to be there.
func Setup(ctx context.Context, config Config) (err error) {
	a, err := New(config)
	if err != nil {
		return err
	}
	if config.NATS == "" {
		return errors.New("no NATS server is given; name it with --nats, the one in the process needs no setup")
	}
	defer func() { err = errors.Join(err, a.Stop(context.WithoutCancel(ctx))) }()
	return a.openStreams(ctx, Admin)
}

// startNATS starts the server in the process; nil when there is another.
func (a *App) startNATS() (*server.Server, error) {
	if a.config.NATS != "" {
		return nil, nil
	}
	return a.embed()
}

func (a *App) busOptions(user string, inside *server.Server) bus.Options {
	c := a.config
	options := bus.Options{
		URL: c.NATS, InProcess: inside, Name: "kaohe", Replicas: c.Replicas,
		CA: c.NATSCA, Cert: c.NATSCert, Key: c.NATSKey, Logger: c.Logger, Work: c.Work, Ahead: a.budget.ahead,
	}
	if user == "" || user == Gateway || user == Admin {
		options.Signs = a.signer.key
	}
	if a.archive != nil {
		options.Archive = a.archive
	}
	if user != "" {
		options.Name, options.User, options.Seed, options.Elsewhere = "kaohe "+user, user, a.seed(user), user != Admin
		options.Logger = c.Logger.With(slog.String("nats_user", user))
	}
	return options
}

// Pauses between two looks for a server.
const (
	minWait = 100 * time.Millisecond
	maxWait = 5 * time.Second
)

// awaitStreams waits for a NATS server that is not there yet, a cluster that
// has no leader yet, or streams that another process makes: processes are
// started in any order.
func (a *App) awaitStreams(ctx context.Context, user string, b *bus.Bus) error {
	look := b.Ensure
	if i := slices.IndexFunc(a.targets, func(t target) bool { return t.name == user }); i >= 0 {
		look = func(ctx context.Context) error { return b.Find(ctx, a.targets[i].reads()...) }
	}
	for wait := pause.Between(minWait, maxWait); ; {
		err := look(ctx)
		if err == nil || a.config.NATS == "" {
			return err
		}
		if a.config.Work != "" && errors.Is(err, ErrUnfinished) {
			return err // whoever runs a command is told, and does not wait
		}
		err = errors.Join(err, b.Ready())
		a.note(fmt.Errorf("waiting for NATS at %s: %w", a.config.NATS, err))
		next := wait.Next()
		a.config.Logger.Warn("waiting for NATS", "url", a.config.NATS, "error", err, "retry_in", next)
		if !pause.Sleep(ctx, next) {
			return errors.Join(err, ctx.Err())
		}
	}
}
