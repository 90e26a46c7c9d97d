package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

func (s *session) month() *cobra.Command {
	cmd := &cobra.Command{
		Use: "month", Args: cobra.NoArgs,
		Short: s.say("关账、公布、更正一个月", "close, publish and restate a month"),
		Long: s.say("一个月先开放，再关账，再公布。关账后迟到的事实不会悄悄改变测评表：它们等待更正裁定，批准后以更正形式与原表并存。",
			"A month is open, then closed, then published. What comes late after closing never changes a sheet silently: it\n"+
				"waits for a decision, and once approved stands beside the original as a correction."),
		Example: s.examples(
			"kaohe month status --month 2026-03", s.say("进展、缺项、待办", "where it stands, what is missing, what waits"),
			"kaohe month close --month 2026-03", "", "kaohe month publish --month 2026-03", "",
			"kaohe month late --month 2026-03", s.say("关账后迟到的变化及其影响", "what came late, and what it would change"),
			`kaohe month restate --month 2026-03 --unit chengqu --approve --reason "关单补录"`, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.monthStatus(), s.monthStep("start-closing", s.say("开始关账", "begin to close it"),
		func(ctx context.Context, r *remote, month string) (*apiv1.MonthStatus, error) {
			return r.months.StartClosing(ctx, &apiv1.StartClosingRequest{Month: month})
		}), s.monthStep("close", s.say("关账", "close it"),
		func(ctx context.Context, r *remote, month string) (*apiv1.MonthStatus, error) {
			return r.months.CloseMonth(ctx, &apiv1.CloseMonthRequest{Month: month})
		}), s.monthStep("publish", s.say("公布", "publish it"),
		func(ctx context.Context, r *remote, month string) (*apiv1.MonthStatus, error) {
			return r.months.PublishMonth(ctx, &apiv1.PublishMonthRequest{Month: month})
		}), s.monthSheets(), s.monthLate(), s.monthRestate())
	return cmd
}

func (s *session) monthStatus() *cobra.Command {
	return s.monthStep("status", s.say("进展、缺项、待办", "where it stands, what is missing, what waits"),
		func(ctx context.Context, r *remote, month string) (*apiv1.MonthStatus, error) {
			return r.months.GetMonth(ctx, &apiv1.GetMonthRequest{Month: month})
		})
}

// monthStep is a command that ends with where the month stands.
func (s *session) monthStep(use, short string, step func(context.Context, *remote, string) (*apiv1.MonthStatus, error)) *cobra.Command {
	var month string
	cmd := &cobra.Command{
		Use: use, Args: cobra.NoArgs, Short: short, Long: short,
		Example: s.examples("kaohe month "+use+" --month 2026-03", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			status, err := step(ctx, r, month)
			if err != nil {
				return err
			}
			return s.standsAt(status)
		}),
	}
	s.monthFlag(cmd, &month)
	return s.printing(s.reaching(cmd))
}

// standsAt prints where a month stands.
func (s *session) standsAt(status *apiv1.MonthStatus) error {
	if s.format != "table" {
		return s.answer(status, s.unitsOf(status))
	}
	out := s.paint(bold, status.Month+"  "+s.monthState(status.State)) + "\n"
	out += fmt.Sprintf(s.say("公布期限 %s（含当日）", "publish by the end of %s")+"\n", status.PublishBy.AsTime().Add(-1).In(operatorZone()).Format(time.DateOnly))
	if status.Late {
		out += s.paint(red, s.say("已逾期未公布", "it should have been published by now")) + "\n"
	}
	out += fmt.Sprintf(s.say("待裁定异议 %d 件，待更正单位 %d 个，未评定项目 %d 个", "objections that wait: %d, units with something late: %d, items nobody assessed: %d")+"\n",
		status.Objections, status.Restatements, len(status.Missing))
	if err := s.print(out); err != nil {
		return err
	}
	if n := len(status.Awaited); n > 0 {
		if err := s.print(fmt.Sprintf(s.say("待决定 %d 项（kaohe work list）", "waiting to be decided: %d (kaohe work list)")+"\n", n)); err != nil {
			return err
		}
	}
	if len(status.Missing) > 0 {
		g := grid{columns: []column{{name: s.say("单位", "unit")}, {name: s.say("项目", "item")}, {name: s.say("未评定", "not assessed")}}}
		for _, m := range status.Missing {
			g.add(printable(m.Unit), printable(m.Item), s.text(m.Label))
		}
		if err := s.table(g); err != nil {
			return err
		}
	}
	return s.table(s.unitsOf(status))
}

func (s *session) unitsOf(status *apiv1.MonthStatus) grid {
	g := grid{columns: []column{
		{name: s.say("单位", "unit")}, {name: s.say("名称", "name")}, {name: s.say("得分", "score"), numeric: true},
		{name: s.say("状态", "state")}, {name: s.say("更正", "correction"), numeric: true},
	}}
	for _, card := range status.Units {
		g.add(printable(card.Unit), s.text(card.Name), s.grade(card.Total), s.monthState(card.State), fmt.Sprint(card.Correction))
	}
	return g
}

func (s *session) monthState(state ledgerv1.MonthState) string {
	switch state {
	case ledgerv1.MonthState_MONTH_STATE_CLOSING:
		return s.say("关账中", "closing")
	case ledgerv1.MonthState_MONTH_STATE_CLOSED:
		return s.say("已关账", "closed")
	case ledgerv1.MonthState_MONTH_STATE_PUBLISHED:
		return s.say("已公布", "published")
	default:
		return s.say("进行中", "open")
	}
}

func (s *session) monthSheets() *cobra.Command {
	var month, unit string
	short := s.say("已关账测评表的各个版本", "the sheets as closed, and their corrections")
	cmd := &cobra.Command{
		Use: "sheets", Args: cobra.NoArgs, Short: short, Long: short,
		Example: s.examples("kaohe month sheets --month 2026-03 --unit chengqu", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			list, err := r.months.ListSheets(ctx, &apiv1.ListSheetsRequest{Month: month, Unit: unit})
			if err != nil {
				return err
			}
			g := grid{columns: []column{
				{name: s.say("单位", "unit")}, {name: s.say("更正", "correction"), numeric: true}, {name: s.say("得分", "score"), numeric: true},
				{name: s.say("状态", "state")}, {name: s.say("关账人", "closed by")}, {name: s.say("原因", "why"), wraps: true},
			}}
			for _, sheet := range list.Sheets {
				g.add(printable(sheet.Unit), fmt.Sprint(sheet.Correction), sheet.Total, s.monthState(sheet.State), printable(sheet.ClosedBy), s.text(sheet.CorrectionReason))
			}
			return s.answer(list, g)
		}),
	}
	s.monthFlag(cmd, &month)
	cmd.Flags().StringVar(&unit, "unit", "", s.say("只看这个单位", "only this unit"))
	return s.printing(s.reaching(cmd))
}

func (s *session) monthLate() *cobra.Command {
	var month string
	short := s.say("关账后迟到、等待裁定的变化", "what came late after closing and waits for a decision")
	cmd := &cobra.Command{
		Use: "late", Args: cobra.NoArgs, Short: short, Long: short,
		Example: s.examples("kaohe month late --month 2026-03", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			list, err := r.months.ListRestatements(ctx, &apiv1.ListRestatementsRequest{Month: month})
			if err != nil {
				return err
			}
			g := grid{columns: []column{
				{name: s.say("单位", "unit")}, {name: s.say("现得分", "score")}, {name: s.say("批准后", "if approved")},
				{name: ""}, {name: s.say("分", "points"), numeric: true}, {name: s.say("项目", "item")}, {name: s.say("理由", "reason"), wraps: true},
			}}
			for _, late := range list.Restatements {
				for _, e := range late.Vanish {
					g.add(printable(late.Unit), late.Total, late.RestatedTotal, s.say("撤销", "vanishes"), e.Points, e.Item, s.text(e.Reason))
				}
				for _, e := range late.Appear {
					g.add(printable(late.Unit), late.Total, late.RestatedTotal, s.say("新增", "appears"), e.Points, e.Item, s.text(e.Reason))
				}
			}
			return s.answer(list, g)
		}),
	}
	s.monthFlag(cmd, &month)
	return s.printing(s.reaching(cmd))
}

func (s *session) monthRestate() *cobra.Command {
	var month, unit, reason string
	var approve, refuse bool
	short := s.say("批准或不批准迟到的变化", "approve or refuse what came late")
	cmd := &cobra.Command{
		Use: "restate", Args: cobra.NoArgs, Short: short, Long: short,
		Example: s.examples(`kaohe month restate --month 2026-03 --unit chengqu --approve --reason "关单补录"`, "",
			`kaohe month restate --month 2026-03 --unit chengqu --refuse --reason "凭据不足"`, ""),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			status, err := r.months.DecideRestatement(ctx, &apiv1.DecideRestatementRequest{Month: month, Unit: unit, Approved: approve, Reason: reason})
			if err != nil {
				return err
			}
			return s.standsAt(status)
		}),
	}
	s.monthFlag(cmd, &month)
	f := cmd.Flags()
	f.StringVar(&unit, "unit", "", s.say("业务单位", "the unit"))
	f.StringVar(&reason, "reason", "", s.say("理由", "why"))
	f.BoolVar(&approve, "approve", false, s.say("批准", "approve"))
	f.BoolVar(&refuse, "refuse", false, s.say("不批准", "refuse"))
	cmd.MarkFlagsOneRequired("approve", "refuse")
	cmd.MarkFlagsMutuallyExclusive("approve", "refuse")
	return s.printing(s.reaching(cmd))
}
