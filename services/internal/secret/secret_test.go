package secret

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func key(t rapid.TB, text string) *Key {
	k, err := New(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestWhatIsSealedIsOpenedAtItsPlaceByItsKeyAlone: and by nothing else, however
// little it was changed.
func TestWhatIsSealedIsOpenedAtItsPlaceByItsKeyAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 8, 80).Draw(t, "plain")
		k := key(t, "one")
		sealed := k.Seal(plain, "here")
		if bytes.Contains(sealed, plain) {
			t.Fatalf("the secret lies in the clear")
		}
		if got, err := k.Open(sealed, "here"); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("opened: %x, %v", got, err)
		}
		if _, err := k.Open(sealed, "there"); !errors.Is(err, ErrOtherKey) {
			t.Fatalf("opened at another place: %v", err)
		}
		if _, err := key(t, "other").Open(sealed, "here"); !errors.Is(err, ErrOtherKey) {
			t.Fatalf("opened by another key: %v", err)
		}
		at := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
		sealed[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := k.Open(sealed, "here"); !errors.Is(err, ErrOtherKey) {
			t.Fatalf("opened with a bit turned: %v", err)
		}
	})
}

func TestAFingerprintTellsKeysAndPurposesApart(t *testing.T) {
	seen := map[string]bool{Fingerprint("a", "x"): true, Fingerprint("b", "x"): true, Fingerprint("a", "y"): true}
	if len(seen) != 3 || !seen[Fingerprint("a", "x")] {
		t.Errorf("fingerprints are %v", seen)
	}
}

func TestAnEmptyKeyIsNone(t *testing.T) {
	if _, err := New(""); err == nil {
		t.Error("an empty key was taken")
	}
}
