package e2e

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
)

func TestAClusterGoesOnWithAFullDiskOnOneNode(t *testing.T) {
	small := smallDisk(t, "64m")
	c := startCluster(t, [3]string{small, t.TempDir(), t.TempDir()})
	s := c.serve(t)
	s.register()
	acknowledged := 0
	push := func(n int) {
		await(t, "pushed", func() error { return s.offer(overdue(acknowledged, acknowledged+n)) })
		acknowledged += n
	}
	push(500)
	free := fill(t, small)
	for range 5 {
		push(100)
	}
	await(t, "a node that tells of its disk", func() error {
		if c[0].ask("/healthz", nil) == nil {
			return errors.New("it is healthy")
		}
		return nil
	})
	free()
	c[0].kill() // NATS does not go on by itself after a full disk
	c[0].start()
	c.awaitHealth()

	// What it missed it has by now: it is needed for a majority.
	c[1].kill()
	push(100)
	c[1].start()
	c.awaitHealth()
	s.holds(acknowledged)
}

func TestALimitOfNATSIsToldAndLosesNothing(t *testing.T) {
	const limit = "max_file_store: 2MB"
	c := startCluster(t, [3]string{t.TempDir(), t.TempDir(), t.TempDir()}, "sync_interval: always", "sync_interval: always\n  "+limit)
	s := c.serve(t)
	s.register()
	const batch = 500
	acknowledged := 0
	var refusal struct{ Code, Message string }
	await(t, "refused for want of room", func() error {
		refusal.Code = ""
		code, err := s.try("POST", "/v1/events", overdue(acknowledged, acknowledged+batch), &refusal)
		if err == nil && code == http.StatusOK {
			acknowledged += batch
		}
		if err == nil && code != http.StatusInsufficientStorage {
			err = errors.New("it is taken")
		}
		return err
	})
	if refusal.Code != "storage_full" || acknowledged == 0 {
		t.Errorf("after %d events: %+v", acknowledged, refusal)
	}
	one := write(t, "one.ndjson", strings.Trim(overdue(acknowledged, acknowledged+1), "[]"))
	if out, err := s.kaohe("push", one); err == nil || !strings.Contains(out, "max_file_store") {
		t.Errorf("push on the command line: %v\n%s", err, out)
	}

	for _, n := range c { // not waiting for health between: none that is full leads
		text := strings.Replace(mustRead(t, n.config), limit, "max_file_store: 1GB", 1)
		if err := os.WriteFile(n.config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		n.kill()
		n.start()
	}
	c.awaitHealth()
	await(t, "pushed with more room", func() error { return s.offer(overdue(acknowledged-1, acknowledged+batch)) })
	s.holds(acknowledged + batch)
}
