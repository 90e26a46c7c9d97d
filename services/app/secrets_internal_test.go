package app

import "testing"

// TestProcessesThatStartAtOnceHaveTheSameSecret: whoever makes it first, nobody
// reads half of it or has another.
func TestProcessesThatStartAtOnceHaveTheSameSecret(t *testing.T) {
	for range 50 {
		dir, values := t.TempDir(), make(chan string, 8)
		for range cap(values) {
			go func() {
				value, err := secretFile(dir, "customer.key")
				if err != nil {
					value = err.Error()
				}
				values <- value
			}()
		}
		first := <-values
		for range cap(values) - 1 {
			if other := <-values; other != first || len(first) != 48 {
				t.Fatalf("%q and %q", first, other)
			}
		}
	}
}
