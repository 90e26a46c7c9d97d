package cli

import (
	"context"
	"errors"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
)

func (s *session) verify() *cobra.Command {
	var month string
	cmd := &cobra.Command{
		Use: "verify", Args: cobra.NoArgs,
		Short: s.say("用事件日志重算一个月，与账核对", "recompute a month from the log and compare it with the ledger"),
		Long: s.say("只用事件日志离线重算一个月，并与账中有效的各笔逐行比较；同时核对日志的链接和签名。都相符则退出码 0，否则列出差异，退出码 1。",
			"Recomputes a month from the log of events alone and compares it line by line with what counts in the\nledger; the links and signatures of the log are checked, too. The exit code is 0 when all fits; else what differs is\nshown and it is 1."),
		Example: s.examples("kaohe verify --month 2026-03", "", "kaohe verify -o json", s.say("本月", "this month")),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			result, err := s.verified(ctx, r, month)
			if err != nil {
				return err
			}
			whole := s.logWhole(result.Log)
			if err := s.verdictOf(result); err != nil {
				return err
			}
			if !whole || !result.Same {
				return errTold
			}
			return nil
		}),
	}
	s.monthFlag(cmd, &month)
	return s.printing(s.reaching(cmd))
}

// verified waits for the recomputation and shows how far it is.
func (s *session) verified(ctx context.Context, r *remote, month string) (*apiv1.VerifyResult, error) {
	stream, err := r.scores.VerifyMonth(ctx, &apiv1.VerifyMonthRequest{Month: month})
	if err != nil {
		return nil, err
	}
	var bar *progress
	var result *apiv1.VerifyResult
	for {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if bar == nil && message.EventsTotal > 0 {
			bar = s.progress(s.say("重算", "recompute"), message.EventsTotal, false)
		}
		if bar != nil {
			bar.of(message.EventsRead, message.EventsTotal)
		}
		if message.Result != nil {
			result = message.Result
		}
	}
	if bar != nil {
		bar.done()
	}
	if result == nil {
		return nil, errors.New(s.say("核对没有给出结果，请重试", "the comparison ended without a result; try again"))
	}
	return result, nil
}

func (s *session) verdictOf(result *apiv1.VerifyResult) error {
	g := grid{columns: []column{
		{name: s.say("来自", "from")}, {name: s.say("有效笔数", "active entries"), numeric: true}, {name: s.say("哈希", "hash")},
	}}
	g.add(s.say("账", "ledger"), strconv.FormatInt(result.LiveEntries, 10), result.LiveHash)
	g.add(s.say("日志", "log"), strconv.FormatInt(result.LogEntries, 10), result.LogHash)
	if err := s.answer(result, g); err != nil || s.format != "table" {
		return err
	}
	out := s.paint(green, s.say("相同", "the same"))
	if !result.Same {
		out = s.paint(red, s.say("不同（+ 仅日志，- 仅账）", "different (+ only in the log, - only in the ledger)"))
	}
	for _, line := range result.Differences {
		out += "\n" + printable(line)
	}
	if len(result.LeftOut) > 0 {
		out += "\n" + s.paint(yellow, s.say("因出错未计入（+ 日志一侧，- 账一侧）", "left out because of a fault (+ by the log's side, - by the ledger's)"))
	}
	for _, line := range result.LeftOut {
		out += "\n" + printable(line)
	}
	return s.print(out + "\n")
}
