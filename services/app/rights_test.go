package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"kaohe.dev/services/app"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
)

// may reports whether a connection may publish or listen to a subject: what it
// may not is told before the server answers a ping.
func may(t *testing.T, nc *nats.Conn, subject string, listen bool) bool {
	t.Helper()
	if nc.Opts.Name != app.Admin { // a service asks from another account
		subject = strings.Replace(subject, "$JS.API.", "KAOHE.API.", 1)
	}
	var err error
	if listen {
		_, err = nc.SubscribeSync(subject)
	} else {
		err = nc.Publish(subject, nil)
	}
	if err == nil {
		err = nc.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	denied := nc.LastError()
	return denied == nil || !strings.Contains(denied.Error(), fmt.Sprintf("%q", subject))
}

// rightsRows are what is tried: a name and the subjects all of which it takes.
func rightsRows() (names []string, subjects map[string][]string) {
	subjects = map[string][]string{}
	row := func(name string, all ...string) { names, subjects[name] = append(names, name), all }
	for _, stream := range []string{bus.Feed, bus.Facts, bus.Ledger} {
		api := "$JS.API."
		row("look up "+stream, api+"STREAM.INFO."+stream)
		row("read "+stream, api+"CONSUMER.CREATE."+stream+".x", api+"CONSUMER.CREATE."+stream+".x.y.z",
			api+"CONSUMER.MSG.NEXT."+stream+".x", api+"CONSUMER.DELETE."+stream+".x")
		row("make "+stream, api+"STREAM.CREATE."+stream, api+"STREAM.UPDATE."+stream)
		row("delete "+stream, api+"STREAM.DELETE."+stream)
		row("purge "+stream, api+"STREAM.PURGE."+stream)
		row("delete from "+stream, api+"STREAM.MSG.DELETE."+stream)
		row("read one of "+stream, api+"STREAM.MSG.GET."+stream)
	}
	row("last rulebook", "$JS.API.DIRECT.GET.FACTS.facts.rulebook_in_force")
	row("last ticket", "$JS.API.DIRECT.GET.FACTS.facts.ticket_recorded")
	row("last batch", "$JS.API.DIRECT.GET.FEED.feed.batches")
	row("last event", "$JS.API.DIRECT.GET.FEED.feed.events")
	row("restore", "$JS.API.STREAM.RESTORE."+bus.Feed)
	for _, subject := range []string{bus.FeedBatches, bus.FeedEvents, bus.LedgerRecords} {
		row(subject, subject)
	}
	for _, kind := range flow.Kinds() {
		row(bus.FactPrefix+string(kind), bus.FactPrefix+string(kind))
	}
	for _, user := range app.Users(1) {
		for _, prefix := range []string{bus.MarkerPrefix, bus.WakePrefix} {
			row(prefix+user.Name, prefix+user.Name, prefix+user.Name+"-3")
		}
		row("answers to " + user.Name)
	}
	return names, subjects
}

// asEach connects as every user, in the order of the names.
func asEach(t *testing.T) (names []string, connections map[string]*nats.Conn) {
	t.Helper()
	url, keys := guarded(t)
	connections = map[string]*nats.Conn{}
	for _, user := range app.Users(1) {
		nkey, err := nats.NkeyOptionFromSeed(filepath.Join(keys, user.Name+".nk"))
		if err != nil {
			t.Fatal(err)
		}
		nc, err := nats.Connect(url, nkey, nats.Name(user.Name), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		names, connections[user.Name] = append(names, user.Name), nc
	}
	if _, err := nats.Connect(url); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("without a key: %v", err)
	}
	return names, connections
}

// cell tries a row as one user.
func cell(t *testing.T, nc *nats.Conn, row string, subjects []string) string {
	t.Helper()
	user, answers := strings.CutPrefix(row, "answers to ")
	if answers {
		subjects = []string{"_INBOX." + user + ".>"}
	}
	allowed := 0
	for _, subject := range subjects {
		if may(t, nc, subject, answers) {
			allowed++
		}
	}
	switch allowed {
	case 0:
		return "·"
	case len(subjects):
		return "yes"
	}
	return "PART"
}

// The table of testdata/rights.md is what every user may do, found out by trying
// it all on a server with the shipped accounts. Run with -update after a change,
// and read it.
func TestEveryUserOfNATSMayDoWhatTheTableSays(t *testing.T) {
	columns, connections := asEach(t)
	var table bytes.Buffer
	fmt.Fprintf(&table, "What each user of NATS may publish, ask of JetStream, and listen to.\n\n| | %s |\n|---|%s\n",
		strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	names, subjects := rightsRows()
	for _, name := range names {
		cells := make([]string, len(columns))
		for i, column := range columns {
			cells[i] = cell(t, connections[column], name, subjects[name])
		}
		fmt.Fprintf(&table, "| %s | %s |\n", name, strings.Join(cells, " | "))
	}
	const golden = "testdata/rights.md"
	if *update {
		if err := os.WriteFile(golden, table.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if mustRead(t, golden) != table.String() {
		t.Errorf("the table has changed; read it, and keep it with -update:\n%s", table.String())
	}
}
