package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a real browser on the page, as one viewer.
type browser struct {
	t   testing.TB
	ctx context.Context //nolint:containedctx // the browser's tab is its context
}

// findBrowser gives the browser of this machine, or skips the test and says so.
func findBrowser(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("KAOHE_BROWSER"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("THE PAGE WAS NOT TESTED: there is no Chromium here; install one, or name it with KAOHE_BROWSER=PATH")
	return ""
}

// launch starts a browser with a profile of its own. A script that fails in it
// fails the test.
func launch(t testing.TB, path string) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.WindowSize(1280, 1600), chromedp.WSURLReadTimeout(busy))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it refuses to be run by root otherwise
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, shut := chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {})) // events newer than the library are no errors
	t.Cleanup(shut)
	chromedp.ListenTarget(ctx, func(event any) {
		if thrown, is := event.(*runtime.EventExceptionThrown); is {
			t.Errorf("a script of the page failed: %s", thrown.ExceptionDetails.Error())
		}
	})
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return &browser{t, ctx}
}

// view opens the page and signs in with a token, typed.
func view(t testing.TB, path string, s *server, token, lang string) *browser {
	t.Helper()
	b := launch(t, path)
	b.do("open the page", chromedp.Navigate("http://"+s.http+"/#month=2026-03&lang="+lang), chromedp.WaitVisible("#gate", chromedp.ByQuery))
	b.fill("#token", token)
	b.press("#gate button")
	b.do("sign in", chromedp.WaitVisible("#cards tr", chromedp.ByQuery))
	return b
}

func (b *browser) do(what string, actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, busy)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.picture("failed")
		b.t.Fatalf("%s: %v\nthe page says: %s\n%s", what, err, b.text("body"), b.text("dialog[open]"))
	}
}

// key is the selector of what has a name of its own on the page.
func key(name string) string { return fmt.Sprintf(`[data-key=%q]`, name) }

// press works a button as the keyboard does: focus, then Enter. The page may draw
// the button anew between the two, or give the focus back to where it was before
// a dialog; then Enter goes nowhere, no click follows, and it is pressed again.
func (b *browser) press(selector string) {
	b.t.Helper()
	focus := fmt.Sprintf(`(() => {
		const button = document.querySelector(%[1]q);
		if (!button || button.disabled || !button.getClientRects().length) return false;
		window.pressed = false;
		document.addEventListener('click', e => { window.pressed ||= !!e.target.closest(%[1]q); }, { capture: true, once: true });
		button.focus();
		return document.activeElement === button;
	})()`, selector)
	b.do("press "+selector, chromedp.ActionFunc(func(ctx context.Context) error {
		for pressed := false; !pressed; {
			err := chromedp.Run(ctx, chromedp.Poll(focus, nil, chromedp.WithPollingInterval(20*time.Millisecond)),
				chromedp.KeyEvent("\r"), chromedp.Evaluate("window.pressed", &pressed))
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

func (b *browser) fill(selector, text string) {
	b.t.Helper()
	b.do("fill "+selector, chromedp.WaitVisible(selector, chromedp.ByQuery), chromedp.SendKeys(selector, text, chromedp.ByQuery))
}

// confirm answers the dialog that asks, and waits until it is gone.
func (b *browser) confirm() {
	b.t.Helper()
	b.press(key("ask/confirm"))
	b.do("decide", chromedp.WaitNotPresent("#ask[open]", chromedp.ByQuery))
}

func (b *browser) text(selector string) string {
	var text string
	ctx, cancel := context.WithTimeout(b.ctx, busy)
	defer cancel()
	_ = chromedp.Run(ctx, chromedp.Evaluate(fmt.Sprintf(`(document.querySelector(%q) || {}).innerText || ""`, selector), &text)) // "" is asked again
	return text
}

// shows waits until a part of the page has all of some words.
func (b *browser) shows(selector string, words ...string) {
	b.t.Helper()
	await(b.t, "shown in "+selector, func() error {
		text := b.text(selector)
		for _, word := range words {
			if !strings.Contains(text, word) {
				return fmt.Errorf("%q is not in %q", word, text)
			}
		}
		return nil
	})
}

// offers tells whether the page has something.
func (b *browser) offers(selector string) (is bool) {
	b.t.Helper()
	b.do("look for "+selector, chromedp.Evaluate(fmt.Sprintf(`!!document.querySelector(%q)`, selector), &is))
	return is
}

// focused waits until what has a name has the focus.
func (b *browser) focused(name string) {
	b.t.Helper()
	await(b.t, "focused", func() error {
		var at string
		if err := chromedp.Run(b.ctx, chromedp.Evaluate(`document.activeElement.dataset.key || document.activeElement.tagName`, &at)); err != nil || at != name {
			return errors.Join(err, fmt.Errorf("the focus is at %q, want %q", at, name))
		}
		return nil
	})
}

// picture keeps what the browser shows in the directory that KAOHE_PICTURES
// names.
func (b *browser) picture(name string) {
	dir := os.Getenv("KAOHE_PICTURES")
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, busy)
	defer cancel()
	var png []byte
	if err := chromedp.Run(ctx, chromedp.CaptureScreenshot(&png)); err != nil {
		b.t.Logf("no picture of %s: %v", name, err)
	} else if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		b.t.Log(err)
	}
}
