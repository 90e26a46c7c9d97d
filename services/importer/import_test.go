package importer_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/importer"
)

const (
	bostonFile     = "../../../shared/data/boston311/boston311_2015.csv.gz"
	serviceNowFile = "../../../shared/data/servicenow/incident_event_log.csv.gz"
)

// needs skips a test whose published data is absent.
func needs(t testing.TB, name string) string {
	t.Helper()
	if _, err := os.Stat(name); err != nil {
		t.Skipf("the published data is absent: %v", err)
	}
	return name
}

func shipped(t testing.TB, name string) *importer.Mapping {
	t.Helper()
	document, ok := importer.Shipped(name)
	if !ok {
		t.Fatalf("mapping %s is not shipped", name)
	}
	m, err := importer.LoadMapping(document)
	if err != nil {
		t.Fatalf("load mapping %s: %v", name, err)
	}
	return m
}

// imported is what an import yielded.
type imported struct {
	items   []importer.Item
	summary *importer.Summary
	rejects string
}

func (i imported) events() []*feedv1.Event {
	events := make([]*feedv1.Event, len(i.items))
	for n, item := range i.items {
		events[n] = item.Event
	}
	return events
}

// run imports and keeps everything.
func run(t testing.TB, m *importer.Mapping, o importer.Options, files ...string) imported {
	t.Helper()
	var out imported
	var rejects bytes.Buffer
	o.Rejects = &rejects
	summary, err := importer.Run(t.Context(), m, o, func(_ context.Context, batch []importer.Item) (importer.Outcome, error) {
		out.items = append(out.items, batch...)
		return importer.Outcome{Accepted: len(batch)}, nil
	}, files...)
	if err != nil {
		t.Fatalf("import: %v", err)
	}
	out.summary, out.rejects = summary, rejects.String()
	return out
}

// write puts a file into a folder of the test.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// gunzip gives what a gzipped file holds.
func gunzip(t testing.TB, name string) string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func local(t testing.TB, zone, text string) time.Time {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04:05", text, location)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestBostonIsImportedWhole(t *testing.T) {
	file := needs(t, bostonFile)
	asOf := local(t, "America/New_York", "2016-01-13 00:00:00")
	got := run(t, shipped(t, "boston311"), importer.Options{AsOf: asOf, CreateUnits: true}, file)
	s := got.summary
	t.Logf("%s", s)
	if s.Rows != 121145 || s.Tickets != 121145 || s.Rejected != 0 || s.Later != 0 {
		t.Errorf("rows %d, tickets %d, rejected %d, later %d", s.Rows, s.Tickets, s.Rejected, s.Later)
	}
	if s.Events["ticket_opened"] != 121145 || s.Events["ticket_closed"] != 121145-19873 || s.Units != 17 {
		t.Errorf("events %v, units %d", s.Events, s.Units)
	}
	if s.Warnings != 197 || strings.Count(got.rejects, ",closed_before_opened,") != 197 {
		t.Errorf("%d warnings, not 197 rows closed before they were opened", s.Warnings)
	}
	if s.CarriedMissed != 19072 || s.CarriedMet != 79126-19072 {
		t.Errorf("carried %d met, %d missed", s.CarriedMet, s.CarriedMissed)
	}
	promised := 0
	for _, e := range got.events() {
		if e.GetTicketOpened().GetDueAt() != nil {
			promised++
		}
	}
	if promised != 121145-26991 {
		t.Errorf("%d promised dates", promised)
	}
}

func TestServiceNowIsImportedWhole(t *testing.T) {
	file := needs(t, serviceNowFile)
	got := run(t, shipped(t, "servicenow"), importer.Options{CreateUnits: true}, file)
	s := got.summary
	t.Logf("%s", s)
	if s.Rows != 141712 || s.Tickets != 24918 || s.Rejected != 5 {
		t.Errorf("rows %d, tickets %d, rejected %d", s.Rows, s.Tickets, s.Rejected)
	}
	reopened := map[string]int{}
	for _, e := range got.events() {
		if r := e.GetTicketReopened(); r != nil {
			reopened[r.Ticket]++
		}
	}
	if s.Events["ticket_reopened"] != 331 || len(reopened) != 275 {
		t.Errorf("%d reopenings of %d incidents, not 331 of 275", s.Events["ticket_reopened"], len(reopened))
	}
	if s.CarriedMissed != 9115 || s.CarriedMet != 24918-9115 {
		t.Errorf("carried %d met, %d missed", s.CarriedMet, s.CarriedMissed)
	}
}
