package scoring

import (
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
	"google.golang.org/protobuf/proto"

	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	statev1 "kaohe.dev/proto/gen/kaohe/state/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/rulebook"
)

const (
	warning = factv1.AlertLevel_ALERT_LEVEL_WARNING
	breach  = factv1.AlertLevel_ALERT_LEVEL_BREACH
)

// toldOf counts in Account.postings how often a fact was told; no rule has such
// a name.
const toldOf = "(notice)"

// tell brings what people were told of a fact to what it says now.
func (s *step) tell(account *statev1.Account, fact *factv1.Fact) {
	account.Fact = fact
	var wanted *ledgerv1.Notice
	if alerted := fact.GetComplaintAlerted(); alerted != nil {
		wanted = s.complaintNotice(fact, alerted)
	}
	said := account.Notice
	if said != nil && wanted != nil && sameNotice(said, wanted) {
		return
	}
	if said != nil {
		s.notice(withdrawal(said, fact.Reason, s.cause(fact, nil)))
	}
	if wanted != nil {
		account.Postings[toldOf]++
		wanted.Posting = account.Postings[toldOf]
		wanted.Id = "N" + noticeID(wanted)
		s.notice(wanted)
	}
	account.Notice = wanted
}

func (s *step) complaintNotice(f *factv1.Fact, a *factv1.ComplaintAlerted) *ledgerv1.Notice {
	unit := f.Route.GetUnit()
	return &ledgerv1.Notice{
		Type:   ledgerv1.EntryType_ENTRY_TYPE_POSTING,
		Matter: "complaint/" + a.Complaint + "/" + strconv.Itoa(int(a.Forwarding)), Level: a.Level,
		Unit: unit, Month: s.policy.Month(unit, flow.Time(f.OccurredAt)), Rule: string(flow.ComplaintAnsweredLate),
		Incident: incidentOf(f), Why: f.Reason, Proof: f.Proof,
		OccurredAt: f.OccurredAt, ReceivedAt: f.ReceivedAt, DetectedAt: f.DetectedAt, Clock: f.Clock,
		Person: a.Person, DueAt: a.DueAt,
	}
}

// alarm brings what people were told of a month to what its counts ask for.
func (s *step) alarm(m *statev1.UnitMonth, why cause) {
	left, now := slices.Clone(m.Notices), []*ledgerv1.Notice{}
	var fresh []*ledgerv1.Notice
	for _, wanted := range Alarms(s.policy, m) {
		at := slices.IndexFunc(left, func(n *ledgerv1.Notice) bool { return n.Rule == wanted.Rule && n.Level == wanted.Level })
		if at >= 0 { // the numbers were those of when it was told
			now, left = append(now, left[at]), slices.Delete(left, at, at+1)
			continue
		}
		now, fresh = append(now, wanted), append(fresh, wanted)
	}
	for _, n := range left {
		s.notice(withdrawal(n, why.reason, why))
	}
	for _, n := range fresh {
		if m.Told == nil {
			m.Told = map[int32]int32{}
		}
		m.Told[int32(n.Level)]++
		n.Posting = m.Told[int32(n.Level)]
		n.Id = "N" + noticeID(n)
		n.Proof, n.ReceivedAt, n.DetectedAt, n.Clock = why.proof, why.received, why.detected, why.clock
		s.notice(n)
	}
	m.Notices = now
}

// Alarms gives what people must be told of a month as a whole, without ids: of
// each quota that it is nearly used up, and that it is crossed.
func Alarms(policy *rulebook.Policy, m *statev1.UnitMonth) []*ledgerv1.Notice {
	var alarms []*ledgerv1.Notice
	for _, part := range policy.In(m.Unit, m.Month).Parts {
		if part.Quota != nil {
			alarms = append(alarms, quotaAlarms(policy, part.Quota, m)...)
		}
	}
	return alarms
}

func quotaAlarms(policy *rulebook.Policy, q *rulebook.Quota, m *statev1.UnitMonth) []*ledgerv1.Notice {
	customers := customers(policy, m)
	byDay, used := faults(m)
	if customers == 0 {
		return nil
	}
	limit := quotaLimit(q, customers)
	raise := func(level factv1.AlertLevel, from func(int64) bool, code string, more ...*factv1.Arg) *ledgerv1.Notice {
		first := monthStart(policy, m.Unit, m.Month)
		at := time.Date(first.Year(), first.Month(), dayReached(byDay, from), 0, 0, 0, 0, first.Location())
		return &ledgerv1.Notice{
			Type: ledgerv1.EntryType_ENTRY_TYPE_POSTING, Matter: "quota/" + m.Unit + "/" + m.Month, Level: level,
			Unit: m.Unit, Month: m.Month, Rule: q.Rule, Incident: &ledgerv1.Incident{Kind: "month", Id: m.Month},
			Why:        flow.Because(code, append(more, flow.Count("used", used), flow.Said("limit", limit.String()))...),
			OccurredAt: flow.At(at.UTC()),
		}
	}
	var alarms []*ledgerv1.Notice
	near := func(n int64) bool {
		return q.WarnAt.IsPositive() && decimal.NewFromInt(n).GreaterThanOrEqual(limit.Mul(q.WarnAt))
	}
	if near(used) {
		alarms = append(alarms, raise(warning, near, "quota_near", flow.Said("share", q.WarnAt.Shift(2).String())))
	}
	over := func(n int64) bool { return crossed(q, customers, n) }
	if over(used) {
		alarms = append(alarms, raise(breach, over, "quota_over"))
	}
	return alarms
}

func (s *step) notice(n *ledgerv1.Notice) {
	s.tx.Record(&ledgerv1.Record{Record: &ledgerv1.Record_Notice{Notice: n}})
}

// sameNotice reports whether people were told already what is wanted. Who has
// to answer, and by when, is part of it.
func sameNotice(said, wanted *ledgerv1.Notice) bool {
	return said.Unit == wanted.Unit && said.Person == wanted.Person && flow.Time(said.DueAt).Equal(flow.Time(wanted.DueAt))
}

// withdrawal takes a notice back, with the reason.
func withdrawal(n *ledgerv1.Notice, reason *factv1.Reason, why cause) *ledgerv1.Notice {
	w := proto.CloneOf(n)
	w.Id, w.Withdraws, w.Type = "W"+n.Id[1:], n.Id, ledgerv1.EntryType_ENTRY_TYPE_REVERSAL
	w.Why, w.Proof = flow.Because("notice_withdrawn", flow.Part("because", reason)), why.proof
	w.ReceivedAt, w.DetectedAt, w.Clock = why.received, why.detected, why.clock
	return w
}

// noticeID names a notice: the same matter, level, unit and posting number give
// the same id on every machine.
func noticeID(n *ledgerv1.Notice) string {
	return idOf(n.Matter, n.Unit, n.Month, n.Rule, n.Level.String(), strconv.Itoa(int(n.Posting)))
}
