package app_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"kaohe.dev/services/app"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/embedded"
)

var update = flag.Bool("update", false, "write accounts.conf and the table of rights anew")

const shipped = "../../deploy/nats/accounts.conf"

// shippedPartitions are those of deploy/kaohe/kaohe.yaml.
const shippedPartitions = 4

func TestTheShippedAccountsAreWhatTheServicesDeclare(t *testing.T) {
	if *update {
		if err := os.WriteFile(shipped, []byte(app.Accounts(shippedPartitions)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := mustRead(t, shipped); got != app.Accounts(shippedPartitions) {
		t.Errorf("%s is not what kaohe nats accounts --partitions %d prints; make it anew with -update", shipped, shippedPartitions)
	}
	if settings := mustRead(t, "../../deploy/kaohe/kaohe.yaml"); !strings.Contains(settings, fmt.Sprintf("\npartitions: %d\n", shippedPartitions)) {
		t.Errorf("deploy/kaohe/kaohe.yaml has another number of partitions than %s", shipped)
	}
}

func mustRead(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// guarded starts a server with the shipped accounts, and makes the keys.
func guarded(t *testing.T) (url, keys string) {
	t.Helper()
	keys = t.TempDir()
	if _, err := app.MakeKeys(keys); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Fields(mustRead(t, filepath.Join(keys, app.KeysFile))) {
		name, value, _ := strings.Cut(line, "=")
		t.Setenv(name, value)
	}
	dir := t.TempDir()
	config := fmt.Sprintf("listen: \"127.0.0.1:-1\"\njetstream { store_dir: %q }\ninclude accounts.conf\n", dir)
	for name, text := range map[string]string{"nats.conf": config, "accounts.conf": mustRead(t, shipped)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	options, err := server.ProcessConfigFile(filepath.Join(dir, "nats.conf"))
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
	return s.ClientURL(), keys
}

// TestTheShippedServersTakeWhatTheEmbeddedOneTakes: or what one has stored could
// not be restored to the other.
func TestTheShippedServersTakeWhatTheEmbeddedOneTakes(t *testing.T) {
	guarded(t) // sets what the configuration asks the environment for
	t.Setenv("NODE", "n1")
	options, err := server.ProcessConfigFile("../../deploy/nats/node.conf")
	if err != nil {
		t.Fatal(err)
	}
	if options.MaxPayload != embedded.MaxPayload {
		t.Errorf("the shipped servers take messages of %d bytes, the embedded one of %d", options.MaxPayload, embedded.MaxPayload)
	}
	if !options.SyncAlways {
		t.Error("what the shipped servers acknowledge is not on the disk")
	}
}

func TestTheMainJobWithAUserForEachService(t *testing.T) {
	c := config(t)
	c.NATS, c.NATSKeys = guarded(t)
	mainJob(t, start(t, c))
}

func TestAProcessWithoutTheAdminWaitsForTheStreams(t *testing.T) {
	c := config(t)
	c.NATS, c.NATSKeys = guarded(t)
	c.Store = "sqlite:" + t.TempDir()
	admin, away := filepath.Join(c.NATSKeys, "admin.nk"), filepath.Join(t.TempDir(), "admin.nk")
	if err := os.Rename(admin, away); err != nil {
		t.Fatal(err)
	}
	a, err := app.New(c)
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan error, 1)
	go func() { started <- a.Start(t.Context()) }()
	t.Cleanup(func() { _ = a.Stop(t.Context()) })
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(20 * time.Second); !errors.Is(a.Ready(), bus.ErrNoStream); <-look.C {
		if time.Now().After(deadline) {
			t.Fatalf("it says %v", a.Ready())
		}
	}
	setup := config(t)
	setup.NATS, setup.NATSKeys, setup.Store = c.NATS, filepath.Dir(away), c.Store
	if err := app.Setup(t.Context(), setup); err != nil {
		t.Fatal(err)
	}
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	mainJob(t, a)
}

func TestSurveyCannotWriteTheLedger(t *testing.T) {
	c := config(t)
	c.NATS, c.NATSKeys = guarded(t)
	start(t, c)
	as := func(user string) *bus.Bus {
		b, err := bus.Connect(bus.Options{URL: c.NATS, User: user, Seed: filepath.Join(c.NATSKeys, user+".nk"), Elsewhere: true, Timeout: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		return b
	}
	survey, gateway := as("survey"), as(app.Gateway)
	for _, subject := range []string{bus.LedgerRecords, bus.FactPrefix + string(flow.TicketOverdue), bus.FeedEvents} {
		if _, err := survey.Append(t.Context(), []bus.Message{{Subject: subject}}); !errors.Is(err, bus.ErrDenied) || !strings.Contains(err.Error(), subject) {
			t.Errorf("append to %s: %v", subject, err)
		}
	}
	if last, err := gateway.Last(t.Context(), bus.Ledger); err != nil || last != 0 {
		t.Errorf("the ledger ends at %d (%v)", last, err)
	}
}
