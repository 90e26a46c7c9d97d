package importer_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	"kaohe.dev/services/importer"
)

func TestBadRowsAreRejectedWithLineAndReason(t *testing.T) {
	rows := updateRows +
		"C3,yesterday,1,open,x,-,-\n" + // line 7
		"C4,2026-03-01 09:00\n" + // 8
		"C5,2026-03-01 09:00,1,op\xffen,x,-,-\n" + // 9
		",2026-03-01 09:00,1,open,x,-,-\n" + // 10
		"C6,2026-03-01 09:00,1,op\"en,x,-,-\n" + // 11
		"C7,2026-03-01 09:00,1,,x,-,-\n" + // 12
		"C8,2026-03-01 09:00,1,open,x,soon,-\n" // 13
	got := run(t, load(t, updates), importer.Options{CreateUnits: true}, write(t, "log.csv", rows))
	for line, code := range map[int]string{
		7: "bad_time", 8: "field_count", 9: "bad_encoding", 10: "no_ticket", 11: "bad_csv", 12: "bad_expression", 13: "bad_time",
	} {
		if !rejected(got.rejects, line, code) {
			t.Errorf("line %d is not rejected as %s:\n%s", line, code, got.rejects)
		}
	}
	if got.summary.Rejected != 7 || got.summary.Tickets != 2 || got.summary.Rows != 12 {
		t.Errorf("%s", got.summary)
	}
}

// A field that does not end is rejected like any other row, and takes no more
// memory than a row may.
func TestAnEndlessFieldIsRejectedAndTheImportGoesOn(t *testing.T) {
	rows := updateRows + "C3,2026-03-01 09:00,1,\"" + strings.Repeat("x", 40<<20) + "\n" + "C8,2026-03-01 09:00,1,open,x,soon,-\n"
	file := write(t, "log.csv", rows)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := run(t, load(t, updates), importer.Options{CreateUnits: true}, file)
	runtime.ReadMemStats(&after)
	if !rejected(got.rejects, 7, "long_record") || !strings.Contains(got.rejects, "bad_time") || got.summary.Tickets != 2 {
		t.Errorf("%s\n%.2000s", got.summary, got.rejects)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 300<<20 {
		t.Errorf("it took %d MiB", took>>20)
	}
}

func rejected(rejects string, line int, code string) bool {
	for row := range strings.Lines(rejects) {
		if strings.Contains(row, fmt.Sprintf(".csv,%d,", line)) && strings.Contains(row, ","+code+",") {
			return true
		}
	}
	return false
}

func TestAnUnknownUnitIsRejectedUnlessItMayBeCreated(t *testing.T) {
	file := write(t, "log.csv", updateRows)
	known := func(unit string) bool { return unit == "none" }
	got := run(t, load(t, updates), importer.Options{Known: known}, file)
	if got.summary.Reasons["unknown_unit"] == 0 || got.summary.Units != 0 || got.summary.Tickets != 1 {
		t.Errorf("%s", got.summary)
	}
	got = run(t, load(t, updates), importer.Options{Known: known, CreateUnits: true}, file)
	if got.summary.Units != 1 || got.summary.Tickets != 2 {
		t.Errorf("%s", got.summary)
	}
}

func TestWhatTheDoorRefusesIsFoundByLine(t *testing.T) {
	var rejects bytes.Buffer
	refuse := func(_ context.Context, batch []importer.Item) (importer.Outcome, error) {
		return importer.Outcome{
			Accepted: len(batch) - 1,
			Refused:  []importer.Refusal{{Index: len(batch) - 1, Reason: &factv1.Reason{Code: "conflict", Text: &factv1.Text{Zh: "冲突", En: "conflict"}}}},
		}, nil
	}
	file := write(t, "log.csv", updateRows)
	s, err := importer.Run(t.Context(), load(t, updates), importer.Options{CreateUnits: true, Rejects: &rejects}, refuse, file)
	if err != nil {
		t.Fatal(err)
	}
	if s.Refused != 1 || !rejected(rejects.String(), 6, "conflict") {
		t.Errorf("refused %d:\n%s", s.Refused, rejects.String())
	}
}

func TestAnErrorOfTheDoorStopsTheImport(t *testing.T) {
	broken := errors.New("feed is away")
	_, err := importer.Run(t.Context(), load(t, updates), importer.Options{CreateUnits: true},
		func(context.Context, []importer.Item) (importer.Outcome, error) { return importer.Outcome{}, broken },
		write(t, "log.csv", updateRows))
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func TestOtherWaysToWriteTheSameRows(t *testing.T) {
	m := load(t, updates)
	options := importer.Options{CreateUnits: true}
	want := said(run(t, m, options, write(t, "log.csv", updateRows)))
	ndjson := ""
	for _, row := range strings.Split(strings.TrimSpace(updateRows), "\n")[1:] {
		v := strings.Split(row, ",")
		ndjson += fmt.Sprintf(`{"no":%q,"changed":%q,"version":%s,"state":%q,"unit":%q,"done":%q,"verdict":%q}`+"\n\n",
			v[0], v[1], v[2], v[3], v[4], v[5], v[6])
	}
	gbk, err := simplifiedchinese.GB18030.NewEncoder().String(updateRows)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ mapping, content string }{
		"ndjson":                {updates, ndjson},
		"byte order mark":       {updates, "\ufeff" + updateRows},
		"windows line ends":     {updates, strings.ReplaceAll(updateRows, "\n", "\r\n")},
		"no newline at the end": {updates, strings.TrimSpace(updateRows)},
		"gb18030":               {updates + "encoding: gb18030\n", gbk},
		"semicolons":            {updates + "delimiter: ;\n", strings.ReplaceAll(updateRows, ",", ";")},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, load(t, c.mapping), options, write(t, "log", c.content))
			if !slices.Equal(said(got), want) {
				t.Errorf("other events; %s", got.rejects)
			}
		})
	}
}

func TestArchivesAndForeignTextAreRefusedClearly(t *testing.T) {
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	w, err := archive.Create("log.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(updateRows)); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]error{
		packed.String():      importer.ErrArchive,
		"\xff\xfen\x00o\x00": importer.ErrUTF16,
	} {
		_, err := importer.Run(t.Context(), load(t, updates), importer.Options{}, nil, write(t, "log.csv", content))
		if !errors.Is(err, want) {
			t.Errorf("error %v, not %v", err, want)
		}
	}
	_, err = importer.Run(t.Context(), load(t, updates), importer.Options{}, nil, filepath.Join(t.TempDir(), "none"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestAMissingColumnNamesTheLineAndTheNearestHeader(t *testing.T) {
	header := strings.Replace(updateRows, "changed", "changed_at", 1)
	_, err := importer.Run(t.Context(), load(t, updates), importer.Options{}, nil, write(t, "log.csv", header))
	var problems importer.Problems
	if !errors.As(err, &problems) || len(problems) != 1 {
		t.Fatalf("error %v", err)
	}
	if p := problems[0]; p.Line != 8 || p.Field != "changed" || !strings.Contains(p.En, "changed_at") || !strings.Contains(p.Zh, "changed_at") {
		t.Errorf("problem %+v", p)
	}
}

func TestAColumnThatNoLineOfNdjsonHasIsWarnedOf(t *testing.T) {
	rows := `{"no":"A1","changed":"2026-03-01 08:00","version":1,"state":"open","unit":"x","doen":"2026-03-01 09:00"}` + "\n"
	got := run(t, load(t, updates), importer.Options{CreateUnits: true}, write(t, "log.ndjson", rows))
	if got.summary.Tickets != 1 || got.summary.Reasons["absent_column"] != 2 || !strings.Contains(got.rejects, ",done,") {
		t.Errorf("%s\n%s", got.summary, got.rejects)
	}
}

func TestTheSummaryIsToldInBothLanguages(t *testing.T) {
	got := run(t, load(t, updates), importer.Options{CreateUnits: true}, write(t, "log.csv", updateRows+",,,,,,\n"))
	for lang, want := range map[string][]string{
		"zh": {"批次 log", "行数 6，拒收 1", "工单 2，新建单位 2"},
		"en": {"batch log", "rows 6, rejected 1", "tickets 2, units created 2"},
	} {
		for _, text := range want {
			if !strings.Contains(got.summary.Text(lang), text) {
				t.Errorf("%s lacks %q:\n%s", lang, text, got.summary.Text(lang))
			}
		}
	}
}
