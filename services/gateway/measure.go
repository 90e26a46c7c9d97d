package gateway

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/escalation"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/gateway/door"
	"kaohe.dev/services/ingest"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/sla"
)

// judging are the machines, by what stands before the first slash of their keys,
// that know more of a key than ticket-ingest does.
func judging() map[string]flow.Machine {
	return map[string]flow.Machine{
		"customer": flow.NewMachine(escalation.Service()), "outage": flow.NewMachine(sla.Service()),
	}
}

// measure tells how much is kept of a key.
func (g *Gateway) measure(ctx context.Context, key string) (door.Load, error) {
	kind, _, _ := strings.Cut(key, "/")
	machine := judging()[kind]
	if machine == nil {
		machine = flow.NewMachine(ingest.Service())
	}
	part := run.PartName(machine.Name(), run.PartOf(machine, key, g.opts.Partitions), g.opts.Partitions)
	docs, err := run.Dossiers(ctx, g.opts.Store, part, []string{key})
	if err != nil || len(docs) == 0 {
		return door.Load{}, err
	}
	dossier, ok := docs[0].Body.(*statev1.Dossier)
	if !ok {
		return door.Load{}, fmt.Errorf("%s is kept as a %T", key, docs[0].Body)
	}
	return door.Load{Events: len(dossier.Known), Bytes: proto.Size(dossier)}, nil
}
