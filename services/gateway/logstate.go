package gateway

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/internal/chain"
)

// damageKinds are the contract's words for what a checker finds.
var damageKinds = map[chain.Kind]apiv1.LogDamageKind{
	chain.Missing:  apiv1.LogDamageKind_LOG_DAMAGE_KIND_MISSING,
	chain.Changed:  apiv1.LogDamageKind_LOG_DAMAGE_KIND_CHANGED,
	chain.Foreign:  apiv1.LogDamageKind_LOG_DAMAGE_KIND_FOREIGN,
	chain.Forged:   apiv1.LogDamageKind_LOG_DAMAGE_KIND_FORGED,
	chain.Unknown:  apiv1.LogDamageKind_LOG_DAMAGE_KIND_UNKNOWN_SIGNER,
	chain.Repeated: apiv1.LogDamageKind_LOG_DAMAGE_KIND_REPEATED,
	chain.Unbound:  apiv1.LogDamageKind_LOG_DAMAGE_KIND_UNBOUND,
}

// logStateOf tells what a checker found in the words of the contract.
func logStateOf(r chain.Report) *apiv1.LogState {
	state := &apiv1.LogState{Messages: r.Messages, Signed: r.Linked, FirstSigned: r.First, Signers: r.Signers, More: int64(r.More)}
	for _, d := range r.Damage {
		state.Damage = append(state.Damage, &apiv1.LogDamage{
			Kind: damageKinds[d.Kind], From: d.From, To: d.To, Earliest: instant(d.Earliest), Latest: instant(d.Latest), Signer: d.Signer,
		})
	}
	return state
}

// instant is unset for one that is not known.
func instant(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
