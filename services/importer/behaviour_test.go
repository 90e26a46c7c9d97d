package importer_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"

	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/importer"
)

const updates = `name: log
source: log
shape: update
zone: Asia/Shanghai
times: ["%Y-%m-%d %H:%M"]
missing: ["-"]
ticket: no
time: changed
tiebreak: version
final: {done: done, verdict: done}
events:
  - type: ticket_opened
    when: first
    at: {column: changed}
    set: {kind: {value: fault}, unit: {column: unit, else: none}}
  - type: ticket_replied
    when: row.state == 'done' && (first || prev.state != 'done')
    at: {column: changed}
    set: {result: {value: done}, completed_at: {column: done}, text: {cel: 'row.?verdict'}}
`

const updateRows = `no,changed,version,state,unit,done,verdict
A1,2026-03-01 08:00,1,open,东区,2026-03-05 10:00,late
A1,2026-03-02 08:00,2,done,东区,2026-03-05 10:00,late
A1,2026-03-03 08:00,3,open,东区,2026-03-05 10:00,late
A1,2026-03-05 10:00,4,done,东区,2026-03-05 10:00,late
B2,2026-03-01 09:00,1,open,-,-,-
`

func load(t testing.TB, document string) *importer.Mapping {
	t.Helper()
	m, err := importer.LoadMapping([]byte(document))
	if err != nil {
		t.Fatalf("load mapping: %v", err)
	}
	return m
}

// said lists events as "id instant payload" lines.
func said(i imported) []string {
	var lines []string
	for _, e := range i.events() {
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(e)
		if err != nil {
			panic(err)
		}
		lines = append(lines, fmt.Sprintf("%s %x", e.Id, raw))
	}
	slices.Sort(lines)
	return lines
}

func TestAFinalColumnIsAbsentUntilItsTimeHasCome(t *testing.T) {
	got := run(t, load(t, updates), importer.Options{CreateUnits: true}, write(t, "log.csv", updateRows))
	var replies []*feedv1.TicketReplied
	for _, e := range got.events() {
		if r := e.GetTicketReplied(); r != nil {
			replies = append(replies, r)
		}
	}
	if len(replies) != 2 {
		t.Fatalf("%d replies, not 2", len(replies))
	}
	if replies[0].CompletedAt != nil || replies[0].Text != "" {
		t.Errorf("the first reply knows the future: %v", replies[0])
	}
	want := local(t, "Asia/Shanghai", "2026-03-05 10:00:00")
	if !replies[1].CompletedAt.AsTime().Equal(want) || replies[1].Text != "late" {
		t.Errorf("the second reply does not know the present: %v", replies[1])
	}
}

func TestAsOfHidesWhatCameLater(t *testing.T) {
	m := load(t, updates)
	file := write(t, "log.csv", updateRows)
	asOf := local(t, "Asia/Shanghai", "2026-03-02 23:00:00")
	got := run(t, m, importer.Options{CreateUnits: true, AsOf: asOf}, file)
	if got.summary.Later != 2 || got.summary.Events["ticket_replied"] != 1 {
		t.Errorf("later %d, events %v", got.summary.Later, got.summary.Events)
	}
	boston := write(t, "boston.csv", `CASE_ENQUIRY_ID,OPEN_DT,TARGET_DT,CLOSED_DT,OnTime_Status,CLOSURE_CODE,TYPE,Department,Source
1,01/01/2015 08:00:00 AM,01/05/2015 08:00:00 AM,01/06/2015 08:00:00 AM,OVERDUE,x,Y,No Q,App
2,01/04/2015 08:00:00 AM,,,ONTIME,,Y,PWDx,App
`)
	asOf = local(t, "America/New_York", "2015-01-03 00:00:00")
	got = run(t, shipped(t, "boston311"), importer.Options{CreateUnits: true, AsOf: asOf}, boston)
	want := map[string]int64{"ticket_opened": 1, "unit_registered": 1}
	if fmt.Sprint(got.summary.Events) != fmt.Sprint(want) || got.summary.Later != 1 {
		t.Errorf("later %d, events %v; want 1, %v", got.summary.Later, got.summary.Events, want)
	}
	unit := got.items[0].Event.GetUnitRegistered()
	if unit.GetUnit() != "No_Q" || unit.GetNameZh() != "No Q" || unit.GetZone() != "America/New_York" {
		t.Errorf("unit %v", unit)
	}
}

func TestImportingTwiceOrShuffledSaysTheSame(t *testing.T) {
	cases := []struct{ mapping, file string }{{"boston311", bostonFile}, {"servicenow", serviceNowFile}}
	for _, c := range cases {
		t.Run(c.mapping, func(t *testing.T) {
			m := shipped(t, c.mapping)
			lines := head(t, needs(t, c.file), 4000)
			options := importer.Options{CreateUnits: true}
			want := said(run(t, m, options, write(t, "a.csv", strings.Join(lines, "\n"))))
			rows := lines[1:]
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			got := said(run(t, m, options, write(t, "b.csv", strings.Join(lines, "\n"))))
			if !slices.Equal(got, want) {
				t.Errorf("shuffled rows say something else: %d and %d events", len(got), len(want))
			}
			half := len(lines) / 2
			parts := []string{
				write(t, "c.csv", strings.Join(lines[:half], "\n")),
				write(t, "d.csv", strings.Join(append([]string{lines[0]}, lines[half:]...), "\n")),
			}
			if got := said(run(t, m, options, parts...)); !slices.Equal(got, want) {
				t.Errorf("two files say something else than one")
			}
		})
	}
}

// head gives the first lines of a gzipped file.
func head(t testing.TB, name string, n int) []string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(gunzip(t, name)) {
		if lines = append(lines, strings.TrimRight(line, "\r\n")); len(lines) == n {
			break
		}
	}
	return lines
}

func TestEveryEventPassesTheDoorsRules(t *testing.T) {
	cases := []struct{ mapping, file string }{{"boston311", bostonFile}, {"servicenow", serviceNowFile}}
	for _, c := range cases {
		t.Run(c.mapping, func(t *testing.T) {
			lines := head(t, needs(t, c.file), 20000)
			got := run(t, shipped(t, c.mapping), importer.Options{CreateUnits: true}, write(t, "a.csv", strings.Join(lines, "\n")))
			ids := map[string]bool{}
			for _, item := range got.items {
				if err := protovalidate.Validate(item.Event); err != nil {
					t.Fatalf("line %d, %s: %v", item.Line, item.Event.Id, err)
				}
				if ids[item.Event.Id] {
					t.Errorf("id %s twice", item.Event.Id)
				}
				ids[item.Event.Id] = true
				if item.Event.Clock != "import:"+c.mapping {
					t.Fatalf("clock %q", item.Event.Clock)
				}
			}
		})
	}
}
