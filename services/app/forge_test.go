package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"kaohe.dev/services/app"
	"kaohe.dev/services/internal/bus"
)

// victims are what messages are sent to: where they would be stored, and what
// JetStream would be asked.
var victims = []string{
	bus.FeedBatches, bus.FeedEvents, bus.LedgerRecords, bus.FactPrefix + "ticket_overdue", bus.FactPrefix + "callback_rated", bus.MarkerPrefix + "survey",
	"$JS.API.STREAM.DELETE.LEDGER", "$JS.API.STREAM.PURGE.FEED", "KAOHE.API.STREAM.DELETE.LEDGER", "$JS.API.STREAM.MSG.DELETE.FEED",
}

// forger has the stolen key of a service, speaks the protocol himself, and lets
// the server send for him.
type forger struct {
	nc   *nats.Conn
	user string
	api  string // how JetStream is asked from his account
}

// ask makes a request and waits for the answer, or for nothing where he may not.
func (f forger) ask(request, body string) {
	_, _ = f.nc.Request(f.api+request, []byte(body), 2*time.Second)
}

// means are the ways to have the server send something of a stream to a subject.
var means = []struct {
	name string
	try  func(f forger, stream, victim string)
}{
	{"a pull answered to", func(f forger, stream, victim string) {
		f.ask("CONSUMER.CREATE."+stream+".pull", `{"stream_name":"`+stream+`","config":{"name":"pull","ack_policy":"none"}}`)
		for _, body := range []string{`{"batch":1,"no_wait":true}`, `{"batch":5,"no_wait":true}`, `{"batch":1,"expires":100000000,"idle_heartbeat":40000000}`} {
			_ = f.nc.PublishRequest(f.api+"CONSUMER.MSG.NEXT."+stream+".pull", victim, []byte(body))
		}
		f.ask("CONSUMER.MSG.NEXT."+stream+".pull", `{"batch":1,"no_wait":true}`) // the pulls before it are answered
		f.ask("CONSUMER.DELETE."+stream+".pull", "")
	}},
	{"a consumer delivering to", func(f forger, stream, victim string) {
		config := `{"stream_name":"` + stream + `","config":{"name":"push","ack_policy":"none","headers_only":true,"idle_heartbeat":100000000,"deliver_subject":"` + victim + `"}}`
		sub, _ := f.nc.SubscribeSync(victim) // somebody has to listen, or nothing is delivered
		f.ask("CONSUMER.CREATE."+stream+".push", config)
		f.ask("STREAM.INFO."+stream, "")
		f.ask("CONSUMER.DELETE."+stream+".push", "")
		if sub != nil {
			_ = sub.Unsubscribe()
		}
	}},
	{"other answers to", func(f forger, stream, victim string) {
		_ = f.nc.PublishRequest(f.api+"STREAM.INFO."+stream, victim, nil)
		_ = f.nc.PublishRequest(f.api+"DIRECT.GET."+stream+"."+bus.FactPrefix+"rulebook_in_force", victim, nil)
		_ = f.nc.PublishRequest(f.api+"DIRECT.GET."+stream+"."+bus.FeedBatches, victim, nil)
		f.ask("STREAM.INFO."+stream, "")
	}},
}

// guard knows how far the streams are.
type guard struct {
	t     *testing.T
	admin *nats.Conn
	// say appends to each stream, and to know that it was stored is to know that
	// what came before was.
	say map[string]func()
	own int // messages that were said
}

// forged waits until all that was asked for is done, and gives how many messages
// the streams have that nobody said, or -1 when one has less or is gone.
func (g *guard) forged() int {
	g.t.Helper()
	// Behind what may have been asked of JetStream; the answer is a refusal.
	g.request("$JS.API.STREAM.CREATE.FEED")
	for _, say := range g.say {
		say()
		g.own++
	}
	all := 0
	for stream := range g.say {
		var info struct {
			State struct {
				Messages int `json:"messages"`
				LastSeq  int `json:"last_seq"`
			} `json:"state"`
		}
		if err := json.Unmarshal(g.request("$JS.API.STREAM.INFO."+stream), &info); err != nil {
			g.t.Fatal(err)
		}
		if info.State.Messages != info.State.LastSeq || info.State.LastSeq == 0 {
			return -1
		}
		all += info.State.Messages
	}
	forged := all - g.own
	g.own = all
	return forged
}

func (g *guard) request(subject string) []byte {
	g.t.Helper()
	answer, err := g.admin.Request(subject, nil, 5*time.Second)
	if err != nil {
		g.t.Fatal(err)
	}
	return answer.Data
}

// says makes what appends to a stream.
func says(t *testing.T, nc *nats.Conn, subject string) func() {
	return func() {
		t.Helper()
		if answer, err := nc.Request(subject, []byte("said"), 5*time.Second); err != nil || bytes.Contains(answer.Data, []byte(`"error"`)) {
			t.Fatalf("append to %s: %v", subject, err)
		}
	}
}

// as connects with a user's key, and an inbox he may listen to.
func as(t *testing.T, url, keys, user string) *nats.Conn {
	t.Helper()
	nkey, err := nats.NkeyOptionFromSeed(filepath.Join(keys, user+".nk"))
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(url, nkey, nats.CustomInboxPrefix("_INBOX."+user), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// TestAStolenKeyForgesNothing: on a server with the shipped accounts every service
// lets the server send what it may read to everything that would be stored, or
// that would delete. The table of testdata/forged.md is what came of it: nothing
// but what that service may write anyway.
func TestAStolenKeyForgesNothing(t *testing.T) {
	c := config(t)
	c.NATS, c.NATSKeys = guarded(t)
	a := start(t, c)
	mainJob(t, a) // so that every stream has something
	if err := a.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	g := &guard{t: t, admin: as(t, c.NATS, c.NATSKeys, app.Admin), say: map[string]func(){
		bus.Feed:   says(t, as(t, c.NATS, c.NATSKeys, app.Gateway), bus.FeedEvents),
		bus.Facts:  says(t, as(t, c.NATS, c.NATSKeys, "survey"), bus.FactPrefix+"callback_rated"),
		bus.Ledger: says(t, as(t, c.NATS, c.NATSKeys, "scoring"), bus.LedgerRecords),
	}}
	g.forged() // what was there
	var table bytes.Buffer
	users := app.Users(1)[1:]
	fmt.Fprintf(&table, "What somebody with the stolen key of a service can have NATS store or delete for him, by naming the place as the one to send to.\n\n| |")
	for _, user := range users {
		fmt.Fprintf(&table, " %s |", user.Name)
	}
	fmt.Fprintf(&table, "\n|---|%s\n", strings.Repeat("---|", len(users)))
	for _, way := range means {
		for _, victim := range victims {
			fmt.Fprintf(&table, "| %s %s |", way.name, victim)
			for _, user := range users {
				f := forger{as(t, c.NATS, c.NATSKeys, user.Name), user.Name, "KAOHE.API."}
				for _, stream := range []string{bus.Feed, bus.Facts, bus.Ledger} {
					if slices.Contains(user.Publish, f.api+"STREAM.INFO."+stream) {
						way.try(f, stream, victim)
					}
				}
				cell := "·"
				if n := g.forged(); n != 0 {
					cell = "yes"
					if n < 0 || !slices.Contains(user.Publish, victim) {
						t.Errorf("%s: %s %s: %d messages were stored, or a stream lost some", user.Name, way.name, victim, n)
					}
				}
				f.nc.Close()
				fmt.Fprintf(&table, " %s |", cell)
			}
			table.WriteString("\n")
		}
	}
	const golden = "testdata/forged.md"
	if *update {
		if err := os.WriteFile(golden, table.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if mustRead(t, golden) != table.String() {
		t.Errorf("the table has changed; read it, and keep it with -update:\n%s", table.String())
	}
}

// TestWithinOneAccountAKeyForges: that it is the accounts that hold, and that the
// forger knows his trade. So the shipped configuration was before.
func TestWithinOneAccountAKeyForges(t *testing.T) {
	url := serve(t, `accounts { KAOHE { jetstream: enabled, users: [
  { user: admin, password: x }
  { user: notify, password: x, permissions: {
    publish: { allow: ["$JS.API.STREAM.INFO.LEDGER", "$JS.API.CONSUMER.CREATE.LEDGER.>", "$JS.API.CONSUMER.MSG.NEXT.LEDGER.*", "$JS.API.CONSUMER.DELETE.LEDGER.*"] }
    subscribe: { allow: ["_INBOX.notify.>"] } } }
] } }`)
	admin, err := nats.Connect(url, nats.UserInfo("admin", "x"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	for stream, subject := range map[string]string{bus.Feed: "feed.>", bus.Facts: "facts.>", bus.Ledger: "ledger.>"} {
		if _, err := admin.Request("$JS.API.STREAM.CREATE."+stream, []byte(`{"name":"`+stream+`","subjects":["`+subject+`"],"storage":"memory"}`), 5*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	g := &guard{t: t, admin: admin, say: map[string]func(){
		bus.Feed: says(t, admin, bus.FeedEvents), bus.Facts: says(t, admin, bus.FactPrefix+"callback_rated"), bus.Ledger: says(t, admin, bus.LedgerRecords),
	}}
	g.forged()
	nc, err := nats.Connect(url, nats.UserInfo("notify", "x"), nats.CustomInboxPrefix("_INBOX.notify"), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	means[0].try(forger{nc, app.Notify, "$JS.API."}, bus.Ledger, bus.FeedBatches)
	if n := g.forged(); n <= 0 {
		t.Errorf("%d messages were forged", n)
	}
}

// serve runs a NATS server with a configuration.
func serve(t *testing.T, text string) (url string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(name, []byte(fmt.Sprintf("listen: \"127.0.0.1:-1\"\njetstream { store_dir: %q }\n%s\n", t.TempDir(), text)), 0o600); err != nil {
		t.Fatal(err)
	}
	options, err := server.ProcessConfigFile(name)
	if err != nil {
		t.Fatal(err)
	}
	options.NoSigs, options.NoLog = true, true
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(30 * time.Second) {
		t.Fatal("the server does not start")
	}
	return s.ClientURL()
}
