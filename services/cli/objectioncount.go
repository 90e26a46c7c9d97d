package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
)

func (s *session) objectionCount() *cobra.Command {
	request := &apiv1.CountObjectionsRequest{}
	short := s.say("一个月的异议按单位和规则统计", "what came of a month's objections, by unit and rule")
	cmd := &cobra.Command{
		Use: "count", Args: cobra.NoArgs, Short: short, Long: short,
		Example: s.examples("kaohe objection count --month 2026-03", "", "kaohe objection count --month 2026-03 -o csv", s.say("导出", "export")),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			found, err := r.objections.CountObjections(ctx, request)
			if err != nil {
				return err
			}
			return s.answer(found, s.countGrid(found))
		}),
	}
	s.monthFlag(cmd, &request.Month)
	cmd.Flags().StringVar(&request.Unit, "unit", "", s.say("只看这个单位", "only this unit"))
	return s.printing(s.reaching(cmd))
}

func (s *session) countGrid(found *apiv1.CountObjectionsResponse) grid {
	g := grid{columns: []column{{name: s.say("单位", "unit")}, {name: s.say("规则", "rule")}}}
	for _, name := range []string{
		s.say("提出", "raised"), s.say("成立", "upheld"), s.say("调整", "adjusted"), s.say("不成立", "rejected"),
		s.say("待裁定", "open"), s.say("申诉", "appealed"), s.say("退还分值", "given back"), s.say("裁定用时中位数（小时）", "median hours"),
	} {
		g.columns = append(g.columns, column{name: name, numeric: true})
	}
	line := func(unit string, c *apiv1.ObjectionCount) {
		n := func(i int32) string { return strconv.Itoa(int(i)) }
		g.add(printable(unit), printable(c.Rule), n(c.Raised), n(c.Upheld), n(c.Adjusted), n(c.Rejected), n(c.Open), n(c.Appealed), c.PointsGivenBack, c.MedianHours)
	}
	for _, c := range found.Counts {
		line(c.Unit, c)
	}
	line(s.say("合计", "all"), found.Total)
	return g
}
