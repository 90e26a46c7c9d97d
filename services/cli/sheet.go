package cli

import (
	"context"
	"fmt"
	"strconv"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

// sheet prints the sheet 测评表 of a unit.
func (s *session) sheet(ctx context.Context, r *remote, month, unit string) error {
	card, err := r.scores.GetScorecard(ctx, &apiv1.GetScorecardRequest{Month: month, Unit: unit})
	if err != nil {
		return err
	}
	if s.format != "table" {
		return s.answer(card, s.sheetGrid(card.Parts))
	}
	title := fmt.Sprintf("%s  %s  %s %s", s.text(card.Name), card.Month, s.say("规则", "rulebook"), printable(card.RulebookVersion))
	if err := s.print(s.paint(bold, title) + "\n"); err != nil {
		return err
	}
	for _, part := range card.Parts {
		if err := s.part(part); err != nil {
			return err
		}
	}
	return s.foot(card)
}

func (s *session) part(part *ledgerv1.PartScore) error {
	heading := fmt.Sprintf("\n%s  %s %s%%\n", s.text(part.Label), s.say("权重", "weight"), part.Weight)
	if err := s.print(heading); err != nil {
		return err
	}
	if err := s.table(s.sheetGrid([]*ledgerv1.PartScore{part})); err != nil {
		return err
	}
	sum := ""
	for _, section := range part.Sections {
		if section.Score != section.ItemsTotal || section.Zeroed {
			sum += fmt.Sprintf(s.say("%s：各项 %s，按满分 %s 折算得 %s", "%s: items %s, scaled to the maximum of %s: %s")+"\n",
				s.text(section.Label), section.ItemsTotal, section.Max, section.Score)
		}
	}
	sum += fmt.Sprintf("%s %s  %s %s  %s %s  %s %s  %s %s", s.say("小计", "items"), part.ItemsTotal,
		s.say("加分", "bonuses"), part.Bonuses, s.say("项外扣分", "penalties"), part.Penalties, s.say("结转扣分", "carried"), part.Carried,
		s.say("得分", "score"), s.grade(part.Score))
	if part.Zeroed {
		sum += "  " + s.paint(red, s.say("整项记 0 分", "set to 0"))
	}
	return s.print(sum + "\n")
}

func (s *session) sheetGrid(parts []*ledgerv1.PartScore) grid {
	g := grid{columns: []column{
		{name: s.say("项目", "item")}, {name: s.say("类别", "section")}, {name: s.say("内容", "what")},
		{name: s.say("满分", "max"), numeric: true}, {name: s.say("扣分", "deducted"), numeric: true},
		{name: s.say("超出", "overflow"), numeric: true}, {name: s.say("得分", "score"), numeric: true},
		{name: s.say("笔数", "entries"), numeric: true}, {name: s.say("说明", "note")},
	}}
	for _, part := range parts {
		for _, item := range part.Items {
			score := item.Score
			if item.Score != item.Max {
				score = s.paint(yellow, score)
			}
			if item.Zeroed || number(item.Score).IsZero() {
				score = s.paint(red, item.Score)
			}
			g.add(printable(item.Item), s.text(item.Section), s.text(item.Label), item.Max, item.Deducted, item.Overflow,
				score, strconv.FormatInt(item.Entries, 10), s.standing(item))
		}
	}
	return g
}

// standing says of an item without a verdict why it counts full.
func (s *session) standing(item *ledgerv1.ItemScore) string {
	switch {
	case item.Waived:
		return s.say("免评", "waived")
	case item.Provisional:
		return s.say("待评定", "provisional")
	}
	return ""
}

// foot prints the total, the quota and what a reader must know.
func (s *session) foot(card *ledgerv1.Scorecard) error {
	out := fmt.Sprintf("\n%s %s\n", s.paint(bold, s.say("总分", "total")), s.grade(card.Total))
	if q := card.Quota; q != nil && q.Customers > 0 {
		out += fmt.Sprintf(s.say("报修指标 客户 %d，上限 %s，已用 %d，剩余 %s，预计月底 %s", "repair quota: customers %d, limit %s, used %d, left %s, projected %s"),
			q.Customers, q.Limit, q.Used, q.Left, q.Projected)
		switch {
		case q.Crossed:
			out += s.paint(red, s.say("，已超标，客户服务部分记 0 分", "; crossed: the part scores 0")+" "+q.CrossingDay)
		case q.CrossingDay != "":
			out += s.paint(yellow, s.say("，照此速度将于此日超标 ", "; at this pace crossed on ")+q.CrossingDay)
		}
		out += "\n"
	}
	for _, warning := range card.Warnings {
		out += s.paint(yellow, s.say("注意 ", "note ")) + s.text(warning) + "\n"
	}
	return s.print(out)
}
