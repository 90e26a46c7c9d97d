package embedded

import (
	"maps"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// Only a write that failed is evidence. A machine so busy that the server does
// not answer in its millisecond says nothing, and neither does a stream that is
// being made or taken away.
func TestOnlyAFailedWriteIsEvidence(t *testing.T) {
	busy := server.HealthzError{Type: server.HealthzErrorConn, Error: "failed to be ready for connections after 1ms"}
	failed := server.HealthzError{Type: server.HealthzErrorStream, Stream: "FEED", Error: "JetStream stream '$G > FEED' write error: no space left on device"}
	away := server.HealthzError{Type: server.HealthzErrorStream, Stream: "FACTS", Error: "JetStream stream '$G > FACTS' could not be recovered"}
	for name, c := range map[string]struct {
		errors []server.HealthzError
		found  []string
		told   bool
	}{
		"well":                {nil, nil, true},
		"busy":                {[]server.HealthzError{busy}, nil, false},
		"a failed write":      {[]server.HealthzError{failed}, []string{"FEED"}, true},
		"a stream taken away": {[]server.HealthzError{away}, nil, true},
		"both":                {[]server.HealthzError{away, failed}, []string{"FEED"}, true},
		"busy meanwhile":      {[]server.HealthzError{failed, busy}, nil, false},
	} {
		found, told := failedWrites(&server.HealthStatus{StatusCode: 503, Errors: c.errors})
		if told != c.told || len(found) != len(c.found) {
			t.Errorf("%s: %v, told %v", name, found, told)
		}
		for _, stream := range c.found {
			if found[stream] == "" {
				t.Errorf("%s: %s is not found in %v", name, stream, maps.Clone(found))
			}
		}
	}
}
