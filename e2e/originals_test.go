package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kaohe.dev/e2e/disk"

	"kaohe.dev/e2e/port"
)

// made is what an answer says of a token or webhook.
type made struct {
	Token, Webhook struct{ ID string }
	Secret         string
}

func (s *server) makeToken(name string) made {
	s.t.Helper()
	var m made
	if code := s.call("POST", "/v1/tokens", `{"name":"`+name+`","role":"ROLE_ADMINISTRATOR"}`, &m); code != http.StatusOK {
		s.t.Fatalf("make token %s: status %d", name, code)
	}
	return m
}

func (s *server) makeWebhook(name string) made {
	s.t.Helper()
	var m made
	if code := s.call("POST", "/v1/webhooks", `{"name":"`+name+`","url":"http://hooks.invalid/`+name+`"}`, &m); code != http.StatusOK {
		s.t.Fatalf("make webhook %s: status %d", name, code)
	}
	return m
}

func (s *server) remove(path string) {
	s.t.Helper()
	if code := s.call("DELETE", path, "", nil); code != http.StatusOK {
		s.t.Fatalf("DELETE %s: status %d", path, code)
	}
}

// letsIn reports whether a token may ask who it is.
func (s *server) letsIn(token string) bool {
	s.t.Helper()
	request, err := http.NewRequest("GET", "http://"+s.http+"/v1/me", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusUnauthorized {
		s.t.Fatalf("who am I: %s", response.Status)
	}
	return response.StatusCode == http.StatusOK
}

// webhooks names the webhooks there are.
func (s *server) webhooks() map[string]bool {
	s.t.Helper()
	var answer struct{ Webhooks []struct{ ID string } }
	if code := s.call("GET", "/v1/webhooks", "", &answer); code != http.StatusOK {
		s.t.Fatalf("list webhooks: status %d", code)
	}
	names := map[string]bool{}
	for _, w := range answer.Webhooks {
		names[w.ID] = true
	}
	return names
}

// TestAPulledPlugBringsNobodyBackWhoWasRevoked pulls the plug the moment the
// last thing is confirmed, again and again: who was let in is let in, who was
// revoked is not, a webhook that was made is there, one that was removed is not.
func TestAPulledPlugBringsNobodyBackWhoWasRevoked(t *testing.T) {
	t.Parallel()
	p := &plugged{t: t, disk: disk.New(), chance: rand.New(rand.NewPCG(41, 43))}
	tokens, hooks := map[string]bool{}, map[string]bool{} // whether each is there
	last := map[string]made{}
	for round := range 4 {
		p.run(func(s *server) {
			for secret, want := range tokens {
				if s.letsIn(secret) != want {
					t.Errorf("round %d: a token is let in: %v, want %v", round, !want, want)
				}
			}
			there := s.webhooks()
			for id, want := range hooks {
				if there[id] != want {
					t.Errorf("round %d: webhook %s is there: %v, want %v", round, id, !want, want)
				}
			}
			if t.Failed() {
				return
			}
			// Each round ends with another of the four: nothing that comes later
			// syncs what it left.
			steps := []func(){
				func() { m := s.makeToken("a"); tokens[m.Secret], last["token"] = true, m },
				func() { m := s.makeWebhook("w"); hooks[m.Webhook.ID], last["webhook"] = true, m },
				func() { s.remove("/v1/tokens/" + last["token"].Token.ID); tokens[last["token"].Secret] = false },
				func() {
					s.remove("/v1/webhooks/" + last["webhook"].Webhook.ID)
					hooks[last["webhook"].Webhook.ID] = false
				},
			}
			for i := range len(steps) {
				// Made before removed, whatever comes last.
				steps[[][]int{{1, 3, 0, 2}, {0, 2, 1, 3}, {1, 2, 3, 0}, {0, 1, 3, 1}}[round%4][i]]()
			}
		})
	}
	if len(tokens) == 0 || len(hooks) == 0 {
		t.Error("nothing was made")
	}
}

// TestNothingSecretIsReadableInTheDataDirectory: with a umask that takes nothing
// away no file may be read by others, and no secret that was handed out, or that
// signs, lies in a file other than its own.
func TestNothingSecretIsReadableInTheDataDirectory(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s := &server{data: data, http: port.Free(t), grpc: port.Free(t)}
	s.process = start(t, "/bin/sh", "-c", `umask 0; exec "$0" "$@"`, program, "up", "--data", data, "--http", s.http, "--grpc", s.grpc)
	s.waitReady()
	secrets := map[string][]byte{}
	token := s.makeToken("a").Secret
	secrets["a token"] = []byte(token[strings.LastIndex(token, "_")+1:])
	text := strings.TrimPrefix(s.makeWebhook("w").Secret, "whsec_")
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) < 16 {
		t.Fatalf("a webhook's secret is %q: %v", text, err)
	}
	secrets["a webhook's secret"], secrets["a webhook's secret, encoded"] = raw, []byte(text)
	secrets["a webhook's secret in hex"] = []byte(hex.EncodeToString(raw))
	own := map[string]string{}
	for _, name := range []string{"admin.token", "customer.key", "secrets.key"} {
		value := strings.TrimSpace(mustRead(t, filepath.Join(data, name)))
		secrets[name], own[name] = []byte(value), name
		if decoded, err := hex.DecodeString(value); err == nil {
			secrets[name+", decoded"], own[name+", decoded"] = decoded, name
		}
	}
	s.pushes(`[{"id":"u","source":"registry","occurredAt":"2026-01-01T00:00:00Z","unitRegistered":{"unit":"chengqu","nameZh":"城区","kind":"UNIT_KIND_OUTLET"}}]`)
	look := func() {
		err := filepath.WalkDir(data, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			if info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s may be read by others: %v", strings.TrimPrefix(path, data), info.Mode())
			}
			if !info.Mode().IsRegular() {
				return nil
			}
			raw, err := os.ReadFile(path)
			for what, secret := range secrets {
				if own[what] != filepath.Base(path) && bytes.Contains(raw, secret) {
					t.Errorf("%s holds %s", strings.TrimPrefix(path, data), what)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	s.kill() // with the logs of the database files beside them
	look()
	s = up(t, data)
	if !s.letsIn(token) {
		t.Error("the token is not taken any more")
	}
	for what, secret := range secrets {
		if own[what] == "" && bytes.Contains([]byte(s.log.String()), secret) {
			t.Errorf("the log holds %s", what)
		}
	}
	s.stop()
	look()
}

// TestARebuildLeavesWhatItCannotBuild: who was let in is let in, who was revoked
// is not, and webhooks are there.
func TestARebuildLeavesWhatItCannotBuild(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := up(t, data)
	kept, revoked, hook := s.makeToken("kept"), s.makeToken("revoked"), s.makeWebhook("w")
	s.remove("/v1/tokens/" + revoked.Token.ID)
	s.stop()
	if out, ok := command(t, "rebuild", "--data", data); !ok {
		t.Fatalf("rebuild: %s", out)
	}
	s = up(t, data)
	if !s.letsIn(kept.Secret) || s.letsIn(revoked.Secret) || !s.webhooks()[hook.Webhook.ID] {
		t.Errorf("the token that was kept is let in: %v, the revoked one: %v, webhooks: %v", s.letsIn(kept.Secret), s.letsIn(revoked.Secret), s.webhooks())
	}
}

// TestAKeyIsNeverMadeAnew: of an instance that has used one, a missing key and
// another key are errors that say what to do.
func TestAKeyIsNeverMadeAnew(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := up(t, data)
	s.pushes(`[{"id":"u","source":"registry","occurredAt":"2026-01-01T00:00:00Z","unitRegistered":{"unit":"chengqu","nameZh":"城区","kind":"UNIT_KIND_OUTLET"}}]`)
	s.makeWebhook("w")
	s.stop()
	refused := func(name, want string) {
		t.Helper()
		out, ok := command(t, "up", "--data", data, "--http", port.Free(t), "--grpc", port.Free(t))
		if ok || !strings.Contains(out, name) || !strings.Contains(out, want) || !strings.Contains(out, "kaohe key accept "+name) {
			t.Errorf("%s %s, and it said: %s", name, want, out)
		}
	}
	for _, name := range []string{"customer.key", "secrets.key"} {
		path := filepath.Join(data, name)
		key := mustRead(t, path)
		must(t, os.Remove(path))
		refused(name, "is missing")
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s was made anew", name)
		}
		must(t, os.WriteFile(path, []byte("another\n"), 0o600))
		refused(name, "is not the key")
		must(t, os.WriteFile(path, []byte(key), 0o600))
	}
	// Without documents it is the log that says that a key was used.
	must(t, os.RemoveAll(filepath.Join(data, "state")))
	customers := mustRead(t, filepath.Join(data, "customer.key"))
	must(t, os.Remove(filepath.Join(data, "customer.key")))
	refused("customer.key", "is missing")

	if out, ok := command(t, "key", "accept", "customer.key", "--data", data); !ok {
		t.Fatalf("accept: %s", out)
	}
	if again := mustRead(t, filepath.Join(data, "customer.key")); again == customers || len(again) < 40 {
		t.Errorf("the new key is %q", again)
	}
	s = up(t, data)
	if out := s.mustKaohe("audit", "--since", "1h", "--what", "call_made"); !strings.Contains(out, "AcceptKey customer.key") {
		t.Errorf("the trail does not say so: %s", out)
	}
	if out, ok := command(t, "key", "accept", "admin.token", "--data", t.TempDir()); ok || !strings.Contains(out, "customer.key or secrets.key") {
		t.Errorf("it said: %s", out)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
