package archtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"kaohe.dev/services/app"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/scoring"
)

// machines are all services, in the order of the flow.
func machines() []flow.Machine {
	var all []flow.Machine
	for _, s := range app.Services() {
		all = append(all, flow.NewMachine(s))
	}
	return append(all, scoring.New())
}

func TestEveryFactHasOneProducerAndAConsumer(t *testing.T) {
	producer := map[flow.Kind]string{flow.Event: app.Gateway}
	consumers := map[flow.Kind][]string{}
	for _, m := range machines() {
		for _, kind := range m.Produces() {
			if other, there := producer[kind]; there {
				t.Errorf("%s is produced by %s and by %s; a fact has one producer", kind, other, m.Name())
			}
			producer[kind] = m.Name()
		}
		for _, kind := range m.Consumes() {
			consumers[kind] = append(consumers[kind], m.Name())
		}
	}
	for _, kind := range flow.Kinds() {
		if producer[kind] == "" {
			t.Errorf("%s is in the contract but nobody produces it", kind)
		}
		if len(consumers[kind]) == 0 {
			t.Errorf("%s is produced by %s but nobody consumes it", kind, producer[kind])
		}
		t.Logf("%-22s --%s--> %s", producer[kind], kind, strings.Join(consumers[kind], ", "))
	}
}

func TestFactsFlowOneWay(t *testing.T) {
	producer := map[flow.Kind]string{}
	for _, m := range machines() {
		for _, kind := range m.Produces() {
			producer[kind] = m.Name()
		}
	}
	upstream := map[string][]string{}
	for _, m := range machines() {
		for _, kind := range m.Consumes() {
			if from := producer[kind]; from != "" {
				upstream[m.Name()] = append(upstream[m.Name()], from)
			}
		}
	}
	var visit func(path []string) error
	visit = func(path []string) error {
		for _, from := range upstream[path[len(path)-1]] {
			if slices.Contains(path, from) {
				return fmt.Errorf("facts run in a circle: %s <- %s", strings.Join(path, " <- "), from)
			}
			if err := visit(append(path, from)); err != nil {
				return err
			}
		}
		return nil
	}
	for _, m := range machines() {
		if err := visit([]string{m.Name()}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryServiceThatJudgesKnowsThePolicy(t *testing.T) {
	for _, m := range machines()[1:] {
		for _, kind := range []flow.Kind{flow.UnitKnown, flow.RulebookInForce} {
			if !slices.Contains(m.Consumes(), kind) {
				t.Errorf("%s does not consume %s; it would judge by the default rulebook and zone", m.Name(), kind)
			}
		}
	}
}
