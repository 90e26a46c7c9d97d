package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/phrase"
)

func (s *session) quotaCommand() *cobra.Command {
	request := &apiv1.GetQuotaRequest{Month: thisMonth()}
	cmd := &cobra.Command{
		Use: "quota", Args: cobra.NoArgs,
		Short: s.say("报修指标：已用、剩余、预计，以及哪些工单还可能改变它", "the repair quota: used, left, projected, and which tickets could still change it"),
		Long: s.say("显示某单位当月报修指标：已用、剩余、按已过时间推算的月末数、哪天超过；并列出仍计入而尚可撤销或合并的报修：未完工的，和同一客户同类的重复报修。",
			"Shows a unit's repair quota of a month: used, left, where the pace so far leads to and on which day it is crossed; and\n"+
				"the counted faults that may still be cancelled or merged: the open ones, and those that repeat another of the same\n"+
				"customer and category."),
		Example: s.examples("kaohe quota --unit chengqu", "", "kaohe quota --unit chengqu --month 2026-03 -o json", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			answer, err := r.quotas.GetQuota(ctx, request)
			if err != nil {
				return err
			}
			if s.format == "" || s.format == "table" {
				if err := s.print(s.quotaLine(answer.Quota) + "\n"); err != nil {
					return err
				}
			}
			g := grid{columns: []column{
				{name: s.say("工单", "ticket")}, {name: s.say("类别", "category")}, {name: s.say("报修", "opened")},
				{name: s.say("状态", "state")}, {name: s.say("疑似重复于", "repeats")},
			}}
			for _, t := range answer.Tickets {
				state := s.say("已完工", "completed")
				if t.Open {
					state = s.say("未完工", "open")
				}
				g.add(printable(t.Ticket), printable(t.Category), phrase.Instant(t.OpenedAt.AsTime(), operatorZone()), state, printable(t.Repeats))
			}
			if answer.More {
				s.note("%s", s.say("还有更早的未列出", "there are more, earlier ones"))
			}
			return s.answer(answer, g)
		}),
	}
	cmd.Flags().StringVar(&request.Month, "month", request.Month, s.say("月份，yyyy-mm", "the month, yyyy-mm"))
	cmd.Flags().StringVar(&request.Unit, "unit", "", s.say("业务单位", "the unit"))
	return s.printing(s.reaching(cmd))
}

// quotaLine says in one line how far the cliff is.
func (s *session) quotaLine(q *ledgerv1.Quota) string {
	if q.GetCustomers() == 0 {
		return s.say("未登记维护客户数，没有指标；当月报修 ", "the customers are not registered, so there is no quota; faults this month: ") + strconv.FormatInt(q.GetUsed(), 10)
	}
	line := fmt.Sprintf(s.say("已用 %d，指标 %s，剩余 %s，预计月末 %s", "used %d of %s, left %s, projected %s"), q.Used, q.Limit, q.Left, q.Projected)
	switch {
	case q.Crossed:
		line += s.say("；已于 ", "; crossed on ") + q.CrossingDay + s.say(" 超过", "")
	case q.CrossingDay != "":
		line += s.say("；预计 ", "; it will be crossed on ") + q.CrossingDay + s.say(" 超过", "")
	}
	return line
}
