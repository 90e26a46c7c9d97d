package cli

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
)

// maxTold is how much damage is told line by line.
const maxTold = 20

// logWhole tells whether the log is as it was written, and reports it.
func (s *session) logWhole(state *apiv1.LogState) bool {
	if len(state.GetDamage()) == 0 {
		if state.GetSigned() > 0 && s.format != "json" {
			s.note(s.say("日志完整：%d 条消息，其中 %d 条已签名，签名公钥 %v", "the log is whole: %d messages, %d of them signed, by %v"),
				state.Messages, state.Signed, state.Signers)
		}
		return true
	}
	s.note("%s", s.paint(red, s.say("日志有损坏", "the log is damaged")))
	for i, d := range state.Damage {
		if i == maxTold {
			break
		}
		s.note("  %s", s.damage(d))
	}
	if more := int64(len(state.Damage)-min(len(state.Damage), maxTold)) + state.More; more > 0 {
		s.note(s.say("  另有 %d 处", "  and %d more"), more)
	}
	return false
}

// damage tells one damage in words.
func (s *session) damage(d *apiv1.LogDamage) string {
	where := fmt.Sprintf("FEED %d", d.From)
	if d.To > d.From {
		where += fmt.Sprintf("–%d", d.To)
	}
	if d.Earliest != nil || d.Latest != nil {
		where += fmt.Sprintf(s.say("（%s 至 %s）", " (%s to %s)"), s.stored(d.Earliest), s.stored(d.Latest))
	}
	return where + s.say("：", ": ") + s.damageKind(d)
}

func (s *session) stored(t *timestamppb.Timestamp) string {
	if t == nil {
		return "?"
	}
	return t.AsTime().Local().Format(time.DateTime)
}

func (s *session) damageKind(d *apiv1.LogDamage) string {
	switch d.Kind {
	case apiv1.LogDamageKind_LOG_DAMAGE_KIND_MISSING:
		return s.say("缺失；请从备份补回，或由来源重新发送（kaohe mend）", "missing; put it back from a backup, or have it sent again (kaohe mend)")
	case apiv1.LogDamageKind_LOG_DAMAGE_KIND_CHANGED:
		return s.say("内容与签名时不同", "it is not what was signed")
	case apiv1.LogDamageKind_LOG_DAMAGE_KIND_FOREIGN:
		return s.say("没有网关签名：有人绕过网关写入", "no gateway signed it: somebody wrote past the gateways")
	case apiv1.LogDamageKind_LOG_DAMAGE_KIND_FORGED:
		return s.say("签名不对", "the signature is not right")
	case apiv1.LogDamageKind_LOG_DAMAGE_KIND_UNKNOWN_SIGNER:
		return fmt.Sprintf(s.say("签名者未知：%s；若是自己的网关，请把该公钥加入数据目录的 signers 文件并重启",
			"its signer is not known: %s; if it is a gateway of yours, add this key to the file signers of the data directory and start again"), d.Signer)
	case apiv1.LogDamageKind_LOG_DAMAGE_KIND_REPEATED:
		return s.say("重复写入的旧消息", "an old message written again")
	default:
		return s.say("与前一条消息接不上", "it does not go on from the message before it")
	}
}
