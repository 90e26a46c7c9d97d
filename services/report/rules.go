package report

import (
	"fmt"
	"strconv"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
)

// rules lays out what cost most, and what gave bonuses.
func (l *layout) rules() *Sheet {
	s := &Sheet{
		Table: Rules, Name: l.say("扣分规则", "Rules"), Title: l.title() + l.say("：扣分最多的规则", ": the most costly rules"),
		Columns: l.ruleColumns(), Of: l.lead(nil), Warning: l.provisional(l.r.State),
		Facts: []string{l.join(l.fact("考核月份", "Month", l.month(l.r.Month)), l.asOf())},
	}
	if len(l.r.Ranking) == 1 {
		s.Facts[0] = l.join(l.fact("业务单位", "Unit", l.unit(l.r.Ranking[0].Unit, l.r.Ranking[0].Name)), s.Facts[0])
	}
	s.Rows = append(s.Rows, l.ruleRows(l.say("扣分", "Lost"), l.r.Rules, l.r.Deducted)...)
	if len(l.r.Bonuses) > 0 {
		s.Rows = append(s.Rows, l.ruleRows(l.say("加分", "Gained"), l.r.Bonuses, l.r.Given)...)
	}
	return s
}

func (l *layout) ruleColumns() []Column {
	return []Column{
		{l.say("序号", "No"), 7, Count}, {l.say("规则", "Rule"), 42, Text}, {l.say("条款", "Clause"), 14, Text},
		{l.say("笔数", "Entries"), 8, Count}, {l.say("单位数", "Units"), 8, Count}, {l.say("分值", "Points"), 10, Points},
		{l.say("占比（%）", "Share (%)"), 10, Points}, {l.say("备注", "Remarks"), 26, Text},
	}
}

// ruleRows are a band, the rules and their sum.
func (l *layout) ruleRows(band string, rules []*apiv1.ReportRule, all string) []Row {
	rows, entries := []Row{{Look: Band, Part: band, Cells: []string{band}}}, int64(0)
	for i, rule := range rules {
		entries += rule.Entries
		rows = append(rows, Row{Part: band, Cells: []string{
			strconv.Itoa(i + 1), l.text(rule.Label), rule.Clause, strconv.FormatInt(rule.Entries, 10), strconv.Itoa(int(rule.Units)),
			rule.Points, rule.Share, l.ruleRemarks(rule),
		}})
	}
	return append(rows, Row{Look: Sum, Part: band, Cells: []string{"", l.say("合计", "Together"), "", strconv.FormatInt(entries, 10), "", all, "", ""}})
}

func (l *layout) ruleRemarks(rule *apiv1.ReportRule) string {
	var said []string
	if rule.ZeroedParts > 0 {
		said = append(said, fmt.Sprintf(l.say("整部分记 0 分 %d 次", "parts set to 0: %d"), rule.ZeroedParts))
	}
	if rule.Zeroed > 0 {
		said = append(said, fmt.Sprintf(l.say("项目记 0 分 %d 次", "items set to 0: %d"), rule.Zeroed))
	}
	if rule.Basis == "assumption" {
		said = append(said, l.say("系统假设，可改", "an assumption"))
	}
	return l.list(said)
}
