package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
)

// pushed puts an image into a registry of this test, and gives its name and
// digest.
func pushed(t *testing.T, host, name string) (string, string) {
	t.Helper()
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	full := host + "/" + name
	if err := crane.Push(image, full); err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return full, digest.String()
}

// A registry is asked, what it says is written, and a tag that was moved since
// is followed; our own image and what the registry lacks stay.
func TestImagesAreNamedByWhatTheRegistrySays(t *testing.T) {
	server := httptest.NewServer(registry.New())
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	nats, digest := pushed(t, host, "nats:2.15-alpine")
	old := "sha256:" + strings.Repeat("0", 64)

	dir := t.TempDir()
	name := filepath.Join(dir, "compose.yaml")
	before := "a:\n  image: " + nats + "\nb:\n  - image: " + nats + "@" + old + "\nc:\n  image: kaohe\nd:\n  image: " + host + "/absent:1\n"
	if err := os.WriteFile(name, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	err := pin(dir, resolver())
	if err == nil || !strings.Contains(err.Error(), host+"/absent:1") {
		t.Errorf("an image that is not there: %v", err)
	}
	after, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want := "a:\n  image: " + nats + "@" + digest + "\nb:\n  - image: " + nats + "@" + digest + "\nc:\n  image: kaohe\nd:\n  image: " + host + "/absent:1\n"
	if string(after) != want {
		t.Errorf("got\n%s\nwant\n%s", after, want)
	}
}

// Every image of deploy/ that is not ours is found by the tool.
func TestEveryImageOfDeployIsFound(t *testing.T) {
	var asked []string
	digest := func(image string) (string, error) {
		asked = append(asked, image)
		return "sha256:" + strings.Repeat("0", 64), nil
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../../deploy")); err != nil {
		t.Fatal(err)
	}
	if err := pin(dir, digest); err != nil {
		t.Fatal(err)
	}
	for _, image := range []string{"golang:", "nats:", "mongo:", "prom/prometheus:", "grafana/grafana:"} {
		if !strings.Contains(strings.Join(asked, " "), image) {
			t.Errorf("%s is not among %v", image, asked)
		}
	}
}
