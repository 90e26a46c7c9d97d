package adversary

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestReceiversAreNotInside registers receivers where only the program itself
// can go: none is taken, in whichever way the address is written.
func TestReceiversAreNotInside(t *testing.T) {
	s := up(t, t.TempDir())
	for _, host := range []string{
		"127.0.0.1", "localhost", "LOCALHOST.", "a.localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "10.0.0.1", "172.16.0.1", "192.168.0.1",
		"100.64.0.1", "[fd00::1]", "169.254.169.254", "169.254.170.2", "[fe80::1]", "[fd00:ec2::254]", "[fd20:ce::254]", "100.100.100.200", "168.63.129.16",
		"192.0.0.192", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a9fe:a9fe]", "[2002:a9fe:a9fe::1]", "[2001:0:1:1::1]",
		"[2606:4700::5efe:a9fe:a9fe]", "[::a9fe:a9fe]", "224.0.0.1", "255.255.255.255",
	} {
		var answer struct{ Code string }
		body, err := json.Marshal(map[string]string{"name": "w", "url": "http://" + host + ":80/latest"})
		must(t, err)
		if code := s.call("POST", "/v1/webhooks", string(body), &answer); code != http.StatusBadRequest || answer.Code != "bad_url" {
			t.Errorf("%s: status %d, %s", host, code, answer.Code)
		}
	}
}

// TestWhatAReceiverAnsweredIsTheAdministrators has a receiver answer what nobody
// but the administrator should read, and redirect to where nobody should go.
func TestWhatAReceiverAnsweredIsTheAdministrators(t *testing.T) {
	const inside = "the secret of the inside"
	followed := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moves":
			http.Redirect(w, r, "/moved", http.StatusTemporaryRedirect)
		case "/moved":
			followed <- r.URL.Path
		default:
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, inside)
		}
	}))
	defer receiver.Close()
	s := up(t, t.TempDir(), "--webhook-allow", "127.0.0.1")
	operations := s.tokenOf("operations")
	for _, path := range []string{"/says", "/moves"} {
		var made struct{ Webhook struct{ ID string } }
		if code := s.call("POST", "/v1/webhooks", `{"name":"w","url":"`+receiver.URL+path+`"}`, &made); code != http.StatusOK {
			t.Fatalf("a receiver that is allowed: status %d", code)
		}
		var told struct{ Said, State string }
		s.call("POST", "/v1/webhooks/"+made.Webhook.ID+"/test", "{}", &told)
		if told.State != "DELIVERY_STATE_DEAD" || path == "/says" && told.Said != inside {
			t.Errorf("%s: the administrator is told %+v", path, told)
		}
		request, err := http.NewRequest("GET", "http://"+s.http+"/v1/webhooks/"+made.Webhook.ID+"/deliveries?state=DELIVERY_STATE_DEAD", nil)
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+operations)
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		raw, err := io.ReadAll(response.Body)
		must(t, err)
		must(t, response.Body.Close())
		if response.StatusCode != http.StatusOK || !strings.Contains(string(raw), "DELIVERY_STATE_DEAD") || strings.Contains(string(raw), inside) {
			t.Errorf("%s: operations are told %s", path, raw)
		}
	}
	if len(followed) > 0 {
		t.Error("a redirect was followed")
	}
}

// TestNoCellOfTheCommandLineIsAFormula has the command line print names that
// spreadsheets would compute.
func TestNoCellOfTheCommandLineIsAFormula(t *testing.T) {
	s := up(t, t.TempDir())
	s.pushes(twoUnits)
	names := []string{"=HYPERLINK(1)", "+1+1", "-1+1", "@SUM(A1)", "＝1+1"}
	taken := 0
	for _, name := range names {
		body, err := json.Marshal(map[string]any{"name": name, "role": "ROLE_FEED"})
		must(t, err)
		if s.call("POST", "/v1/tokens", string(body), nil) == http.StatusOK {
			taken++
		}
	}
	out, err := run(t, "token", "list", "-o", "csv", "--addr", s.grpc, "--data", s.data)
	must(t, err)
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	must(t, err)
	if len(rows) < 1+taken {
		t.Fatalf("%d tokens of %d are listed:\n%s", len(rows)-1, taken, out)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "-" && strings.IndexAny(cell, "=+-@\t\r＝＋－＠") == 0 {
				t.Errorf("%q is a formula", cell)
			}
		}
	}
}
