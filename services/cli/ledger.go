package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	ledgerv1 "kaohe.dev/proto/gen/kaohe/ledger/v1"
)

// pageSize is how much is asked for at once, the most the contract allows.
const pageSize = 1000

func (s *session) ledger() *cobra.Command {
	request := &apiv1.ListEntriesRequest{}
	limit := 0
	cmd := &cobra.Command{
		Use: "ledger", Args: cobra.NoArgs,
		Short: s.say("加减分明细账", "every entry of a month, with its reason"),
		Long:  s.say("按入账顺序列出一个月的加减分和冲回。", "Lists the postings and reversals of a month in the order of the ledger."),
		Example: s.examples(
			"kaohe ledger --unit chengqu", s.say("一个单位", "one unit"),
			"kaohe ledger --rule overdue_ticket --state active", s.say("有效的超时扣分", "what counts for overdue tickets"),
			"kaohe ledger --month 2026-03 -o csv > ledger.csv", s.say("导出", "export")),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			return s.entries(ctx, r, request, limit)
		}),
	}
	f := cmd.Flags()
	s.monthFlag(cmd, &request.Month)
	f.StringVar(&request.Unit, "unit", "", s.say("只看这个单位", "only this unit"))
	f.StringVar(&request.Rule, "rule", "", s.say("只看这条规则", "only this rule"))
	f.StringVar(&request.State, "state", "", s.say("active 有效，reversed 已冲回；默认全部", "active or reversed; default: all"))
	f.IntVar(&limit, "limit", 0, s.say("最多几笔，0 为全部", "how many at most; 0: all"))
	return s.printing(s.reaching(cmd))
}

func (s *session) entries(ctx context.Context, r *remote, request *apiv1.ListEntriesRequest, limit int) error {
	all, err := r.listEntries(ctx, request, limit)
	if err != nil {
		return err
	}
	z, err := r.zones(ctx)
	if err != nil {
		return err
	}
	return s.answer(&apiv1.ListEntriesResponse{Entries: all}, s.entryGrid(all, z))
}

// listEntries reads page after page, up to a limit; 0 is none.
func (r *remote) listEntries(ctx context.Context, request *apiv1.ListEntriesRequest, limit int) ([]*ledgerv1.Entry, error) {
	var all []*ledgerv1.Entry
	for {
		request.PageSize = pageSize
		if limit > 0 {
			request.PageSize = int32(min(pageSize, limit-len(all)))
		}
		page, err := r.scores.ListEntries(ctx, request)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Entries...)
		request.PageToken = page.NextPageToken
		if page.NextPageToken == "" || limit > 0 && len(all) >= limit {
			return all, nil
		}
	}
}

func (s *session) entryGrid(entries []*ledgerv1.Entry, z zones) grid {
	g := grid{columns: []column{
		{name: s.say("发生", "occurred")}, {name: s.say("单位", "unit")}, {name: s.say("项目", "item")},
		{name: s.say("分值", "points"), numeric: true}, {name: s.say("规则", "rule")}, {name: s.say("状态", "state")},
		{name: s.say("对象", "about")}, {name: s.say("理由", "reason"), wraps: true}, {name: s.say("编号", "id")},
	}}
	for _, e := range entries {
		g.add(z.at(e.Unit, e.OccurredAt), printable(e.Unit), printable(e.Item), s.signed(e.Points), s.text(e.Label), s.state(e),
			printable(e.Incident.GetId()), s.text(e.Reason), printable(e.Id))
	}
	return g
}

// state says whether an entry counts.
func (s *session) state(e *ledgerv1.Entry) string {
	switch {
	case e.Type == ledgerv1.EntryType_ENTRY_TYPE_REVERSAL:
		return s.paint(faint, s.say("冲回", "reversal"))
	case e.State == ledgerv1.EntryState_ENTRY_STATE_REVERSED:
		return s.paint(faint, s.say("已冲回", "reversed"))
	}
	return s.say("有效", "active")
}

func (s *session) explain() *cobra.Command {
	cmd := &cobra.Command{
		Use: "explain ID", Args: cobra.ExactArgs(1),
		Short: s.say("解释一笔加减分：理由、算法、凭据", "explain an entry: reason, arithmetic, proof"),
		Long: s.say("显示一笔加减分的理由、条款、凭据事件和它的前后经过。编号见 kaohe ledger。",
			"Shows the reason of an entry, its clause, the events that prove it and what became of it. The id is in\nkaohe ledger."),
		Example: s.examples("kaohe explain EABC123", s.say("一笔", "an entry"),
			"kaohe explain EABC123 -o json", s.say("全部字段", "all its fields")),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			found, err := r.scores.GetEntry(ctx, &apiv1.GetEntryRequest{Id: args[0]})
			if err != nil {
				return err
			}
			z, err := r.zones(ctx)
			if err != nil {
				return err
			}
			if s.format != "table" {
				return s.answer(found, s.entryGrid(found.History, z))
			}
			return s.explanation(found, z)
		}),
	}
	return s.printing(s.reaching(cmd))
}

func (s *session) explanation(found *apiv1.EntryExplanation, z zones) error {
	e := found.Entry
	basis := s.say("规则原文", "in the source")
	if e.Basis == "assumption" {
		basis = s.say("约定", "an assumption")
	}
	out := fmt.Sprintf("%s  %s  %s  %s\n%s\n\n", s.paint(bold, printable(e.Id)), printable(e.Unit), s.signed(e.Points), s.state(e), printableLines(found.Explanation))
	for _, line := range [][2]string{
		{s.say("规则", "rule"), s.text(e.Label) + " (" + printable(e.Rule) + ", " + printable(e.RulebookVersion) + ")"},
		{s.say("条款", "clause"), printable(e.Clause) + "  " + basis},
		{s.say("发生", "occurred"), z.at(e.Unit, e.OccurredAt)}, {s.say("收到", "received"), z.at(e.Unit, e.ReceivedAt)},
		{s.say("认定", "detected"), z.at(e.Unit, e.DetectedAt)}, {s.say("入账", "posted"), z.at(e.Unit, e.PostedAt)},
	} {
		out += "  " + pad(line[0], 10) + line[1] + "\n"
	}
	if err := s.print(out + "\n" + s.paint(bold, s.say("凭据", "proof")) + "\n"); err != nil {
		return err
	}
	if err := s.table(s.eventGrid(found.Proof, z.of(e.Unit))); err != nil {
		return err
	}
	if len(found.History) < 2 {
		return nil
	}
	if err := s.print("\n" + s.paint(bold, s.say("经过", "history")) + "\n"); err != nil {
		return err
	}
	return s.table(s.entryGrid(found.History, z))
}
