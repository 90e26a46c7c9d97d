package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/period"
)

func (s *session) whatIf() *cobra.Command {
	request := &apiv1.WhatIfRequest{}
	var named, months string
	cmd := &cobra.Command{
		Use: "whatif", Args: cobra.NoArgs,
		Short: s.say("过去的月份按另一规则会怎样", "what past months would have been under another rulebook"),
		Long: s.say("用事件日志按另一规则重新判定过去的月份，与现行结果并列：各单位各项目的原分、新分和差额，以及消失、改变和新增的各笔及\n原因。时限、日历和承诺类别也按另一规则。不改动任何数据。",
			"Judges past months from the log by another rulebook, beside what they are: the old score, the new and the\ndifference of every unit and item, and the entries that vanish, change and appear, with the reasons. Its\nlimits, calendars and commitment classes count too. Nothing is changed."),
		Example: s.examples(
			"kaohe whatif --rulebook rules.yaml --months 2025-01..2025-12", s.say("一年", "a year"),
			"kaohe whatif --rulebook 96766-2 --months 2026-03 --unit chengqu --entries", s.say("一个单位，逐笔", "one unit, entry by entry"),
			"kaohe whatif --rulebook rules.yaml --months 2026-03 -o csv", s.say("导出", "export")),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if named == "" {
			return usageError{cmd.CommandPath(), errors.New(s.say("请用 --rulebook 给出要试的规则：文件，或已发布的版本",
				"say which rulebook to try with --rulebook: a file, or a published version"))}
		}
		var err error
		if request.From, request.To, err = s.monthsOf(months); err != nil {
			return usageError{cmd.CommandPath(), err}
		}
		if err := s.tried(request, named); err != nil {
			return err
		}
		return s.asking(func(ctx context.Context, r *remote, _ []string) error {
			told, err := s.judged(ctx, r, request)
			if err != nil {
				return err
			}
			return s.showTrial(told)
		})(cmd, args)
	}
	cmd.Flags().StringVar(&named, "rulebook", "", s.say("规则文件，或已发布的版本", "rulebook file, or a published version"))
	cmd.Flags().StringVar(&months, "months", thisMonth(), s.say("月份 yyyy-mm，或 yyyy-mm..yyyy-mm", "month yyyy-mm, or yyyy-mm..yyyy-mm"))
	cmd.Flags().StringVar(&request.Unit, "unit", "", s.say("只看这个单位", "this unit only"))
	cmd.Flags().BoolVar(&request.Entries, "entries", false, s.say("列出不同的各笔及原因", "list the entries that differ, with the reasons"))
	return s.printing(s.reaching(cmd))
}

// monthsOf reads A..B, or one month.
func (s *session) monthsOf(text string) (from, to string, err error) {
	from, to, several := strings.Cut(text, "..")
	if !several {
		to = from
	}
	for _, month := range []string{from, to} {
		if _, err := period.ParseMonth(month); err != nil {
			return "", "", fmt.Errorf("--months %q: %s", text, s.say("请写作 2026-03 或 2026-01..2026-03", "write 2026-03 or 2026-01..2026-03"))
		}
	}
	return from, to, nil
}

// tried puts the rulebook to try into a request: a file, or where there is none
// a published version.
func (s *session) tried(request *apiv1.WhatIfRequest, named string) error {
	raw, err := s.read(named)
	if errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(named, `/\`) && !strings.HasSuffix(named, ".yaml") {
		request.Rulebook = &apiv1.WhatIfRequest_Version{Version: named}
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.say("读取规则", "read the rulebook"), err)
	}
	request.Rulebook = &apiv1.WhatIfRequest_Yaml{Yaml: string(raw)}
	return nil
}

// trial is all that was told of a trial.
type trial struct {
	months  []*apiv1.WhatIfMonth
	changes []*apiv1.WhatIfChange
	summary *apiv1.WhatIfSummary
	all     []*apiv1.WhatIfResponse // without progress
}

// judged waits for a trial and shows how far it is.
func (s *session) judged(ctx context.Context, r *remote, request *apiv1.WhatIfRequest) (*trial, error) {
	stream, err := r.trials.WhatIf(ctx, request)
	if err != nil {
		return nil, err
	}
	var bar *progress
	told := &trial{}
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if p := message.GetProgress(); p != nil {
			if bar == nil {
				bar = s.progress(s.say("试算", "judge"), p.EventsTotal, false)
			}
			bar.of(p.EventsRead, p.EventsTotal)
			continue
		}
		told.take(message)
	}
	if bar != nil {
		bar.done()
	}
	if told.summary == nil {
		return nil, errors.New(s.say("试算没有给出结果，请重试", "the trial ended without a result; try again"))
	}
	return told, nil
}

func (t *trial) take(message *apiv1.WhatIfResponse) {
	t.all = append(t.all, message)
	if m := message.GetMonth(); m != nil {
		t.months = append(t.months, m)
	}
	t.changes = append(t.changes, message.GetChanges().GetChanges()...)
	if message.GetSummary() != nil {
		t.summary = message.GetSummary()
	}
}
