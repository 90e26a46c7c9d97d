package app

import (
	"fmt"
	"slices"
	"strings"

	"kaohe.dev/services/escalation"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/internal/bus"
	"kaohe.dev/services/quality"
	"kaohe.dev/services/scoring"
	"kaohe.dev/services/sla"
	"kaohe.dev/services/survey"
)

// target is a row of the target table: a name, the targets it stands for or
// the machine it runs, the stream the machine reads, whose markers it waits
// for, and, of the one that reads the feed, on whom decisions take effect.
type target struct {
	name       string
	stands     []string
	machine    func() flow.Machine
	stream     string
	upstream   []string
	downstream []string
}

// All is the target that stands for every service.
const All = "all"

// Gateway is the target that serves the API and the page.
const Gateway = "gateway"

// Notify is the target that tells receivers outside; it alone reaches out.
const Notify = "notify"

func targets() []target {
	return []target{
		{name: All, stands: []string{
			"ticket-ingest", "sla-timer", "complaint-escalation", "survey", "quality", "scoring", Notify, Gateway,
		}},
		{name: "ticket-ingest", machine: machine(ingest.Service), stream: bus.Feed, downstream: []string{"scoring"}},
		{
			name: "sla-timer", machine: machine(sla.Service), stream: bus.Facts,
			upstream: []string{"ticket-ingest"},
		},
		{
			name: "complaint-escalation", machine: machine(escalation.Service), stream: bus.Facts,
			upstream: []string{"ticket-ingest"},
		},
		{
			name: "survey", machine: machine(survey.Service), stream: bus.Facts,
			upstream: []string{"ticket-ingest"},
		},
		{
			name: "quality", machine: machine(quality.Service), stream: bus.Facts,
			upstream: []string{"ticket-ingest"},
		},
		{
			name: "scoring", machine: scoring.New, stream: bus.Facts,
			upstream: []string{"ticket-ingest", "sla-timer", "complaint-escalation", "survey", "quality"},
		},
		{name: Notify},
		{name: Gateway},
	}
}

// reads gives the streams a target reads.
func (t target) reads() []string {
	switch {
	case t.name == Notify:
		return []string{bus.Ledger}
	case t.machine == nil:
		return []string{bus.Feed, bus.Facts, bus.Ledger}
	}
	return []string{t.stream}
}

func machine(service func() flow.Service) func() flow.Machine {
	return func() flow.Machine { return flow.NewMachine(service()) }
}

// Services gives the services that keep dossiers, ticket-ingest first: what
// the offline fold folds with.
func Services() []flow.Service {
	return []flow.Service{ingest.Service(), sla.Service(), escalation.Service(), survey.Service(), quality.Service()}
}

// TargetNames lists what --target takes.
func TargetNames() []string {
	var names []string
	for _, t := range targets() {
		names = append(names, t.name)
	}
	return names
}

// resolve gives the targets that names stand for, in the order of the table.
func resolve(names []string) ([]target, error) {
	wanted := map[string]bool{}
	for _, name := range names {
		at := slices.IndexFunc(targets(), func(t target) bool { return t.name == name })
		if at < 0 {
			return nil, fmt.Errorf("target %q is not known; choose from %s", name, strings.Join(TargetNames(), ", "))
		}
		wanted[name] = true
		for _, other := range targets()[at].stands {
			wanted[other] = true
		}
	}
	var chosen []target
	for _, t := range targets() {
		if wanted[t.name] && t.stands == nil {
			chosen = append(chosen, t)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no target given; choose from %s", strings.Join(TargetNames(), ", "))
	}
	return chosen, nil
}
