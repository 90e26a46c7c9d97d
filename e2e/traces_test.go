package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"kaohe.dev/e2e/port"
)

// The caller's own span: a trace and a parent that nobody else has.
const (
	callersTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	callersSpan  = "00f067aa0ba902b7"
)

// One event, pushed by a caller that is traced, is seen in one trace in every
// process it comes through, up to the reader of the page's stream.
func TestOneTraceFollowsAnEventThroughEveryProcess(t *testing.T) {
	sink := startCollector(t)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
	s := serveTraced(t, "grpc://"+sink.address)
	s.call("POST", "/v1/events", `[{"id":"u1","source":"mine","occurredAt":"2026-01-01T00:00:00+08:00","unitRegistered":
		{"unit":"chengqu","nameZh":"城区营业部","nameEn":"Urban outlet","kind":"UNIT_KIND_OUTLET","customers":"20000"}}]`, nil)
	s.call("POST", "/v1/barriers", "{}", nil) // the unit is known everywhere
	s.listen()
	s.pushTraced(`[{"id":"t1","source":"mine","occurredAt":"2026-03-02T09:00:00+08:00","ticketOpened":
		{"ticket":"T1","kind":"TICKET_KIND_FAULT","category":"no signal","unit":"chengqu","customer":"C1","dueAt":"2026-03-03T09:00:00+08:00"}}]`)
	await(t, "followed to the reader", func() error {
		seen := map[string]bool{}
		for _, span := range sink.all() {
			seen[span.service+": "+span.name] = true
		}
		for _, want := range []string{
			"kaohe-gateway: event", "kaohe-gateway: append", "kaohe-ticket-ingest: ticket-ingest step", "kaohe-sla-timer: sla-timer step",
			"kaohe-scoring: scoring step", "kaohe-scoring: commit", "kaohe-gateway: entry shown", "kaohe-gateway: SSE sent",
		} {
			if !seen[want] {
				return fmt.Errorf("there is no span %q: %v", want, seen)
			}
		}
		return nil
	})
	inOrder(t, sink)
}

// inOrder checks the chain: every span behind its parent, in four processes or
// more.
func inOrder(t *testing.T, sink *collector) {
	t.Helper()
	var spans []span
	await(t, "whole", func() error { // a parent may be sent after its children
		spans = sink.all()
		return unbroken(spans)
	})
	byID, processes := map[string]span{}, map[string]bool{}
	for _, s := range spans {
		byID[s.id], processes[s.process] = s, true
	}
	for _, s := range spans {
		if parent := byID[s.parent]; s.began.Before(parent.began) {
			t.Errorf("%s began %s before its parent %s", s.name, parent.began.Sub(s.began), parent.name)
		}
		if s.trace != callersTrace {
			t.Errorf("%s of %s is followed, and nobody asked for it", s.name, s.service)
		}
		if s.ended.Before(s.began) {
			t.Errorf("%s ended before it began", s.name)
		}
	}
	if len(processes) < 4 {
		t.Errorf("the trace is of %d processes only: %v", len(processes), processes)
	}
}

// unbroken reports a span whose parent is not there.
func unbroken(spans []span) error {
	known := map[string]bool{callersSpan: true}
	for _, s := range spans {
		known[s.id] = true
	}
	for _, s := range spans {
		if !known[s.parent] {
			return fmt.Errorf("the parent of %s of %s is not there", s.name, s.service)
		}
	}
	return nil
}

// serveTraced runs every target in a process of its own, which sends its spans
// to a collector; nothing is followed that does not come with a trace.
func serveTraced(t *testing.T, collector string) *server {
	t.Helper()
	dir := t.TempDir()
	shared := []string{
		"--data", filepath.Join(dir, "kaohe"), "--nats", "nats://" + startNATS(t, filepath.Join(dir, "nats")),
		"--store", "sqlite:" + filepath.Join(dir, "state"), "--traces", collector, "--trace-ratio", "0",
	}
	for _, target := range services {
		start(t, program, append([]string{"serve", "--target", target}, shared...)...)
	}
	s := &server{data: filepath.Join(dir, "kaohe"), http: port.Free(t), grpc: port.Free(t)}
	s.process = start(t, program, append([]string{"serve", "--target", "gateway", "--http", s.http, "--grpc", s.grpc}, shared...)...)
	s.waitReady()
	return s
}

// listen reads the page's stream until the test ends, and returns when it is
// subscribed.
func (s *server) listen() {
	s.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s.t.Cleanup(stop)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.http+"/v1/stream", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.token())
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	from := bufio.NewReader(response.Body)
	if _, err := from.ReadString('\n'); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		defer response.Body.Close()
		for {
			if _, err := from.ReadString('\n'); err != nil {
				return // the test is over
			}
		}
	}()
}

// pushTraced pushes events as a caller that is traced does.
func (s *server) pushTraced(events string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, "http://"+s.http+"/v1/events", strings.NewReader(events))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.token())
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("traceparent", "00-"+callersTrace+"-"+callersSpan+"-01")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		s.t.Fatalf("push: %s", response.Status)
	}
}

// A collector that is not there slows nobody down and stops nobody.
func TestWithoutItsCollectorAllGoesOn(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1000")
	data := t.TempDir()
	s := up(t, data, "--traces", "grpc://"+port.Free(t), "--trace-ratio", "1")
	pushAndEnd(s, feedFile(t))
	hash := s.verify(demoMonth)
	await(t, "told", func() error {
		if n := strings.Count(s.log.String(), "collector of traces cannot be reached"); n != 1 {
			return fmt.Errorf("the log says %d times that the collector is not there", n)
		}
		return nil
	})
	s.stop()
	if got := up(t, data).verify(demoMonth); got != hash {
		t.Errorf("hash %s when nobody follows, %s when all was followed", got, hash)
	}
}
