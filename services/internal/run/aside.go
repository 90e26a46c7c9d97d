package run

import (
	"cmp"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/internal/store"
	"kaohe.dev/services/period"
)

// An input on which a service can only fail is set aside, and the service goes
// on. Which one it is is known when its step fails. When what was decided of
// several cannot be stored, fewer are taken at a time until it is known. Nothing
// is said before all of it was found fit to be stored: what is said of an input
// that is set aside would be remembered by others, and by its service never.
//
// Only a fault that stays is treated so. Where a server is away, or a disk is
// full, the same is tried again, for ever.

// Failed is the code of the reason why an input was set aside that a service
// failed on.
const Failed = "failed"

// culprit is what a service fails on: an input, by its place, or a key that is
// looked at again there.
type culprit struct {
	sequence uint64
	wake     string
}

// poison is a fault that stays, however often the same is tried.
type poison struct {
	culprit
	known bool   // the culprit is
	upTo  uint64 // it is at none behind this place
	err   error
}

func (p *poison) Error() string { return p.err.Error() }

func (p *poison) Unwrap() error { return p.err }

// isolate learns from a fault, and reports whether to go on at once: with what
// was found set aside, or with fewer inputs at a time until it is found.
func (r *Runner) isolate(err error) bool {
	var p *poison
	switch {
	case !errors.As(err, &p):
		return false
	case p.known && r.aside[p.culprit] != nil:
		return false // setting it aside fails too
	case p.known:
		r.aside[p.culprit] = p.err
		r.few, r.until = maxInputs, 0
		return true
	case r.few == 1:
		return false
	}
	r.few, r.until = r.few/2, max(r.until, p.upTo)
	return true
}

// passed forgets what was learnt about inputs that have been dealt with.
func (r *Runner) passed(sequence uint64) {
	for c := range r.aside {
		if c.sequence <= sequence {
			delete(r.aside, c)
		}
	}
	if sequence >= r.until {
		r.few = min(2*r.few, maxInputs)
	}
}

// guard runs code that knows the domain. If it panics, that is a fault of what
// it was given.
func guard(c culprit, known bool, what func() error) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = &poison{culprit: c, known: known, upTo: c.sequence, err: fmt.Errorf("panic: %v\n%s", panicked, debug.Stack())}
		}
	}()
	return what()
}

// Attempt runs code that knows the domain: that it panics is a fault that stays.
func Attempt(what func() error) error { return guard(culprit{}, false, what) }

// Stays reports whether a fault is one that stays, however often the same is
// tried.
func Stays(err error) bool {
	var p *poison
	return errors.As(err, &p) || errors.Is(err, store.ErrUnfit)
}

// step steps the machine, or sets aside what it fails on.
func (s *session) step(in flow.Input) error {
	c := culprit{in.Sequence, in.Wake}
	if cause := s.aside[c]; cause != nil {
		return s.setAside(in, cause)
	}
	s.batch.stepped = append(s.batch.stepped, c)
	err := guard(c, true, func() error { return s.opts.Machine.Step(s.policy, s.batch, in) })
	if err == nil {
		err = s.batch.failure
	}
	if err != nil {
		return fmt.Errorf("step %s at %d: %w", s.name, in.Sequence, err)
	}
	return nil
}

// setAside puts an input into the quarantine, with what it is about. A key that
// was looked at again is not before something new is told of it.
func (s *session) setAside(in flow.Input, cause error) error {
	what := firstLine(cause.Error())
	q := &statev1.Quarantined{
		Reason: flow.Because(Failed, flow.Said("error", what)),
		Wake:   in.Wake, Program: s.opts.Program,
	}
	s.opts.Logger.Error("an input cannot be dealt with and is set aside", "service", s.name, "sequence", in.Sequence,
		"key", in.Wake, "error", what)
	q.Unit, q.Month = s.concerns(in)
	s.batch.quarantine(s.batch.in, q)
	if in.Wake == "" {
		return nil
	}
	return s.settle(in.Wake)
}

// settle takes the deadline off a document; one that is not stored has none, and
// may be what cannot be.
func (s *session) settle(key string) error {
	stored, err := s.cache.get(s.batch.ctx, s.opts.Store, Docs(s.name, nil).Name, key)
	if err != nil || stored == nil || stored.Version == 0 {
		return err
	}
	doc, take, err := s.batch.Open(key)
	if err == nil && take {
		doc.Due = time.Time{}
	}
	return err
}

// maxCause is how much of an error a quarantine keeps.
const maxCause = 500

// firstLine gives the beginning of an error, without the stack behind it and
// without what cannot be kept.
func firstLine(message string) string {
	line, _, _ := strings.Cut(message, "\n")
	return strings.ToValidUTF8(line[:min(len(line), maxCause)], "\uFFFD")
}

// concerns tells the unit and the month that an input is about, as far as the
// input or what is known of its keys says.
func (s *session) concerns(in flow.Input) (unit, month string) {
	at := cmp.Or(flow.Time(in.Fact.GetOccurredAt()), in.At)
	unit = flow.UnitOf(in.Fact)
	keys := []string{in.Wake}
	if in.Wake == "" {
		_ = guard(culprit{}, false, func() error { keys = s.opts.Machine.Keys(in, s.policy); return nil })
	}
	for _, key := range keys {
		if unit != "" || key == "" || !s.mine(key) {
			continue
		}
		doc, err := s.cache.get(s.batch.ctx, s.opts.Store, Docs(s.name, nil).Name, key)
		if err == nil && doc != nil {
			unit = unitOf(doc.State)
		}
	}
	return unit, period.Of(period.Month, at.In(s.policy.Zone(unit))).String()
}

// unitOf gives the unit that a document is about; empty: none.
func unitOf(state proto.Message) string {
	switch about := state.(type) {
	case *statev1.Dossier:
		for _, f := range about.Known {
			if unit := flow.UnitOf(f); unit != "" {
				return unit
			}
		}
	case interface{ GetUnit() string }:
		return about.GetUnit()
	case interface{ GetFact() *factv1.Fact }:
		return flow.UnitOf(about.GetFact())
	}
	return ""
}

// quarantine keeps an input.
func (b *batch) quarantine(in input, q *statev1.Quarantined) {
	b.s.opts.Metrics.Quarantined(b.s.name, 1)
	log := b.s.opts.Logger
	if in.span.On() {
		in.span.Note("verdict", "quarantined", "reason", q.Reason.Code)
		log = log.With("trace_id", in.span.Trace())
	}
	log.Warn("input set aside", "service", b.s.name, "sequence", in.sequence, "reason", q.Reason.GetCode())
	q.Service, q.At, q.Input, q.Subject = b.s.name, flow.At(in.delivery.Stored), in.delivery.Data, in.delivery.Subject
	key := fmt.Sprintf("%020d", in.sequence)
	if q.Wake != "" && in.delivery.Subject != bus.WakePrefix+b.s.name {
		key += fmt.Sprintf("/%016x", xxhash.Sum64String(q.Wake)) // one of many that are looked at again there, whatever is in its key
	}
	if q.Program != "" {
		key = failedPrefix + key
	}
	b.quarantined = append(b.quarantined, store.Write{Collection: Quarantine(b.s.name).Name, Doc: store.Doc{Key: key, Body: q}})
}
