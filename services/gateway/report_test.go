package gateway_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"mime"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"
	"google.golang.org/protobuf/encoding/protojson"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
)

const reportPath = "/v1/months/2026-03/report"

// otherUnit is a second outlet, and a ticket of its own that is late.
func otherUnit() string {
	return strings.NewReplacer("chengqu", "xinqu", `"id":"u"`, `"id":"u2"`, "城区", "新区").Replace(unit) + "," +
		strings.NewReplacer("chengqu", "xinqu", "T1", "T2").Replace(opened("o2"))
}

// report reads a report as JSON and checks that what it lists adds up to the
// scores.
func (h *house) report(query string, who ...string) *apiv1.MonthReport {
	h.t.Helper()
	a := h.call("GET", reportPath+query, "", who...)
	if a.code != 200 {
		h.t.Fatalf("report%s: %d %s", query, a.code, a.body)
	}
	r := &apiv1.MonthReport{}
	must(h.t, protojson.Unmarshal([]byte(a.body), r))
	lost := map[string]decimal.Decimal{}
	for _, e := range r.Entries {
		lost[e.Unit] = lost[e.Unit].Sub(decimal.RequireFromString(e.Points))
	}
	for i, line := range r.Ranking {
		if line.Total != r.Sheets[i].Total || len(r.Entries) > 0 && lost[line.Unit].StringFixed(2) != line.Deducted {
			h.t.Errorf("report%s: %s has %s and lost %s; its sheet %s, its entries %s", query, line.Unit, line.Total, line.Deducted, r.Sheets[i].Total, lost[line.Unit])
		}
	}
	return r
}

// standings are a report's lines in short.
func standings(r *apiv1.MonthReport) string {
	var said []string
	for _, line := range r.Ranking {
		said = append(said, fmt.Sprintf("%d %s %s %d/%d", line.Place, line.Unit, line.Total, line.Entries, line.Correction))
	}
	return strings.Join(said, ", ")
}

// TestAReportOverTheGateway: a running month is provisional, a closed one can be
// had as it was with each correction, and its entries are those that counted
// then.
func TestAReportOverTheGateway(t *testing.T) {
	h := build(t).services().open()
	h.verdicts("[" + unit + "," + opened("o") + "," + otherUnit() + "]")
	h.call("POST", "/v1/barriers", "{}")
	if got := standings(h.report("?entries=true")); got != "1 chengqu 97.50 1/0, 1 xinqu 97.50 1/0" {
		t.Fatalf("running: %s", got)
	}
	h.refuses(h.call("GET", reportPath+"?correction=0", ""), 400, "not_closed")
	if page := h.call("GET", reportPath+".html", "").body; !strings.Contains(page, "Provisional: the month is not closed") {
		t.Error("the page of a running month is not marked")
	}
	assessor, committee := h.as(contractv1.Role_ROLE_ASSESSOR), h.as(contractv1.Role_ROLE_COMMITTEE)
	h.verdicts(waivers("chengqu"), assessor...)
	h.verdicts(strings.ReplaceAll(waivers("xinqu"), `"id":"w`, `"id":"x`), assessor...)
	h.status(h.call("POST", "/v1/months/2026-03/closure", "{}", assessor...))
	h.verdicts("[" + closedInTime + "]")
	h.call("POST", "/v1/barriers", "{}")
	if got := standings(h.report("?entries=true")); got != "1 chengqu 97.50 1/0, 1 xinqu 97.50 1/0" {
		t.Fatalf("what came late counts already: %s", got)
	}
	h.status(h.call("POST", "/v1/months/2026-03/restatements", `{"unit":"chengqu","approved":true,"reason":"关单补录"}`, committee...))
	for query, want := range map[string]string{
		"?entries=true":              "1 chengqu 100.00 0/1, 2 xinqu 97.50 1/0",
		"?entries=true&correction=1": "1 chengqu 100.00 0/1, 2 xinqu 97.50 1/0",
		"?entries=true&correction=0": "1 chengqu 97.50 1/0, 1 xinqu 97.50 1/0",
	} {
		if got := standings(h.report(query)); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	h.refuses(h.call("GET", reportPath+"?correction=2", ""), 404, "no_such_correction")
	if page := h.call("GET", reportPath+".html?lang=zh&unit=chengqu", "").body; !strings.Contains(page, "更正 1") || !strings.Contains(page, "关单补录") || strings.Contains(page, "本月尚未关账") {
		t.Error("the page of a corrected month does not say so")
	}
}

// TestTheFilesOfAReport: each has its type and name, holds what the report says,
// and speaks the language asked for.
func TestTheFilesOfAReport(t *testing.T) {
	h := build(t).services().open()
	h.verdicts("[" + unit + "," + opened("o") + "," + otherUnit() + "]")
	h.call("POST", "/v1/barriers", "{}")

	xlsx := h.call("GET", reportPath+".xlsx?lang=zh", "")
	named(t, xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "attachment", "考核测评表-2026-03.xlsx")
	book, err := excelize.OpenReader(strings.NewReader(xlsx.body))
	must(t, err)
	defer func() { must(t, book.Close()) }()
	if tabs := book.GetSheetList(); len(tabs) != 5 || tabs[0] != "排名" || tabs[4] != "明细" {
		t.Errorf("tabs %v", tabs)
	}

	lines := h.call("GET", reportPath+".csv?unit=xinqu", "")
	named(t, lines, "text/csv; charset=utf-8", "attachment", "scorecards-2026-03-")
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix([]byte(lines.body), []byte("\ufeff")))).ReadAll()
	must(t, err)
	if last := rows[len(rows)-1]; last[2] != "xinqu" || last[7] != "total" || last[13] != "97.50" {
		t.Errorf("the last line is %q", last)
	}
	if ranking := h.call("GET", reportPath+".csv?table=ranking", ""); strings.Count(ranking.body, "\r\n") != 3 {
		t.Errorf("the ranking is %q", ranking.body)
	}

	page := h.call("GET", reportPath+".html?lang=zh", "")
	named(t, page, "text/html; charset=utf-8", "inline", "考核测评表-2026-03.html")
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'; style-src 'sha256-") {
		t.Errorf("policy %q", policy)
	}
	if inChinese := h.call("GET", reportPath+".html", "", "Accept-Language", "zh-CN"); inChinese.body != page.body {
		t.Error("lang=zh and Accept-Language zh-CN give different pages")
	}
	h.refuses(h.call("GET", reportPath+".html?lang=fr", ""), 400, "invalid_argument")
	h.refuses(h.call("GET", reportPath+".csv?table=all", ""), 400, "invalid_argument")
	h.refuses(h.call("GET", reportPath+".xlsx?correction=last", ""), 400, "invalid_argument")
}

func named(t *testing.T, a answer, media, kind, name string) {
	t.Helper()
	got, parameters, err := mime.ParseMediaType(a.header.Get("Content-Disposition"))
	if a.code != 200 || err != nil || got != kind || !strings.HasPrefix(parameters["filename"], name) || a.header.Get("Content-Type") != media {
		t.Errorf("%d, %v, want %s named %s (%v)", a.code, a.header, media, name, err)
	}
}

// TestWhoSeesWhichReport: a unit manager sees his own unit with its place among
// all; a month without scores is refused in words.
func TestWhoSeesWhichReport(t *testing.T) {
	h := build(t).services().open()
	h.verdicts("[" + unit + "," + opened("o") + "," + otherUnit() + "]")
	h.call("POST", "/v1/barriers", "{}")
	manager := h.as(contractv1.Role_ROLE_UNIT_MANAGER)
	own := h.report("?unit=chengqu&entries=true", manager...)
	if got := standings(own); got != "1 chengqu 97.50 1/0" || own.Ranked != 2 || len(own.Sheets) != 1 {
		t.Errorf("his own: %s of %d", got, own.Ranked)
	}
	for _, ending := range []string{"", ".xlsx", ".csv", ".html"} {
		for _, query := range []string{"", "?unit=xinqu"} {
			h.refuses(h.call("GET", reportPath+ending+query, "", manager...), 403, "permission_denied")
		}
		h.refuses(h.call("GET", reportPath+ending, "", h.as(contractv1.Role_ROLE_FEED)...), 403, "permission_denied")
		h.refuses(h.call("GET", "/v1/months/2020-01/report"+ending, ""), 404, "no_scores")
		h.refuses(h.call("GET", "/v1/months/2020-13/report"+ending, ""), 400, "bad_format")
		h.refuses(h.call("GET", reportPath+ending+"?unit=chengq", ""), 404, "unknown_unit")
	}
	if page := h.call("GET", reportPath+".html?unit=chengqu&entries=true", "", manager...).body; strings.Contains(page, "新区") || strings.Contains(page, "T2") {
		t.Error("his report tells of another unit")
	}
}
