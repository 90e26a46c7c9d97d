package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	download "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// opens presses something that opens a tab, and gives the tab.
func (b *browser) opens(selector string) *browser {
	b.t.Helper()
	found := chromedp.WaitNewTarget(b.ctx, func(i *target.Info) bool { return i.Type == "page" && i.OpenerID != "" })
	b.press(selector)
	var id target.ID
	await(b.t, "a tab that opens", func() error {
		select {
		case id = <-found:
			return nil
		default:
			return errors.New("no tab has opened")
		}
	})
	ctx, shut := chromedp.NewContext(b.ctx, chromedp.WithTargetID(id))
	b.t.Cleanup(shut)
	if err := chromedp.Run(ctx, page.BringToFront()); err != nil { // a tab that nobody sees is neither drawn nor printed
		b.t.Fatalf("the tab that opens: %v", err)
	}
	return &browser{b.t, ctx}
}

// saves presses something that saves a file, and gives the file.
func (b *browser) saves(selector, name string) []byte {
	b.t.Helper()
	dir := b.t.TempDir()
	b.do("save into a directory", download.SetDownloadBehavior(download.SetDownloadBehaviorBehaviorAllow).WithDownloadPath(dir))
	b.press(selector)
	var raw []byte
	await(b.t, "saved as "+name, func() (err error) {
		if raw, err = os.ReadFile(filepath.Join(dir, name)); err != nil || len(raw) == 0 {
			listed, _ := os.ReadDir(dir)
			return errors.Join(err, fmt.Errorf("there is %v", listed))
		}
		return nil
	})
	return raw
}

// handsIn: the sheet that is shown is saved as a workbook and opened as a page to
// print, which is a PDF of one page for the unit, with the style it brings.
func handsIn(t *testing.T, b *browser, total string) {
	t.Helper()
	if raw := b.saves(key("report/chengqu/xlsx"), "考核测评表-2026-03.xlsx"); !bytes.HasPrefix(raw, []byte("PK")) {
		t.Errorf("the workbook begins with %q", raw[:min(len(raw), 20)])
	}
	tab := b.opens(key("report/chengqu/html"))
	tab.shows("section.sheets", "城区营业部", "2026年3月", "考核人", total)
	var weight, background string
	var pdf []byte
	tab.do("look at its style and print it",
		chromedp.Evaluate(`getComputedStyle(document.querySelector(".total td")).fontWeight`, &weight),
		chromedp.Evaluate(`getComputedStyle(document.querySelector(".total td")).backgroundColor`, &background),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			pdf, _, err = page.PrintToPDF().WithPreferCSSPageSize(true).WithPrintBackground(true).Do(ctx)
			return err
		}))
	if weight != "700" || background != "rgb(220, 230, 241)" {
		t.Errorf("the page has not the style it brings: weight %s, background %s", weight, background)
	}
	if pages := len(regexp.MustCompile(`/Type\s*/Page\b[^s]`).FindAll(pdf, -1)); pages != 2 { // sheet, rules
		t.Errorf("printed on %d pages", pages)
	}
	tab.picture("report")
}
