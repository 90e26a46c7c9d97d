package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/flow"
	"kaohe.dev/services/phrase"
	"kaohe.dev/services/words"
)

// sheet lays out the sheet 测评表 of a unit, as an assessor hands it in.
func (l *layout) sheet(line *apiv1.ReportUnit, card *ledgerv1.Scorecard) *Sheet {
	s := &Sheet{
		Table: Sheets, Name: l.unit(line.Unit, line.Name), Title: l.title() + l.say("测评表", ": scorecard"), Columns: l.sheetColumns(),
		Facts: l.facts(line, card), Warning: l.provisional(line.State), Notes: l.notes(line, card), Of: l.lead(line),
		Signatures: []string{l.say("考核人", "Assessor"), l.say("复核人", "Reviewed by"), l.say("被考核单位", "For the unit"), l.say("日期", "Date")},
	}
	for _, part := range card.Parts {
		s.Rows = append(s.Rows, l.part(line, part)...)
	}
	s.Rows = append(s.Rows, l.total(line, card))
	return s
}

func (l *layout) sheetColumns() []Column {
	return []Column{
		{l.say("编号", "Item"), 8, Text}, {l.say("考核项目", "What is assessed"), 37, Text}, {l.say("满分", "Full"), 8.5, Points},
		{l.say("扣分", "Lost"), 8.5, Points}, {l.say("加分", "Gained"), 8.5, Points}, {l.say("得分", "Score"), 8.5, Points},
		{l.say("笔数", "Entries"), 8.5, Count}, {l.say("备注", "Remarks"), 48, Text},
	}
}

// facts stand below the title: which unit and month, where it stands, how it
// compares.
func (l *layout) facts(line *apiv1.ReportUnit, card *ledgerv1.Scorecard) []string {
	first := []string{
		l.fact("业务单位", "Unit", l.unit(line.Unit, line.Name)), l.fact("考核月份", "Month", l.month(card.Month)),
		l.fact("状态", "State", l.state(line.State, line.Correction)),
	}
	second := []string{l.fact("总分", "Total", line.Total), l.fact("名次", "Place", l.place(line))}
	if c := line.LastMonth; c != nil {
		second = append(second, l.fact("上月", "Last month", fmt.Sprintf("%s (%s)", c.Total, signed(c.Change))))
	}
	if c := line.LastYear; c != nil {
		second = append(second, l.fact("上年同月", "Last year", fmt.Sprintf("%s (%s)", c.Total, signed(c.Change))))
	}
	facts := []string{l.join(first...), l.join(second...)}
	if line.Correction > 0 && l.text(words.Text(card.CorrectedWhy)) != "" {
		facts = append(facts, l.fact("更正原因", "Why corrected", l.text(words.Text(card.CorrectedWhy))))
	}
	return facts
}

// notes stand below the table: the quota, who closed it, what must be known.
func (l *layout) notes(line *apiv1.ReportUnit, card *ledgerv1.Scorecard) (notes []string) {
	if q := card.Quota; q.GetCustomers() > 0 {
		text := fmt.Sprintf(l.say("报修指标：维护客户 %d 户，上限 %s 起，当月报修 %d 起", "Repair quota: %d customers, limit %s, faults this month %d"), q.Customers, q.Limit, q.Used)
		if q.Crossed {
			text += l.say("，已超标，本部分记 0 分", "; crossed: the part scores 0")
		}
		notes = append(notes, text)
	}
	if open := provisionals(card); open > 0 {
		notes = append(notes, fmt.Sprintf(l.say("暂计：%d 项尚未评定，暂按满分计入", "Provisional: %d items are not assessed yet and count full"), open))
	}
	zone := located(line.Zone)
	if card.ClosedAt != nil {
		notes = append(notes, l.fact("关账", "Closed", signedBy(phrase.Instant(flow.Time(card.ClosedAt), zone), card.ClosedBy)))
	}
	if card.PublishedAt != nil {
		notes = append(notes, l.fact("公布", "Published", signedBy(phrase.Instant(flow.Time(card.PublishedAt), zone), card.PublishedBy)))
	}
	for _, warning := range card.Warnings {
		notes = append(notes, l.fact("注意", "Note", l.text(warning)))
	}
	return append(notes, l.fact("规则手册", "Rulebook", card.RulebookVersion))
}

func signedBy(at, who string) string { return strings.TrimSpace(at + " " + who) }

func provisionals(card *ledgerv1.Scorecard) (n int) {
	for _, part := range card.Parts {
		for _, item := range part.Items {
			if item.Provisional {
				n++
			}
		}
	}
	return n
}

// total is the last row: how the parts make the score.
func (l *layout) total(line *apiv1.ReportUnit, card *ledgerv1.Scorecard) Row {
	var made []string
	for _, part := range card.Parts {
		made = append(made, part.Score+" × "+part.Weight+"%")
	}
	remark := strings.Join(made, " + ")
	if len(card.Parts) == 1 {
		remark = l.say("只考核本部分", "this part alone")
	}
	return Row{Look: Total, Cells: []string{
		"", l.say("总分", "Total"), "", line.Deducted, shown(line.Bonuses), card.Total, strconv.FormatInt(line.Entries, 10), remark,
	}}
}

// itemsOf gives the items of a section, which begin at an index of the part's.
func itemsOf(part *ledgerv1.PartScore, first int, section *ledgerv1.SectionScore) []*ledgerv1.ItemScore {
	first = min(first, len(part.Items))
	return part.Items[first:min(first+int(section.Items), len(part.Items))]
}

// causes are what a unit's rules did at an item; empty: beside the items.
func causes(line *apiv1.ReportUnit, part, item string) []*apiv1.ReportRule {
	return slices.DeleteFunc(slices.Clone(line.Rules), func(r *apiv1.ReportRule) bool { return r.Part != part || r.Item != item })
}
