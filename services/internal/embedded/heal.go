package embedded

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"kaohe.dev/services/internal/pause"
)

// LookEvery is how often the streams are looked at; nothing is done before two looks.
const LookEvery = time.Second

// Reopening is what the log says when streams are opened anew. While the disk
// takes every write it is never said, however busy the machine is.
const Reopening = "writes to streams failed and the disk takes writes again: the streams are opened anew"

// healer opens the streams anew when a write has failed and writing is possible
// again: the server never writes to a stream whose disk was full, until it is
// opened anew. What was not acknowledged is cut off by that, nothing else.
//
// It acts on evidence only: a write that failed, as the stream itself remembers
// it, or JetStream that stopped for want of room. It must be there in two looks.
// A server that is slow to answer is a busy machine; what works is not stopped.
type healer struct {
	s    *server.Server
	opts Options
	// suspects are what the last look found, by stream.
	suspects map[string]string
}

func (h *healer) run(ctx context.Context) {
	for pause.Sleep(ctx, LookEvery) {
		h.look()
	}
}

// look asks once, and heals what the look before found too.
func (h *healer) look() {
	found, told := h.evidence()
	if !told {
		return // that is neither for a failed write nor against one
	}
	before := h.suspects
	h.suspects = found
	confirmed := maps.Clone(found)
	maps.DeleteFunc(confirmed, func(stream, _ string) bool { _, twice := before[stream]; return !twice })
	if len(confirmed) > 0 && writable(h.opts.Dir) {
		h.heal(confirmed)
	}
}

func (h *healer) heal(confirmed map[string]string) {
	var why []any
	for _, stream := range slices.Sorted(maps.Keys(confirmed)) {
		why = append(why, slog.String(stream, confirmed[stream]))
	}
	h.opts.Logger.Warn(Reopening, why...)
	began := time.Now()
	err := h.s.ShutdownJetStream()
	if err == nil {
		err = h.s.EnableJetStream(&server.JetStreamConfig{
			StoreDir: h.opts.Dir, SyncAlways: h.opts.SyncEvery == 0, SyncInterval: h.opts.SyncEvery,
			MaxMemory: maxMemory, MaxStore: maxStore, Strict: true, CompressOK: true,
		})
	}
	h.suspects = nil
	if err != nil {
		h.opts.Logger.Error("opening the streams anew failed, trying again", "error", err)
		return
	}
	h.opts.Logger.Info("the streams were opened anew and take writes", "took", time.Since(began))
}

// wholeServer stands for all streams where JetStream itself has stopped.
const wholeServer = "JetStream"

// evidence gives the failed writes by stream; told is false when the server
// could not say.
func (h *healer) evidence() (found map[string]string, told bool) {
	if !h.s.JetStreamEnabled() {
		return map[string]string{wholeServer: "it has stopped"}, true
	}
	return failedWrites(h.s.Healthz(&server.HealthzOptions{Details: true}))
}

// failedWrites reads what the server says of its health. Of all it may complain
// about only failed writes count.
func failedWrites(health *server.HealthStatus) (found map[string]string, told bool) {
	found = map[string]string{}
	for _, complaint := range health.Errors {
		switch {
		case complaint.Type == server.HealthzErrorStream && strings.Contains(complaint.Error, "write error:"):
			found[complaint.Stream] = complaint.Error
		case complaint.Type != server.HealthzErrorStream:
			return nil, false
		}
	}
	return found, true
}

// writable reports whether a file can be written and synced. The file has no
// name by then, so nobody who walks the directory meets it.
func writable(dir string) bool {
	file, err := os.CreateTemp(dir, "writable-*")
	if err != nil {
		return false
	}
	err = os.Remove(file.Name())
	if err == nil {
		_, err = file.Write(make([]byte, 1<<20))
	}
	return errors.Join(err, file.Sync(), file.Close()) == nil
}
