// Package bus is kaohe's way to NATS JetStream: three streams, what is appended
// together in one message, ordered reading out.
//
// In flow messages to append; out flow messages in the order of a stream, from
// any place on. Never here: what a message means, or who has read how far:
// readers keep their own position beside what they derived from it.
package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"kaohe.dev/services/internal/chain"
)

// The streams. Feed is the truth; the others can be rebuilt from it.
const (
	Feed   = "FEED"
	Facts  = "FACTS"
	Ledger = "LEDGER"
)

// Subjects of the streams.
const (
	FeedEvents    = "feed.events"    // one Event a message: for who writes to the feed past the door
	FeedBatches   = "feed.batches"   // Events
	FactPrefix    = "facts."         // facts.<kind>: Facts
	WakePrefix    = "wake."          // wake.<service>: keys that fell due
	MarkerPrefix  = "marker."        // marker.<service>: a Barrier the service has passed
	LedgerRecords = "ledger.records" // Records
)

// prefixes are what the subjects of the streams begin with.
var prefixes = map[string][]string{
	Feed: {"feed."}, Facts: {FactPrefix, WakePrefix, MarkerPrefix}, Ledger: {"ledger."},
}

// Fits reports whether a message is one that a stream can have: its subject is
// one of the stream, and a batch can be taken apart.
func Fits(stream, subject string, data []byte) bool {
	if !slices.ContainsFunc(prefixes[stream], func(prefix string) bool { return strings.HasPrefix(subject, prefix) }) {
		return false
	}
	if !isPacked(subject) {
		return true
	}
	_, err := unpack(data)
	return err == nil
}

// Message is one message to append.
type Message struct {
	Subject string
	Data    []byte
	// Barrier: nothing appended before it is read behind it, nothing appended
	// behind it before. Without, only messages of one subject keep their order.
	Barrier bool
	// Trace is the traceparent it carries on; empty: nobody follows it.
	Trace string
	// Accepts are messages of the feed whose damage is known from here on.
	Accepts chain.Ranges
}

// Options say how to reach the server.
type Options struct {
	// URL of a server; empty with InProcess.
	URL string
	// InProcess is an embedded server.
	InProcess *server.Server
	// Name of the connection, seen in the server's monitoring.
	Name string
	// CA is a PEM file of who signs the server's certificate; empty: who the
	// system trusts.
	CA string
	// Cert and Key are PEM files of our own certificate, for a server that asks
	// for one; empty: none.
	Cert, Key string
	// User is whom the server knows us as, and Seed the file of his nkey seed;
	// empty: the server does not ask.
	User, Seed string
	// Elsewhere: the streams are in another account than the user.
	Elsewhere bool
	// Replicas of each stream; 0 is 1.
	Replicas int
	// Timeout of one append; 0 is 10 s.
	Timeout time.Duration
	// Ahead is how many bytes each reader fetches ahead of who reads; 0 is 8 MiB.
	// A message is never larger than the least.
	Ahead int
	// Signs is the key that what is appended to the feed is signed with; nil: none.
	Signs *chain.Key
	// Archive has the part of the feed that the stream has not any more; may be nil.
	Archive Archive
	// Work is what is being done to the streams as a whole by who connects; empty:
	// nothing, and streams that are marked are refused.
	Work string
	// Logger may be nil.
	Logger *slog.Logger
}

// Bus is a connection to JetStream. It is safe for concurrent use.
type Bus struct {
	nc       *nats.Conn
	js       jetstream.JetStream
	replicas int
	timeout  time.Duration
	ahead    int
	archive  Archive
	work     string
	// mark is what the streams have, or had before they were deleted: whoever
	// makes them anew marks them again.
	mark string
	// links bind what is appended to the feed to what is there.
	links links
	// denied is what the server last refused us for want of permission.
	denied atomic.Pointer[denial]
	// full says that the last the server told was that it has no room.
	full     atomic.Bool
	lifeline lifeline
	// heartbeat is how often a server that has nothing for a reader says so.
	heartbeat time.Duration
}

// Connect connects, and goes on trying for ever when a connection is lost.
func Connect(opts Options) (*Bus, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	b := &Bus{replicas: max(1, opts.Replicas), timeout: positive(opts.Timeout, 10*time.Second), ahead: ahead(opts.Ahead), archive: opts.Archive, work: opts.Work, links: links{key: opts.Signs}}
	credentials, err := opts.credentials()
	if err != nil {
		return nil, err
	}
	natsOptions := append(credentials,
		nats.Name(opts.Name), nats.MaxReconnects(-1), nats.ReconnectWait(200*time.Millisecond),
		nats.RetryOnFailedConnect(true), nats.DisconnectErrHandler(func(*nats.Conn, error) { b.lifeline.cut() }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			b.noteDenial(err)
			level := slog.LevelWarn
			if errors.Is(err, nats.ErrSlowConsumer) {
				level = slog.LevelDebug // an ordered reader reads again what was dropped
			}
			opts.Logger.Log(context.Background(), level, "NATS", "error", err)
		}),
	)
	if opts.InProcess != nil {
		natsOptions = append(natsOptions, nats.InProcessServer(opts.InProcess))
	} else {
		natsOptions = append(natsOptions, nats.PingInterval(askEvery), nats.MaxPingsOutstanding(unanswered))
		b.heartbeat = readerHeartbeat
	}
	if b.nc, err = nats.Connect(opts.URL, natsOptions...); err != nil {
		return nil, fmt.Errorf("connect to NATS at %q: %w; check --nats and that the server runs", opts.URL, err)
	}
	api := apiHere
	if opts.Elsewhere {
		api = apiElsewhere
	}
	if b.js, err = jetstream.NewWithAPIPrefix(b.nc, strings.TrimSuffix(api, ".")); err != nil {
		b.nc.Close()
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	return b, nil
}

// A server elsewhere is asked every so often whether it lives, and given up for
// another one when so many questions are open: a node that stands still keeps
// its connections, and would be waited for for minutes.
// A reader whose server says nothing for two heartbeats is begun anew.
const (
	askEvery        = 2 * time.Second
	unanswered      = 2
	readerHeartbeat = 3 * time.Second
)

// How many bytes are fetched ahead: unless told, and at least, which is more
// than the largest message.
const (
	defaultAhead = 8 << 20
	minAhead     = 4<<20 + 64<<10
)

func ahead(bytes int) int {
	if bytes == 0 {
		return defaultAhead
	}
	return min(max(bytes, minAhead), defaultAhead)
}

func positive(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// Close ends the connection.
func (b *Bus) Close() { b.nc.Close() }

// subjects gives those of each stream.
func subjects() map[string][]string {
	all := map[string][]string{}
	for stream, prefixes := range prefixes {
		for _, prefix := range prefixes {
			all[stream] = append(all[stream], prefix+">")
		}
	}
	return all
}

// Ensure creates the streams, or brings an existing one up to date. A mark of the
// feed is one of all streams.
func (b *Bus) Ensure(ctx context.Context) error {
	feed, err := b.js.Stream(ctx, Feed)
	if err == nil {
		_, err = b.markOf(feed.CachedInfo().Config)
	}
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("look at stream %s: %w", Feed, b.why(err))
	}
	for stream, subjects := range subjects() {
		_, err := b.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name: stream, Subjects: subjects, Storage: jetstream.FileStorage, Replicas: b.replicas,
			AllowDirect: true, Metadata: marked(b.mark),
			// Nothing is ever dropped for age or size: the log is the truth.
			Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew,
		})
		if err != nil {
			return fmt.Errorf("create stream %s: %w", stream, b.why(err))
		}
	}
	return nil
}

// Forget deletes streams and all that is in them.
func (b *Bus) Forget(ctx context.Context, streams ...string) error {
	for _, stream := range streams {
		if err := b.js.DeleteStream(ctx, stream); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return fmt.Errorf("delete stream %s: %w", stream, err)
		}
	}
	return nil
}

// Last gives the sequence of the last message of a stream, of the first thing
// in it where several share a message.
func (b *Bus) Last(ctx context.Context, stream string) (uint64, error) {
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("look up stream %s: %w", stream, b.why(err))
	}
	return s.CachedInfo().State.LastSeq << placeBits, nil
}

// Newest tells when the last message of a stream was appended, by the server's
// clock; zero: there is none.
func (b *Bus) Newest(ctx context.Context, stream string) (time.Time, error) {
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return time.Time{}, fmt.Errorf("look up stream %s: %w", stream, b.why(err))
	}
	return s.CachedInfo().State.LastTime, nil
}

// End gives a sequence that nothing in a stream is behind of: the last place
// the last message can have.
func (b *Bus) End(ctx context.Context, stream string) (uint64, error) {
	last, err := b.Last(ctx, stream)
	if err != nil || last == 0 {
		return last, err
	}
	return last + maxPlaces - 1, nil
}

// Messages gives how many messages lie between two sequences so far apart.
func Messages(apart uint64) uint64 { return (apart + maxPlaces - 1) >> placeBits }

// Transient reports whether an error may pass by itself: no server, no leader,
// no majority now.
func Transient(err error) bool {
	var refusal *jetstream.APIError
	switch {
	case errors.Is(err, ErrLost):
		return false
	case errors.Is(err, ErrFull):
		return true
	case errors.As(err, &refusal):
		return refusal.Code >= 500 || refusal.ErrorCode == tooManyConsumers
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, nats.ErrNoResponders) ||
		errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrDisconnected) || errors.Is(err, jetstream.ErrNoHeartbeat) ||
		errors.Is(err, jetstream.ErrJetStreamNotEnabled)
}

// tooManyConsumers passes when the server has forgotten those of the dead.
const tooManyConsumers jetstream.ErrorCode = 10026

// Ready reports why the bus cannot be used now; nil when it can.
func (b *Bus) Ready() error {
	status := b.nc.Status()
	if status == nats.CONNECTED {
		return nil
	}
	if err := b.nc.LastError(); err != nil {
		return fmt.Errorf("the connection to NATS is %s: %w", status, err)
	}
	return fmt.Errorf("the connection to NATS is %s", status)
}
