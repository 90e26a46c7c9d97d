package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/phrase"
)

func (s *session) work() *cobra.Command {
	cmd := &cobra.Command{
		Use: "work", Args: cobra.NoArgs,
		Short: s.say("待办：等待决定的事项", "the work list: what waits for somebody"),
		Long: s.say("列出等待决定的事项，最早的在前：感谢加分、待核实的投诉、建议的加减分、异议和申诉、未评定的项目、关账后的更正、待关账和待公布的月份。",
			"What waits for somebody, the oldest first: thanks, complaints to verify, proposed points, objections and appeals, items\n"+
				"that nobody has assessed, what came late about a closed month, months to close and to publish."),
		Example: s.examples("kaohe work list", "", "kaohe work list --role committee", "",
			`kaohe work decide thanks_awaited/T1/96766%2Fc1 --points 2 --reason "抢修及时"`, "",
			`kaohe work propose --unit chengqu --about inspection --subject I7 --item CS1 --points 1 --reason "未着工装"`, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.workList(), s.workDecide(), s.workPropose())
	return cmd
}

func (s *session) workList() *cobra.Command {
	var unit, by string
	short := s.say("等待决定的事项，最早的在前", "what waits, the oldest first")
	cmd := &cobra.Command{
		Use: "list", Args: cobra.NoArgs, Short: short, Long: short,
		Example: s.examples("kaohe work list --unit chengqu", "", "kaohe work list --role committee", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			request := &apiv1.ListWorkRequest{Unit: unit, PageSize: 1000}
			if by != "" {
				known, named := contractv1.Role_value["ROLE_"+strings.ToUpper(strings.ReplaceAll(by, "-", "_"))]
				if !named {
					return fmt.Errorf(s.say("--role %q：应为 %s", "--role %q: give one of %s"), by, strings.Join(roles(), ", "))
				}
				request.Role = contractv1.Role(known)
			}
			list, err := r.work.ListWork(ctx, request)
			if err != nil {
				return err
			}
			if err := s.answer(list, s.workGrid(list.Items)); err != nil {
				return err
			}
			if more := int(list.Total) - len(list.Items); more > 0 {
				s.note(s.say("另有 %d 项", "and %d more"), more)
			}
			return nil
		}),
	}
	cmd.Flags().StringVar(&unit, "unit", "", s.say("只看这个单位", "only this unit"))
	cmd.Flags().StringVar(&by, "role", "", s.say("只看由该角色决定的：assessor、committee", "only what this role decides: assessor, committee"))
	return s.printing(s.reaching(cmd))
}

func (s *session) workGrid(items []*apiv1.WorkItem) grid {
	g := grid{columns: []column{
		{name: s.say("自", "since")}, {name: s.say("期限", "due")}, {name: s.say("单位", "unit")}, {name: s.say("月份", "month")},
		{name: s.say("事项", "what"), wraps: true}, {name: s.say("由谁", "by")}, {name: s.say("编号", "id")},
	}}
	for _, w := range items {
		due := ""
		if w.Due != nil {
			due = phrase.Instant(w.Due.AsTime(), operatorZone())
		}
		if w.Late {
			due = s.paint(red, due)
		}
		g.add(phrase.Instant(w.Since.AsTime(), operatorZone()), due, printable(w.Unit), w.Month, s.text(w.Text), role(w.Role), printable(w.Id))
	}
	return g
}

func (s *session) workDecide() *cobra.Command {
	request := &apiv1.DecidePointsRequest{}
	var valid, invalid bool
	short := s.say("决定一项待办", "decide one thing that waits")
	cmd := &cobra.Command{
		Use: "decide ID", Args: cobra.ExactArgs(1), Short: short, Long: short,
		Example: s.examples(`kaohe work decide ID --points 2 --reason "抢修及时"`, s.say("0 为不同意", "0 refuses"),
			`kaohe work decide ID --valid --reason "录音核实"`, "", `kaohe work decide ID --item CS2 --points 1.5 --reason "言语生硬"`, ""),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			request.Id = args[0]
			if valid || invalid {
				request.Valid = &valid
			}
			if _, err := r.work.DecidePoints(ctx, request); err != nil {
				return err
			}
			s.note(s.say("已决定", "decided"))
			return nil
		}),
	}
	f := cmd.Flags()
	f.StringVar(&request.Points, "points", "", s.say("分值，0 为不同意", "how many points, 0 to refuse"))
	f.StringVar(&request.Item, "item", "", s.say("项目，例如 CS2", "the item, for example CS2"))
	f.StringVar(&request.Reason, "reason", "", s.say("理由", "why"))
	f.BoolVar(&valid, "valid", false, s.say("投诉有效", "the complaint is valid"))
	f.BoolVar(&invalid, "invalid", false, s.say("投诉无效", "the complaint is not valid"))
	cmd.MarkFlagsOneRequired("points", "valid", "invalid")
	cmd.MarkFlagsMutuallyExclusive("points", "valid", "invalid")
	return s.reaching(cmd)
}

func (s *session) workPropose() *cobra.Command {
	request, about := &apiv1.ProposePointsRequest{}, ""
	var evidence []string
	short := s.say("建议加减分，由他人决定", "propose points, for somebody else to decide")
	cmd := &cobra.Command{
		Use: "propose", Args: cobra.NoArgs, Short: short, Long: short,
		Example: s.examples(`kaohe work propose --unit chengqu --about inspection --subject I7 --item CS1 --points 1 --reason "未着工装"`, "",
			`kaohe work propose --unit chengqu --about cheating-report --subject R3 --points 4 --reason "举报属实"`, ""),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			known, named := feedv1.DecisionAbout_value["DECISION_ABOUT_"+strings.ToUpper(strings.ReplaceAll(about, "-", "_"))]
			if !named {
				return fmt.Errorf(s.say("--about %q：应为 complaint、inspection、cheating-report 或 other-case", "--about %q: give complaint, inspection, cheating-report or other-case"), about)
			}
			request.About = feedv1.DecisionAbout(known)
			for _, uri := range evidence {
				request.Evidence = append(request.Evidence, &feedv1.Evidence{Uri: uri})
			}
			proposed, err := r.work.ProposePoints(ctx, request)
			if err != nil {
				return err
			}
			return s.answer(proposed, s.workGrid([]*apiv1.WorkItem{proposed}))
		}),
	}
	f := cmd.Flags()
	f.StringVar(&request.Unit, "unit", "", s.say("业务单位", "the business unit"))
	f.StringVar(&about, "about", "", s.say("关于：complaint、inspection、cheating-report、other-case", "about: complaint, inspection, cheating-report, other-case"))
	f.StringVar(&request.Subject, "subject", "", s.say("投诉、抽查、举报或事项的编号", "the complaint, inspection, report or case"))
	f.StringVar(&request.Item, "item", "", s.say("项目，例如 CS1；加分不填", "the item, for example CS1; none for a bonus"))
	f.StringVar(&request.Points, "points", "", s.say("分值", "how many points"))
	f.StringVar(&request.Reason, "reason", "", s.say("理由", "why"))
	f.StringSliceVar(&evidence, "evidence", nil, s.say("凭据所在，可多个", "where evidence is kept; may be given again"))
	return s.printing(s.reaching(cmd))
}
