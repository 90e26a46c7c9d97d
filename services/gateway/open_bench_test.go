package gateway_test

import (
	"fmt"
	"net/url"
	"testing"

	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

// BenchmarkOpen opens what people look at in a month of ten thousand entries and
// of ten times as many (cases.md, 33).
func BenchmarkOpen(b *testing.B) {
	for _, entries := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(entries), func(b *testing.B) {
			h := build(b).open()
			h.month(entries)
			const list = "/v1/months/2026-03/entries?page_size=50&order_by=sequence+desc"
			for name, path := range map[string]string{
				"newest": list, "unit": list + "&unit=u03", "rule": list + "&rule=seldom", "reversed": list + "&state=reversed",
				"deep": list + "&page_token=" + url.QueryEscape(h.deep(list)), "scorecards": "/v1/months/2026-03/scorecards",
				"months": "/v1/months", "report": "/v1/months/2026-03/report",
			} {
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						if a := h.call("GET", path, ""); a.code != 200 {
							b.Fatalf("%s: %d %s", path, a.code, a.body)
						}
					}
				})
			}
		})
	}
}

// month is one of so many entries of 26 units; every hundredth is of a rule of
// its own, every tenth was taken back.
func (h *house) month(entries int) {
	h.t.Helper()
	last := ""
	for i := 0; i < entries; {
		var batch []*ledgerv1.Record
		for ; len(batch) < 1000 && i < entries; i++ {
			e := posting(fmt.Sprint(i), fmt.Sprintf("u%02d", i%26))
			if i%100 == 0 {
				e.GetEntry().Rule = "seldom"
			}
			if batch = append(batch, e); i%10 == 9 {
				batch = append(batch, reversal(fmt.Sprint(i)))
			}
		}
		h.record(batch...)
		last = batch[len(batch)-1].GetEntry().Id
	}
	for i := range 26 {
		h.record(scored(fmt.Sprintf("u%02d", i), "90.00"))
	}
	for got := ""; got != last; {
		var page struct{ Entries []struct{ ID string } }
		h.call("GET", "/v1/months/2026-03/entries?page_size=1&order_by=sequence+desc", "").into(h.t, &page)
		if len(page.Entries) > 0 {
			got = page.Entries[0].ID
		}
	}
}

// deep gives the token of a page far down a list.
func (h *house) deep(list string) (token string) {
	h.t.Helper()
	for range 5 {
		var page struct{ NextPageToken string }
		h.call("GET", list+"&page_size=1000&page_token="+url.QueryEscape(token), "").into(h.t, &page)
		token = page.NextPageToken
	}
	return token
}
