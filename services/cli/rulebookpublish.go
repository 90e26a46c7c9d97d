package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/app"
	"kaohe.dev/services/rulebook"
)

func (s *session) rulebookPublish() *cobra.Command {
	var month string
	var units []string
	var rejudge bool
	cmd := &cobra.Command{
		Use: "publish FILE", Args: cobra.ExactArgs(1),
		Short: s.say("发布规则，自其生效月份起适用", "put a rulebook in force from its effective month"),
		Long: s.say("检查规则并发布；检查不通过则拒绝。生效月份已开始时，该月起已入账的分数会按新规则冲回重记，须加 --rejudge 确认，\n之前请先用 kaohe whatif 试算。已发布的版本不能更改内容，请另取版本名。\n用 --units 则只适用于这些单位，并优先于适用于所有单位的规则。",
			"Checks a rulebook and publishes it; one that the check refuses is not. When its effective month has begun, points\nposted since are taken back and posted anew: --rejudge says that this is meant, and kaohe whatif shows it before.\nA version that is published stays as it is; give a changed one another name. With --units it is in force for these units\nalone, before whatever is published for all."),
		Example: s.examples("kaohe rulebook publish rules.yaml", "",
			"kaohe rulebook publish rules.yaml --month 2026-07", s.say("自另一月份起", "from another month on"),
			"kaohe rulebook publish pilot.yaml --month 2026-07 --units chengqu,xinqu", s.say("只适用于这些单位", "for these units alone")),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			raw, err := s.readRulebook(args[0])
			if err != nil {
				return err
			}
			if unusable, err := s.problemsOf(args[0], raw); unusable || err != nil {
				return errors.Join(err, errTold)
			}
			book, err := rulebook.Load("", raw)
			if err != nil {
				return err
			}
			return s.publish(ctx, r, book, firstOf(month, book.EffectiveMonth), slices.Sorted(slices.Values(units)), rejudge)
		}),
	}
	cmd.Flags().StringVar(&month, "month", "", s.say("生效月份 yyyy-mm（默认取文件中的）", "effective month, yyyy-mm (default: the file's)"))
	cmd.Flags().StringSliceVar(&units, "units", nil, s.say("只适用于这些单位，用逗号分隔（默认所有单位）", "in force for these units alone, separated by commas (default: all)"))
	cmd.Flags().BoolVar(&rejudge, "rejudge", false, s.say("生效月份已开始也发布，重新判定", "publish although the month has begun, and judge it anew"))
	return s.reaching(cmd)
}

// published reports whether a rulebook is published as it is, and says so; that
// another is published under its name is an error. What was sent just before,
// perhaps by a command that was interrupted, counts.
func (s *session) published(ctx context.Context, r *remote, book *rulebook.Rulebook, month string, units []string) (bool, error) {
	if _, err := r.feed.AwaitBarrier(ctx, &apiv1.AwaitBarrierRequest{}); err != nil {
		return false, err
	}
	there, err := r.books.GetRulebook(ctx, &apiv1.GetRulebookRequest{Version: book.Version})
	switch {
	case status.Code(err) == codes.NotFound:
		return false, nil
	case err != nil:
		return false, err
	case there.Yaml == string(book.Source) && there.EffectiveMonth == month && slices.Equal(there.Units, units):
		return true, s.print(fmt.Sprintf(s.say("%s 早已发布，自 %s 起适用\n", "%s is published already, in force from %s on\n"), book.Version, month))
	}
	return false, fmt.Errorf(s.say("版本 %q 已发布，内容、适用单位或生效月份不同：请给新规则另取版本名", "version %q is published with other content, for other units or from another month; give this one another version"), book.Version)
}

// publish publishes a rulebook unless that is done, or would be a mistake.
func (s *session) publish(ctx context.Context, r *remote, book *rulebook.Rulebook, month string, units []string, rejudge bool) error {
	if done, err := s.published(ctx, r, book, month, units); done || err != nil {
		return err
	}
	if month <= thisMonth() && !rejudge {
		return fmt.Errorf(s.say("%[1]s 已开始，发布后该月起的分数会重新判定；请先试算：kaohe whatif --rulebook FILE --months %[1]s..%[2]s\n确认后加 --rejudge，或用 --month 另定生效月份",
			"%[1]s has begun, so the points since would be judged anew; look first: kaohe whatif --rulebook FILE --months %[1]s..%[2]s\nthen repeat with --rejudge, or choose a later month with --month"), month, thisMonth())
	}
	answer, err := r.push(ctx, []*feedv1.Event{app.RulebookPublished(book, month, units, time.Now())})
	if err != nil {
		return err
	}
	if refused := answer.Verdicts[0].Error; refused != nil {
		if done, err := s.published(ctx, r, book, month, units); done || err != nil {
			return err // it was on its way still when it was looked for
		}
		return errors.New(refused.Reason)
	}
	if _, err := r.feed.AwaitBarrier(ctx, &apiv1.AwaitBarrierRequest{}); err != nil {
		return err
	}
	return s.print(fmt.Sprintf(s.say("已发布 %s，自 %s 起适用\n", "published %s, in force from %s on\n"), book.Version, month))
}
