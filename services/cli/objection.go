package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
	"kaohe.dev/services/phrase"
)

func (s *session) objection() *cobra.Command {
	cmd := &cobra.Command{
		Use: "objection", Args: cobra.NoArgs,
		Short: s.say("异议：提出、裁定、查看、统计", "objections: raise, decide, list, count"),
		Long: s.say("单位可对一笔记分提出异议，由考核人员裁定；不服可再提一次，由考核小组最终裁定。",
			"A unit objects to an entry, the assessor decides; raised once more it goes to the committee, whose decision is final."),
		Example: s.examples(
			`kaohe objection raise ENTRY --grounds "客户改约"`, "",
			"kaohe objection list --month 2026-03 --waiting", "",
			`kaohe objection decide ID --uphold --reason "核实录音"`, "",
			`kaohe objection decide ID --points -1.5 --reason "部分成立"`, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.objectionRaise(), s.objectionDecide(), s.objectionList(), s.objectionCount())
	return cmd
}

func (s *session) objectionRaise() *cobra.Command {
	var grounds string
	var evidence []string
	short := s.say("对一笔记分提出异议，或申诉到考核小组", "object to an entry, or appeal to the committee")
	cmd := &cobra.Command{
		Use: "raise ENTRY", Args: cobra.ExactArgs(1), Short: short, Long: short,
		Example: s.examples(`kaohe objection raise EC4W733MVBSGC2JRN --grounds "客户改约" --evidence https://files.example/1.pdf`, ""),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			request := &apiv1.RaiseObjectionRequest{Entry: args[0], Grounds: grounds}
			for _, uri := range evidence {
				request.Evidence = append(request.Evidence, &feedv1.Evidence{Uri: uri})
			}
			raised, err := r.objections.RaiseObjection(ctx, request)
			if err != nil {
				return err
			}
			return s.answer(raised, s.objectionGrid([]*ledgerv1.Objection{raised}))
		}),
	}
	cmd.Flags().StringVar(&grounds, "grounds", "", s.say("理由", "why"))
	cmd.Flags().StringSliceVar(&evidence, "evidence", nil, s.say("凭据所在，可多个", "where evidence is kept; may be given again"))
	return s.printing(s.reaching(cmd))
}

func (s *session) objectionDecide() *cobra.Command {
	var reason, points string
	var uphold, reject bool
	short := s.say("裁定一项异议", "decide an objection")
	cmd := &cobra.Command{
		Use: "decide ID", Args: cobra.ExactArgs(1), Short: short, Long: short,
		Example: s.examples(`kaohe objection decide ID --uphold --reason "核实录音"`, s.say("成立，撤销记分", "upheld: the entry is taken back"),
			`kaohe objection decide ID --points -1.5 --reason "部分成立"`, s.say("调整分值", "adjusted"),
			`kaohe objection decide ID --reject --reason "凭据不足"`, s.say("维持原记分", "the entry stands")),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			outcome := feedv1.ObjectionOutcome_OBJECTION_OUTCOME_ADJUSTED
			switch {
			case uphold:
				outcome = feedv1.ObjectionOutcome_OBJECTION_OUTCOME_UPHELD
			case reject:
				outcome = feedv1.ObjectionOutcome_OBJECTION_OUTCOME_REJECTED
			}
			decided, err := r.objections.DecideObjection(ctx, &apiv1.DecideObjectionRequest{Objection: args[0], Outcome: outcome, Points: points, Reason: reason})
			if err != nil {
				return err
			}
			return s.answer(decided, s.objectionGrid([]*ledgerv1.Objection{decided}))
		}),
	}
	f := cmd.Flags()
	f.StringVar(&reason, "reason", "", s.say("理由", "why"))
	f.StringVar(&points, "points", "", s.say("调整后的分值，带符号", "the points instead, signed"))
	f.BoolVar(&uphold, "uphold", false, s.say("成立", "the unit is right"))
	f.BoolVar(&reject, "reject", false, s.say("不成立", "the entry stands"))
	cmd.MarkFlagsOneRequired("uphold", "reject", "points")
	cmd.MarkFlagsMutuallyExclusive("uphold", "reject", "points")
	return s.printing(s.reaching(cmd))
}

func (s *session) objectionList() *cobra.Command {
	var month, unit string
	var waiting bool
	short := s.say("一个月的异议，等待最久的在前", "the objections of a month, those that wait longest first")
	cmd := &cobra.Command{
		Use: "list", Args: cobra.NoArgs, Short: short, Long: short,
		Example: s.examples("kaohe objection list --month 2026-03 --waiting", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			list, err := r.objections.ListObjections(ctx, &apiv1.ListObjectionsRequest{Month: month, Unit: unit, Waiting: waiting})
			if err != nil {
				return err
			}
			return s.answer(list, s.objectionGrid(list.Objections))
		}),
	}
	s.monthFlag(cmd, &month)
	cmd.Flags().StringVar(&unit, "unit", "", s.say("只看这个单位", "only this unit"))
	cmd.Flags().BoolVar(&waiting, "waiting", false, s.say("只看待裁定的", "only those that wait"))
	return s.printing(s.reaching(cmd))
}

func (s *session) objectionGrid(objections []*ledgerv1.Objection) grid {
	g := grid{columns: []column{
		{name: s.say("提出时间", "raised")}, {name: s.say("单位", "unit")}, {name: s.say("规则", "rule")}, {name: s.say("理由", "grounds"), wraps: true},
		{name: s.say("裁定", "decision"), wraps: true}, {name: s.say("编号", "id")},
	}}
	for _, o := range objections {
		steps, decisions := o.Objection.Steps, []string{}
		for _, ruling := range o.Objection.Rulings {
			decisions = append(decisions, s.outcome(ruling.Outcome)+" "+ruling.Points+" "+printable(ruling.Reason)+"（"+printable(ruling.Person)+"）")
		}
		if len(steps) > len(decisions) {
			decisions = append(decisions, s.say("待裁定", "waits"))
		}
		g.add(phrase.Instant(steps[0].At.AsTime(), operatorZone()), printable(o.Unit), printable(o.Objection.Rule), printable(steps[len(steps)-1].Grounds),
			strings.Join(decisions, "; "), printable(o.Id))
	}
	return g
}

func (s *session) outcome(outcome feedv1.ObjectionOutcome) string {
	switch outcome {
	case feedv1.ObjectionOutcome_OBJECTION_OUTCOME_UPHELD:
		return s.say("成立", "upheld")
	case feedv1.ObjectionOutcome_OBJECTION_OUTCOME_ADJUSTED:
		return s.say("调整为", "adjusted to")
	case feedv1.ObjectionOutcome_OBJECTION_OUTCOME_REJECTED:
		return s.say("不成立", "rejected")
	}
	return fmt.Sprint(outcome)
}
