package sealed_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"kaohe.dev/services/internal/sealed"
)

func written(t *testing.T, messages ...string) (name, sum string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "log.gz")
	w, err := sealed.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range messages {
		if err := w.Add([]byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	if sum, err = w.Seal(); err != nil {
		t.Fatal(err)
	}
	return name, sum
}

// all reads a file to its end, or to what is wrong with it.
func all(t *testing.T, name string) ([]string, error) {
	t.Helper()
	r, err := sealed.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	var messages []string
	for {
		message, err := r.Next()
		if errors.Is(err, io.EOF) {
			return messages, nil
		}
		if err != nil {
			return messages, err
		}
		messages = append(messages, string(message))
	}
}

func TestWhatIsWrittenIsReadInOrderAndKnownByItsHash(t *testing.T) {
	name, sum := written(t, "one", "", "three")
	if got, err := all(t, name); err != nil || len(got) != 3 || got[0] != "one" || got[1] != "" || got[2] != "three" {
		t.Errorf("read %q: %v", got, err)
	}
	if again, err := sealed.Hash(name); err != nil || again != sum {
		t.Errorf("hash %s, sealed with %s: %v", again, sum, err)
	}
	if _, other := written(t, "one", "", "four"); other == sum {
		t.Error("another message, the same hash")
	}
}

func TestAFileThatIsCutOffIsNoEnd(t *testing.T) {
	name, _ := written(t, "one", "two", "three")
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	for size := range info.Size() {
		if err := os.Truncate(name, info.Size()-1-size); err != nil {
			t.Fatal(err)
		}
		if got, err := all(t, name); err == nil {
			t.Fatalf("a file of %d bytes was read as %q", info.Size()-1-size, got)
		}
	}
}
