package cli

import (
	"context"
	"strconv"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

// asking makes a command's work from one that asks a running kaohe.
func (s *session) asking(work func(context.Context, *remote, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		ctx, r, err := s.dial(cmd.Context())
		if err != nil {
			return err
		}
		defer r.close()
		return work(ctx, r, args)
	}
}

func (s *session) monthFlag(cmd *cobra.Command, month *string) {
	cmd.Flags().StringVar(month, "month", thisMonth(), s.say("月份 yyyy-mm", "month, yyyy-mm"))
}

func (s *session) scores() *cobra.Command {
	var month, unit string
	cmd := &cobra.Command{
		Use: "scores", Args: cobra.NoArgs,
		Short: s.say("各单位本月得分；--unit 看测评表", "scores of the units; --unit for the sheet"),
		Long: s.say("列出一个月的排名。加 --unit 则逐项列出该单位的测评表、加减分和报修指标。",
			"Lists the ranking of a month. With --unit the sheet of that unit, item by item, with bonuses, carried\ndeductions and the repair quota."),
		Example: s.examples(
			"kaohe scores", s.say("本月排名", "the ranking of this month"),
			"kaohe scores --month 2026-03 --unit chengqu", s.say("一个单位的测评表", "the sheet of a unit"),
			"kaohe scores -o csv > scores.csv", s.say("导出", "export")),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			if unit != "" {
				return s.sheet(ctx, r, month, unit)
			}
			return s.ranking(ctx, r, month)
		}),
	}
	s.monthFlag(cmd, &month)
	cmd.Flags().StringVar(&unit, "unit", "", s.say("只看这个单位的测评表", "the sheet of this unit"))
	return s.printing(s.reaching(cmd))
}

func (s *session) ranking(ctx context.Context, r *remote, month string) error {
	list, err := r.scores.ListScorecards(ctx, &apiv1.ListScorecardsRequest{Month: month})
	if err != nil {
		return err
	}
	return s.answer(list, s.rankingGrid(list.Scorecards))
}

func (s *session) rankingGrid(cards []*ledgerv1.Scorecard) grid {
	g := grid{columns: []column{
		{name: s.say("名次", "rank"), numeric: true}, {name: s.say("单位", "unit")}, {name: s.say("名称", "name")},
		{name: s.say("得分", "score"), numeric: true}, {name: s.say("扣分", "deducted"), numeric: true},
		{name: s.say("加分", "bonuses"), numeric: true}, {name: s.say("笔数", "entries"), numeric: true},
		{name: s.say("报修指标", "quota"), numeric: true},
	}}
	for i, card := range cards {
		deducted, bonuses, entries := sums(card)
		g.add(strconv.Itoa(i+1), printable(card.Unit), s.text(card.Name), s.grade(card.Total),
			deducted.StringFixed(2), bonuses.StringFixed(2), strconv.FormatInt(entries, 10), s.quota(card.Quota))
	}
	return g
}

// sums adds up what the parts of a card show.
func sums(card *ledgerv1.Scorecard) (deducted, bonuses decimal.Decimal, entries int64) {
	for _, part := range card.Parts {
		bonuses = bonuses.Add(number(part.Bonuses))
		deducted = deducted.Add(number(part.Penalties))
		for _, item := range part.Items {
			deducted = deducted.Add(number(item.Deducted))
			entries += item.Entries
		}
	}
	return deducted, bonuses, entries
}

// number reads a decimal; what is not one counts as 0, since the text itself is
// shown wherever it matters.
func number(text string) decimal.Decimal {
	d, err := decimal.NewFromString(text)
	if err != nil {
		return decimal.Zero
	}
	return d
}

// grade colours a score.
func (s *session) grade(score string) string {
	switch n := number(score); {
	case n.GreaterThanOrEqual(decimal.NewFromInt(90)):
		return s.paint(green, score)
	case n.GreaterThanOrEqual(decimal.NewFromInt(75)):
		return s.paint(yellow, score)
	}
	return s.paint(red, score)
}

// signed colours points in a table; elsewhere they stay a plain number.
func (s *session) signed(points string) string {
	if s.format != "table" {
		return points
	}
	if number(points).IsNegative() {
		return s.paint(red, points)
	}
	return s.paint(green, "+"+points)
}

func (s *session) quota(q *ledgerv1.Quota) string {
	if q == nil || q.Customers == 0 {
		return "—"
	}
	shown := strconv.FormatInt(q.Used, 10) + " / " + q.Limit
	if q.Crossed {
		return s.paint(red, shown)
	}
	return shown
}
