package gateway_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/rulebook"
)

// judged is what WhatIf told over REST.
type judged struct {
	Months []struct {
		Unit, Month, Difference string
		Vanish, Appear, Change  string
		Old, New                struct{ Total string }
		Items                   []struct{ Item, Difference string }
	}
	Changes []struct {
		Kind     string
		Old, New struct{ Points, Rule string }
		Why      struct{ En string }
	}
	Summary struct {
		Version, Events, MonthsChanged string
		Hashes                         []struct{ Month, Old, New string }
		Notes                          []struct{ En string }
	}
}

func (h *house) whatIf(request map[string]any) judged {
	h.t.Helper()
	body, err := json.Marshal(request)
	must(h.t, err)
	a := h.call("POST", "/v1/whatif", string(body))
	if a.code != 200 || a.header.Get("Content-Type") != "application/x-ndjson" {
		h.t.Fatalf("%d %s", a.code, a.body)
	}
	var all judged
	for lines := json.NewDecoder(strings.NewReader(a.body)); ; {
		var line struct {
			Result struct {
				Month   json.RawMessage
				Changes *struct{ Changes json.RawMessage }
				Summary json.RawMessage
			}
			Error any
		}
		err := lines.Decode(&line)
		if errors.Is(err, io.EOF) {
			return all
		}
		must(h.t, err)
		if line.Error != nil {
			h.t.Fatalf("%v", line.Error)
		}
		if line.Result.Month != nil {
			more := all.Months[:0:0]
			must(h.t, json.Unmarshal([]byte("["+string(line.Result.Month)+"]"), &more))
			all.Months = append(all.Months, more...)
		}
		if line.Result.Changes != nil {
			more := all.Changes[:0:0]
			must(h.t, json.Unmarshal(line.Result.Changes.Changes, &more))
			all.Changes = append(all.Changes, more...)
		}
		if line.Result.Summary != nil {
			must(h.t, json.Unmarshal(line.Result.Summary, &all.Summary))
		}
	}
}

// milder is the default with an overdue ticket at 3 points and no rule for
// praise.
func milder() string {
	text := strings.Replace(string(rulebook.DefaultSource()), `version: "96766-1"`, `version: "milder"`, 1)
	text = strings.Replace(text, "points: -5\n    part: customer_service\n    item: CS10", "points: -3\n    part: customer_service\n    item: CS10", 1)
	before, rest, _ := strings.Cut(text, "  - name: customer_praised")
	return before + rest[strings.Index(rest, "  - name: "):]
}

func TestWhatIfShowsMonthsBesideWhatTheyAre(t *testing.T) {
	h := build(t).services().open()
	h.verdicts("[" + unit + "," + opened("o") + `,{"id":"p","source":"s","occurredAt":"2026-03-05T09:00:00+08:00","praiseGiven":{"unit":"chengqu"}}]`)
	h.call("POST", "/v1/barriers", "{}")
	ledger := h.call("GET", "/v1/months/2026-03/entries", "").body

	real := h.verified("2026-03")
	for _, tried := range []map[string]any{{"yaml": string(rulebook.DefaultSource())}, {"yaml": milder()}} {
		tried["from"], tried["to"], tried["entries"] = "2026-03", "2026-03", true
		got := h.whatIf(tried)
		if len(got.Months) != 1 || len(got.Summary.Hashes) != 1 || got.Summary.Hashes[0].Old != real.LiveHash {
			t.Fatalf("the real month is %s, it is told as %+v", real.LiveHash, got)
		}
		said := fmt.Sprintf("%s %s→%s %s, %s vanish %s change %s appear", got.Months[0].Unit, got.Months[0].Old.Total, got.Months[0].New.Total,
			got.Months[0].Difference, got.Months[0].Vanish, got.Months[0].Change, got.Months[0].Appear)
		for _, c := range got.Changes {
			said += fmt.Sprintf("; %s %s→%s: %s", strings.TrimPrefix(c.Kind, "WHAT_IF_KIND_"), c.Old.Points, c.New.Points, c.Why.En)
		}
		want := "chengqu 99.00→99.00 0.00,  vanish  change  appear"
		if got.Summary.Version == "milder" {
			want = "chengqu 99.00→98.50 -0.50, 1 vanish 1 change  appear; VANISH 3.00→: milder has no rule customer_praised; CHANGE -5.00→-3.00: points -5.00 become -3.00"
		}
		if said != want || (got.Summary.Hashes[0].New == real.LiveHash) != (got.Summary.Version != "milder") {
			t.Errorf("told %q, want %q", said, want)
		}
	}
	if after := h.call("GET", "/v1/months/2026-03/entries", "").body; after != ledger {
		t.Error("the ledger was touched")
	}
}

// verified recomputes a month.
func (h *house) verified(month string) *apiv1.VerifyResult {
	h.t.Helper()
	ctx, c := h.dial(token)
	stream, err := apiv1.NewScoreServiceClient(c).VerifyMonth(ctx, &apiv1.VerifyMonthRequest{Month: month})
	must(h.t, err)
	for {
		told, err := stream.Recv()
		must(h.t, err)
		if told.Result != nil {
			return told.Result
		}
	}
}

func TestWhatIfRefusesWhatCannotBeTried(t *testing.T) {
	h := build(t).services().open()
	h.verdicts(unit)
	h.call("POST", "/v1/barriers", "{}")
	for body, want := range map[string]string{
		`{"from":"2026-03","to":"2026-03"}`:                           "required",
		`{"version":"96766-2","from":"2026-03","to":"2026-03"}`:       "unknown_version",
		`{"yaml":"version: x","from":"2026-03","to":"2026-03"}`:       "bad_rulebook",
		`{"version":"x","from":"2026-04","to":"2026-03"}`:             "months_reversed",
		`{"version":"x","from":"2020-04","to":"2026-03"}`:             "too_many_months",
		`{"version":"x","from":"2026-3","to":"2026-03"}`:              "from",
		`{"yaml":%s,"unit":"chengu","from":"2026-03","to":"2026-03"}`: "did you mean \\\"chengqu\\\"",
		`{"rulebook":"x"}`: "bad_body",
	} {
		if strings.Contains(body, "%s") {
			yaml, err := json.Marshal(string(rulebook.DefaultSource()))
			must(t, err)
			body = fmt.Sprintf(body, yaml)
		}
		if a := h.call("POST", "/v1/whatif", body); a.code < 400 || a.code >= 500 || !strings.Contains(a.body, want) {
			t.Errorf("%.60s: %d %s, want %q", body, a.code, a.body, want)
		}
	}
}

func TestPublishedRulebooksAreListedCheckedAndCompared(t *testing.T) {
	h := build(t).services().open()
	publish := func(id, version, month, yaml string) string {
		raw, err := json.Marshal([]any{map[string]any{"id": id, "source": "s", "occurredAt": "2026-01-01T00:00:00Z", "rulebookPublished": map[string]any{
			"version": version, "effectiveMonth": month, "yaml": yaml,
		}}})
		must(t, err)
		return h.verdicts(string(raw))
	}
	if got := publish("1", "96766-1", "2000-01", string(rulebook.DefaultSource())) + publish("2", "milder", "2026-07", milder()) + publish("3", "bad", "2026-08", "x"); got != "AAR(bad_rulebook rulebook_published.yaml)" {
		t.Fatal(got)
	}
	h.call("POST", "/v1/barriers", "{}")
	var list struct {
		Rulebooks []struct{ Version, EffectiveMonth, LastMonth, Yaml string }
	}
	h.call("GET", "/v1/rulebooks", "").into(t, &list)
	if len(list.Rulebooks) != 2 || list.Rulebooks[0].LastMonth != "2026-06" || list.Rulebooks[1].EffectiveMonth != "2026-07" || list.Rulebooks[1].Yaml != "" {
		t.Errorf("list %+v", list)
	}
	var one struct{ Yaml string }
	if h.call("GET", "/v1/rulebooks/milder", "").into(t, &one); one.Yaml != milder() {
		t.Errorf("yaml %.80q", one.Yaml)
	}
	if a := h.call("GET", "/v1/rulebooks/mildr", ""); a.code != 404 || !strings.Contains(a.body, "milder") {
		t.Errorf("%d %s", a.code, a.body)
	}
	var checked struct {
		Usable   bool
		Problems []struct{ Code string }
	}
	if h.call("POST", "/v1/rulebooks:check", `{"yaml":"version: x"}`).into(t, &checked); checked.Usable || len(checked.Problems) == 0 {
		t.Errorf("check %+v", checked)
	}
	var diff struct {
		Differences []struct {
			Path   string
			Scores bool
		}
	}
	h.call("POST", "/v1/rulebooks:diff", `{"old":"96766-1","new":"milder"}`).into(t, &diff)
	if len(diff.Differences) != 3 || diff.Differences[1].Path != "rules/ticket_overdue/points" || !diff.Differences[1].Scores {
		t.Errorf("diff %+v", diff)
	}
}
