package e2e

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kaohe.dev/e2e/port"
)

// unpack writes an archive into a new directory.
func unpack(t testing.TB, name string) string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	packed, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for archive := tar.NewReader(packed); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.Clean("/"+header.Name))
		if header.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o700)
		} else {
			var raw []byte
			if raw, err = io.ReadAll(archive); err == nil {
				err = os.WriteFile(path, raw, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Every release leaves a data directory and a backup in testdata; each later
// one opens them and arrives at the hash they had. Where lines are written another
// way since, the file hash has both, and the entries as they were written then
// give the first. A release adds a directory here and takes none away: how, is in
// its README.
func TestWhatEarlierReleasesWroteIsReadAndVerified(t *testing.T) {
	t.Parallel()
	releases, err := filepath.Glob("testdata/release-*")
	if err != nil || len(releases) == 0 {
		t.Fatalf("no releases in testdata: %v", err)
	}
	for _, release := range releases {
		t.Run(filepath.Base(release), func(t *testing.T) {
			hashes := strings.Fields(mustRead(t, filepath.Join(release, "hash")))
			was, want := hashes[0], hashes[len(hashes)-1]
			s := up(t, unpack(t, filepath.Join(release, "data.tar.gz")))
			if got := s.verify(demoMonth); got != want {
				t.Errorf("the data directory verifies to %s, it was %s", got, want)
			}
			entries := s.entries(demoMonth, "state=active")
			if len(entries) == 0 {
				t.Error("it has no entries")
			}
			if got := formerHash(t, entries); got != was {
				t.Errorf("its entries, written as they were then, have the hash %s, it was %s", got, was)
			}
			s.stop()
			data := filepath.Join(t.TempDir(), "data")
			if out, ok := command(t, "restore", filepath.Join(unpack(t, filepath.Join(release, "backup.tar.gz")), "backup"), "--data", data); !ok || !strings.Contains(out, want) || !strings.Contains(out, "the same") {
				t.Errorf("the backup: %s", out)
			}
		})
	}
}

// formerHash is the fingerprint of entries as format 1 had it: with the words of
// their reasons.
func formerHash(t testing.TB, entries []entry) string {
	t.Helper()
	var written []string
	for _, e := range entries {
		at, err := time.Parse(time.RFC3339Nano, e.OccurredAt)
		if err != nil {
			t.Fatal(err)
		}
		fields := append([]string{e.Month, e.Unit, e.Part, e.Item, e.Rule, e.RulebookVersion, e.Points, e.Effect, e.Incident.Kind, e.Incident.ID,
			at.UTC().Format(time.RFC3339Nano), e.Clause, e.Reason.Zh, e.Reason.En}, e.Proof...)
		for i := range fields {
			fields[i] = strings.NewReplacer("\\", "\\\\", "\t", "\\t", "\n", "\\n", "\r", "\\r").Replace(fields[i])
		}
		written = append(written, strings.Join(fields, "\t"))
	}
	slices.Sort(written)
	hash := sha256.New()
	for _, line := range written {
		hash.Write([]byte(line + "\n"))
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func TestADataDirectoryOfAnotherFormatIsLeftAlone(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	up(t, data).stop()
	if err := os.WriteFile(filepath.Join(data, "format"), []byte("99\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, ok := command(t, "up", "--data", data, "--http", port.Free(t), "--grpc", port.Free(t)); ok || !strings.Contains(out, "format") {
		t.Errorf("it said %s", out)
	}
}
