package report

import (
	"fmt"
	"strconv"

	"github.com/shopspring/decimal"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

// part lays out a part of a sheet: its sections, items and sums.
func (l *layout) part(line *apiv1.ReportUnit, part *ledgerv1.PartScore) (rows []Row) {
	rows = append(rows, Row{Look: Band, Cells: []string{l.text(part.Label) + l.say("（权重 ", " (weight ") + part.Weight + l.say("%）", "%)")}})
	first, full := 0, decimal.Zero
	for _, section := range part.Sections {
		items := itemsOf(part, first, section)
		first += len(items)
		full = full.Add(points(section.Max))
		rows = append(rows, l.section(section, items))
		for _, item := range items {
			rows = append(rows, l.item(line, part, section, item))
		}
	}
	for _, rule := range causes(line, part.Part, "") {
		rows = append(rows, l.beside(rule))
	}
	if !points(part.Carried).IsZero() {
		rows = append(rows, Row{Look: Beside, Cells: []string{"", l.say("超出项目满分，转扣本部分", "Beyond the items, off the part"), "", "", "", "", "", minus(part.Carried)}})
	}
	for i := range rows {
		rows[i].Part = l.text(part.Label)
	}
	return append(rows, l.partSum(line, part, full))
}

func (l *layout) section(section *ledgerv1.SectionScore, items []*ledgerv1.ItemScore) Row {
	lost, entries := decimal.Zero, int64(0)
	for _, item := range items {
		lost, entries = lost.Add(points(item.Deducted)), entries+item.Entries
	}
	remark := ""
	switch {
	case section.Zeroed:
		remark = l.say("本类记 0 分", "the section scores 0")
	case section.Score != section.ItemsTotal:
		remark = l.say("各项 ", "items ") + section.ItemsTotal + l.say("，按满分折算", ", scaled to the full")
	}
	return Row{Look: Heading, Section: l.text(section.Label), Cells: []string{
		"", l.text(section.Label), section.Max, shown(lost.String()), "", section.Score, counted(entries), remark,
	}}
}

func (l *layout) item(line *apiv1.ReportUnit, part *ledgerv1.PartScore, section *ledgerv1.SectionScore, item *ledgerv1.ItemScore) Row {
	row := Row{Section: l.text(section.Label), Cells: []string{
		item.Item, l.text(item.Label), item.Max, shown(item.Deducted), "", item.Score, counted(item.Entries), l.remarks(line, part, item),
	}}
	switch {
	case item.Provisional:
		row.Look = Open
	case item.Zeroed || points(item.Deducted).IsPositive():
		row.Look = Worn
	}
	return row
}

// remarks say why an item gives what it gives: what nobody assessed, what set it
// to 0, and the rules that cost points.
func (l *layout) remarks(line *apiv1.ReportUnit, part *ledgerv1.PartScore, item *ledgerv1.ItemScore) string {
	var said []string
	switch {
	case item.Provisional:
		said = append(said, l.say("暂计（未评定）", "provisional (not assessed)"))
	case item.Waived:
		said = append(said, l.say("免评", "waived"))
	}
	if item.Zeroed {
		said = append(said, l.say("记 0 分", "scores 0"))
	}
	for _, rule := range causes(line, part.Part, item.Item) {
		said = append(said, l.cause(rule, item.Section.GetZh()))
	}
	if points(item.Overflow).IsPositive() {
		text := l.say("超出 ", "beyond: ") + item.Overflow
		if points(part.Carried).IsPositive() {
			text += l.say("，转扣本部分", ", off the part")
		}
		said = append(said, text)
	}
	return l.list(said)
}

// cause says what a rule did: 六.6 到期未回单 ×2 −6.00. A clause that is but the
// section is not said again.
func (l *layout) cause(rule *apiv1.ReportRule, section string) string {
	text := l.text(rule.Label)
	if rule.Clause != section {
		text = rule.Clause + " " + text
	}
	if rule.Entries > 1 {
		text += fmt.Sprintf(" ×%d", rule.Entries)
	}
	switch {
	case rule.Gives:
		text += " " + signed(rule.Points)
	case points(rule.Points).IsPositive():
		text += " " + minus(rule.Points)
	case rule.ZeroedParts > 0:
		text += l.say("，本部分记 0 分", ": the part scores 0")
	}
	return text
}

// beside is a rule that stands beside the items: a bonus, a penalty, or one that
// sets the part to 0.
func (l *layout) beside(rule *apiv1.ReportRule) Row {
	row := Row{Look: Beside, Cells: []string{"", l.text(rule.Label), "", shown(rule.Points), "", "", counted(rule.Entries), rule.Clause}}
	if rule.Gives {
		row.Cells[3], row.Cells[4] = "", shown(rule.Points)
	}
	if rule.ZeroedParts > 0 {
		row.Cells[7] += l.say("，本部分记 0 分", ": the part scores 0")
	}
	return row
}

func (l *layout) partSum(line *apiv1.ReportUnit, part *ledgerv1.PartScore, full decimal.Decimal) Row {
	lost, entries := points(part.Penalties), int64(0)
	for _, item := range part.Items {
		lost, entries = lost.Add(points(item.Deducted)), entries+item.Entries
	}
	for _, rule := range causes(line, part.Part, "") {
		entries += rule.Entries
	}
	remark := ""
	if part.Zeroed {
		remark = l.say("本部分记 0 分", "the part scores 0")
	}
	return Row{Look: Sum, Part: l.text(part.Label), Cells: []string{
		"", l.text(part.Label) + l.say(" 得分", ": score"), full.StringFixed(2), lost.StringFixed(2), shown(part.Bonuses), part.Score,
		strconv.FormatInt(entries, 10), remark,
	}}
}

func counted(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
