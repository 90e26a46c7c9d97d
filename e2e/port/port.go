// Package port gives addresses that a program under test can listen on.
//
// They lie below the ports that the system gives to outgoing connections, and
// each is given once: a port that was only looked for and let go again may
// belong to somebody else when the program comes to listen.
package port

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"
)

// The range that is given from.
const (
	first = 12_000
	last  = 32_000
)

var next atomic.Uint32

// Free gives an address on the loopback, host:port, that nobody listens on.
func Free(t testing.TB) string {
	t.Helper()
	start := uint32(os.Getpid()) * 997 // test programs at the same time begin elsewhere
	for range last - first {
		address := fmt.Sprintf("127.0.0.1:%d", first+(start+next.Add(1))%(last-first))
		if l, err := net.Listen("tcp", address); err == nil {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return address
		}
	}
	t.Fatalf("no port between %d and %d is free", first, last)
	return ""
}
