package notify_test

import (
	"strings"
	"testing"

	"kaohe.dev/services/notify"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
)

func TestWhereNotificationsMayGo(t *testing.T) {
	for _, c := range []struct {
		allow []string
		url   string
		says  string // why not; empty: it may
	}{
		{nil, "http://10.1.2.3/hook", ""},
		{nil, "https://example.org:8443/a?b=c", ""},
		{nil, "http://169.254.169.254/latest/meta-data", "link-local"},
		{nil, "http://[fe80::1]/", "link-local"},
		{nil, "http://[::ffff:169.254.169.254]/", "link-local"},
		{nil, "http://0.0.0.0/", "none"},
		{[]string{"169.254.169.254"}, "http://169.254.169.254/", ""},
		{[]string{"10.20.0.0/16"}, "http://10.20.3.4/", ""},
		{[]string{"10.20.0.0/16"}, "http://10.21.3.4/", "--webhook-allow"},
		{[]string{"hooks.example.org"}, "https://Hooks.example.org/", ""},
		{[]string{"hooks.example.org"}, "https://example.org/", "--webhook-allow"},
		{[]string{"hooks.example.org"}, "http://10.0.0.1/", "--webhook-allow"},
		{nil, "ftp://example.org/", "scheme"},
		{nil, "example.org/hook", "scheme"},
		{nil, "http:///hook", "no host"},
		{nil, "http://user:secret@example.org/", "user or password"},
		{nil, "http://example.org/#part", "fragment"},
		{nil, "http://exa mple.org/", "cannot be read"},
	} {
		allow, err := notify.ParseAllow(c.allow)
		must(t, err)
		err = allow.URL(c.url)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v %s: %v, want %q", c.allow, c.url, err, c.says)
		}
	}
	for _, bad := range []string{"", "*.example.org", "http://example.org", "10.0.0.0/33"} {
		if _, err := notify.ParseAllow([]string{bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// A name is checked by what it means when it is dialled.
func TestANameThatMeansAForbiddenAddressIsNotDialled(t *testing.T) {
	h, r := build(t), receive(t)
	allow, err := notify.ParseAllow([]string{"10.20.0.0/16"})
	must(t, err)
	h.allow = allow
	r.URL = strings.Replace(r.URL, "127.0.0.1", "localhost", 1)
	id := h.hook(r, &statev1.Webhook{})
	h.start(quick())
	_, err = h.hooks.Test(t.Context(), id)
	must(t, err)
	if d := h.letters(id, notify.Dead, 1)[0]; !strings.Contains(d.Error, "--webhook-allow") {
		t.Errorf("it was dialled: %v", d)
	}
}
