package cli

import (
	"context"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/phrase"
)

func (s *session) units() *cobra.Command {
	cmd := &cobra.Command{
		Use: "units", Args: cobra.NoArgs,
		Short: s.say("业务单位一览", "the business units"),
		Long: s.say("列出已登记的业务单位、维护客户数和时区。单位用 kaohe registry 登记。",
			"Lists the registered business units with their customers and zones. kaohe registry registers them."),
		Example: s.examples("kaohe units", "", "kaohe units -o json", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			list, err := r.scores.ListUnits(ctx, &apiv1.ListUnitsRequest{})
			if err != nil {
				return err
			}
			g := grid{columns: []column{
				{name: s.say("单位", "unit")}, {name: s.say("名称", "name")}, {name: s.say("类型", "kind")},
				{name: s.say("客户数", "customers"), numeric: true}, {name: s.say("时区", "zone")},
			}}
			for _, u := range list.Units {
				g.add(printable(u.Unit), s.text(u.Name), s.unitKind(u.Kind), strconv.FormatInt(u.Customers, 10), u.Zone)
			}
			return s.answer(list, g)
		}),
	}
	return s.printing(s.reaching(cmd))
}

func (s *session) unitKind(kind feedv1.UnitKind) string {
	if kind == feedv1.UnitKind_UNIT_KIND_CONTRACTOR {
		return s.say("代维公司", "contractor")
	}
	return s.say("营业部", "outlet")
}

func (s *session) quarantine() *cobra.Command {
	limit := 100
	cmd := &cobra.Command{
		Use: "quarantine", Args: cobra.NoArgs,
		Short: s.say("无法使用的输入及原因", "input that could not be used, with the reasons"),
		Long:  s.say("列出被搁置的输入：哪个服务、为什么、原文。", "Lists input that was set aside: which service, why, and the input itself."),
		Example: s.examples("kaohe quarantine", "", "kaohe quarantine --limit 1000 -o json",
			s.say("含原文", "with the input itself")),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			list, err := r.scores.ListQuarantine(ctx, &apiv1.ListQuarantineRequest{PageSize: int32(limit)})
			if err != nil {
				return err
			}
			g := grid{columns: []column{
				{name: s.say("时间", "at")}, {name: s.say("服务", "service")}, {name: s.say("单位", "unit")}, {name: s.say("月份", "month")}, {name: s.say("代码", "code")},
				{name: s.say("原因", "reason"), wraps: true}, {name: s.say("编号", "id")},
			}}
			for _, q := range list.Items {
				g.add(phrase.Instant(q.At.AsTime(), operatorZone()), q.Service, printable(q.Unit), q.Month, q.Reason.GetCode(), s.text(q.Reason.GetText()), printable(q.Id))
			}
			return s.answer(list, g)
		}),
	}
	cmd.Flags().IntVar(&limit, "limit", limit, s.say("最多几条，1 到 1000", "how many at most, 1 to 1000"))
	cmd.AddCommand(s.quarantineRetry())
	return s.printing(s.reaching(cmd))
}

func (s *session) quarantineRetry() *cobra.Command {
	cmd := &cobra.Command{
		Use: "retry [ID]", Args: cobra.MaximumNArgs(1),
		Short: s.say("重试因程序出错被隔离的输入", "try again what a service failed on"),
		Long: s.say("让服务重试因程序出错被隔离的输入：一条，或不给编号时全部。升级后启动时会自动重试。\n来源有误的输入不会重试，请在来源改正。",
			"Lets services try again what they failed on: one input, or without an ID all. After an upgrade that happens by\nitself at the start. What is wrong in itself is not tried again; correct it where it came from."),
		Example: s.examples("kaohe quarantine retry", s.say("全部", "all"), "kaohe quarantine retry sla-timer:00000000000000004096", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			answer, err := r.scores.RetryQuarantine(ctx, &apiv1.RetryQuarantineRequest{Id: strings.Join(args, "")})
			if err != nil {
				return err
			}
			return s.print(fmt.Sprintf(s.say("重试 %d 条；再次失败的会重新列入 kaohe quarantine\n", "%d are tried again; what fails again is listed by kaohe quarantine\n"), answer.Retried))
		}),
	}
	return s.reaching(cmd)
}

func (s *session) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Args: cobra.NoArgs,
		Short:   s.say("程序版本", "the version of the program"),
		Long:    s.say("显示程序版本和它的 Go 版本。", "Shows the version of the program and of the Go it was built with."),
		Example: s.examples("kaohe version", ""),
		RunE: func(*cobra.Command, []string) error {
			version, rest := "devel", []string{}
			if info, ok := debug.ReadBuildInfo(); ok {
				version = firstOf(strings.Trim(info.Main.Version, "()"), version)
				rest = append(rest, info.GoVersion)
				for _, setting := range info.Settings {
					if setting.Key == "vcs.revision" || setting.Key == "vcs.time" || setting.Key == "GOARCH" {
						rest = append(rest, setting.Value)
					}
				}
			}
			return s.print(fmt.Sprintf("kaohe %s %s\n", version, strings.Join(rest, " ")))
		},
	}
}
