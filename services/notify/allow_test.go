package notify_test

import (
	"strings"
	"testing"

	"kaohe.dev/services/notify"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
)

// place is an address, and why notifications may not go there.
type place struct {
	allow []string
	url   string
	says  string // why not; empty: they may
}

func places() []place {
	return []place{
		{nil, "https://example.org:8443/a?b=c", ""},
		{nil, "http://8.8.8.8/", ""},
		{nil, "http://[2606:4700::1]/", ""},
		{nil, "http://10.1.2.3/hook", "private"},
		{nil, "http://172.31.0.1/", "private"},
		{nil, "http://192.168.1.1/", "private"},
		{nil, "http://100.64.0.1/", "private"},
		{nil, "http://[fd12:3456::1]/", "private"},
		{nil, "http://127.0.0.1:8080/", "loopback"},
		{nil, "http://127.8.8.8/", "loopback"},
		{nil, "http://[::1]/", "loopback"},
		{nil, "http://localhost:8080/", "loopback"},
		{nil, "http://a.LOCALHOST./", "loopback"},
		{nil, "http://169.254.169.254/latest/meta-data", "metadata"},
		{nil, "http://100.100.100.200/", "metadata"},
		{nil, "http://168.63.129.16/", "metadata"},
		{nil, "http://192.0.0.192/", "metadata"},
		{nil, "http://[fd00:ec2::254]/", "metadata"},
		{nil, "http://[fd20:ce::254]/", "metadata"},
		{nil, "http://[::ffff:169.254.169.254]/", "metadata"},
		{nil, "http://[::ffff:a9fe:a9fe]/", "metadata"},
		{nil, "http://[64:ff9b::169.254.169.254]/", "metadata"},
		{nil, "http://[64:ff9b::10.0.0.1]/", "private"},
		{nil, "http://[64:ff9b::8.8.8.8]/", ""},
		{nil, "http://[64:ff9b:1::a9fe:a9fe]/", "translated"},
		{nil, "http://[2002:a9fe:a9fe::1]/", "translated"},
		{nil, "http://[2001:0:1:2:3:4:5601:5601]/", "translated"},
		{nil, "http://[2400:1::5efe:169.254.169.254]/", "translated"},
		{nil, "http://[2400:1::200:5efe:10.0.0.1]/", "translated"},
		{nil, "http://[::169.254.169.254]/", "translated"},
		{nil, "http://[::ffff:0:169.254.169.254]/", "translated"},
		{nil, "http://169.254.1.1/", "link-local"},
		{nil, "http://[fe80::1%25eth0]/", "link-local"},
		{nil, "http://[fec0::1]/", "link-local"},
		{nil, "http://0.0.0.0/", "none"},
		{nil, "http://[::]/", "none"},
		{nil, "http://224.0.0.1/", "multicast"},
		{nil, "http://[ff02::1]/", "multicast"},
		{nil, "http://255.255.255.255/", "broadcast"},
		{nil, "http://198.18.0.1/", "reserved"},
		{nil, "http://192.0.2.1/", "reserved"},
		{[]string{"127.0.0.1"}, "http://127.0.0.1/", ""},
		{[]string{"127.0.0.1"}, "http://[::ffff:127.0.0.1]/", ""},
		{[]string{"localhost"}, "http://localhost/", ""},
		{[]string{"0.0.0.0/0"}, "http://10.0.0.1/", ""},
		{[]string{"0.0.0.0/0"}, "http://169.254.169.254/", "metadata"},
		{[]string{"169.254.0.0/16"}, "http://169.254.169.254/", "metadata"},
		{[]string{"169.254.0.0/16"}, "http://169.254.1.1/", ""},
		{[]string{"::/0"}, "http://[fd00:ec2::254]/", "metadata"},
		{[]string{"10.0.0.0/8"}, "http://[64:ff9b::10.0.0.1]/", ""},
		{[]string{"169.254.169.254"}, "http://169.254.169.254/", ""},
		{[]string{"10.20.0.0/16"}, "http://10.20.3.4/", ""},
		{[]string{"10.20.0.0/16"}, "http://10.21.3.4/", "--webhook-allow"},
		{[]string{"10.20.0.0/16"}, "http://8.8.8.8/", "--webhook-allow"},
		{[]string{"hooks.example.org"}, "https://Hooks.example.org/", ""},
		{[]string{"hooks.example.org"}, "https://example.org/", "--webhook-allow"},
		{[]string{"hooks.example.org"}, "http://10.0.0.1/", "--webhook-allow"},
		{nil, "ftp://example.org/", "scheme"},
		{nil, "example.org/hook", "scheme"},
		{nil, "http:///hook", "no host"},
		{nil, "http://user:secret@example.org/", "user or password"},
		{nil, "http://example.org/#part", "fragment"},
		{nil, "http://exa mple.org/", "cannot be read"},
	}
}

func TestWhereNotificationsMayGo(t *testing.T) {
	for _, c := range places() {
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

// A name is checked by what it means when it is dialled: it may mean something
// else than when it was registered.
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
