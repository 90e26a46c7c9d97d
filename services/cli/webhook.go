package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	factv1 "kaohe.dev/proto/gen/kaohe/fact/v1"
)

func (s *session) webhookCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "webhook", Args: cobra.NoArgs,
		Short: s.say("登记、查看、测试对外通知", "manage who is notified"),
		Long: s.say("入账、冲回、投诉时限和指标提醒以 CloudEvents 1.0 发往登记的地址，按 Standard Webhooks 签名；未送达的逐次重试，最后转入死信，可重发。导入的历史不发通知。",
			"Entries, reversals, deadlines of complaints and warnings of the quota are posted as CloudEvents 1.0 to the addresses\n"+
				"registered, signed by the Standard Webhooks scheme; what is not taken is tried again, at last kept as a dead letter\n"+
				"that can be sent again. Nothing is sent of an import."),
		Example: s.examples(
			"kaohe webhook add https://hooks.example.org/kaohe --name SMS --level warning,breach", "",
			"kaohe webhook list", "", "kaohe webhook test ID", "", "kaohe webhook dead ID", "", "kaohe webhook replay ID", "",
			"kaohe webhook remove ID", ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.webhookAdd(), s.webhookList(), s.webhookRemove(), s.webhookTest(), s.webhookDead(), s.webhookReplay())
	return cmd
}

// alertLevels are the levels by their names on the command line.
func alertLevels() []string {
	var names []string
	for i := range len(factv1.AlertLevel_name) - 1 {
		names = append(names, alertLevel(factv1.AlertLevel(i+1)))
	}
	return names
}

func alertLevel(l factv1.AlertLevel) string {
	return strings.ToLower(strings.TrimPrefix(l.String(), "ALERT_LEVEL_"))
}

func (s *session) webhookAdd() *cobra.Command {
	var levels []string
	request := &apiv1.CreateWebhookRequest{}
	cmd := &cobra.Command{
		Use: "add URL", Args: cobra.ExactArgs(1),
		Short: s.say("登记接收方，密钥只显示这一次", "register a receiver; its secret is shown this once"),
		Long: s.say("登记接收方并输出验签密钥 whsec_…，之后无法再次显示。只通知此后发生的。各筛选条件须同时满足。",
			"Registers a receiver and prints the secret whsec_… that it verifies signatures with, which cannot be shown again.\n"+
				"It is told what happens from now on. All filters must hold."),
		Example: s.examples("kaohe webhook add http://10.0.3.7/kaohe --name SMS --unit chengqu --level warning,breach > sms.secret", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			request.Url = args[0]
			for _, name := range levels {
				at := slices.Index(alertLevels(), name)
				if at < 0 {
					return usageError{"kaohe webhook add", fmt.Errorf("--level %q: %s %s", name, s.say("请选", "choose from"), strings.Join(alertLevels(), ", "))}
				}
				request.Levels = append(request.Levels, factv1.AlertLevel(at+1))
			}
			answer, err := r.hooks.CreateWebhook(ctx, request)
			if err != nil {
				return err
			}
			s.note(s.say("编号 %s，密钥只显示这一次：", "id %s, its secret is shown this once:"), answer.Webhook.Id)
			return s.print(answer.Secret + "\n")
		}),
	}
	f := cmd.Flags()
	f.StringVar(&request.Name, "name", "", s.say("名称，例如由谁接收", "a name for people, for example whose it is"))
	f.StringSliceVar(&request.Units, "unit", nil, s.say("只通知这些业务单位", "only these units"))
	f.StringSliceVar(&request.Rules, "rule", nil, s.say("只通知这些规则，例如 ticket_overdue", "only these rules, for example ticket_overdue"))
	f.StringSliceVar(&levels, "level", nil, s.say("只通知这些级别：", "only these levels: ")+strings.Join(alertLevels(), ", "))
	return s.reaching(cmd)
}

func (s *session) webhookList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Args: cobra.NoArgs,
		Short:   s.say("列出接收方", "list the receivers"),
		Long:    s.say("列出全部接收方、待发数和死信数；密钥不显示。", "Lists all receivers, how much waits for each and how many dead letters there are; never their secrets."),
		Example: s.examples("kaohe webhook list", "", "kaohe webhook list -o json", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			answer, err := r.hooks.ListWebhooks(ctx, &apiv1.ListWebhooksRequest{})
			if err != nil {
				return err
			}
			g := grid{columns: []column{
				{name: s.say("编号", "id")}, {name: s.say("名称", "name")}, {name: s.say("地址", "address")}, {name: s.say("筛选", "filter")},
				{name: s.say("待发", "pending"), numeric: true}, {name: s.say("死信", "dead"), numeric: true}, {name: s.say("状态", "state")},
			}}
			for _, w := range answer.Webhooks {
				state := s.say("有效", "holds")
				if w.DisabledAt != nil {
					state = s.say("已停用 ", "disabled ") + day(w.DisabledAt) + ": " + s.say(w.DisabledBecause.GetZh(), w.DisabledBecause.GetEn())
				}
				g.add(w.Id, printable(w.Name), printable(w.Url), webhookFilter(w),
					strconv.FormatInt(w.Pending, 10), strconv.FormatInt(w.Dead, 10), state)
			}
			return s.answer(answer, g)
		}),
	}
	return s.printing(s.reaching(cmd))
}

func webhookFilter(w *apiv1.Webhook) string {
	all := slices.Concat(w.Units, w.Rules)
	for _, l := range w.Levels {
		all = append(all, alertLevel(l))
	}
	return strings.Join(all, " ")
}

func (s *session) webhookRemove() *cobra.Command {
	cmd := &cobra.Command{
		Use: "remove ID", Args: cobra.ExactArgs(1),
		Short:   s.say("移除接收方", "remove a receiver"),
		Long:    s.say("移除接收方，连同待发的和死信。编号见 kaohe webhook list。", "Removes a receiver, with what waits for it and its dead letters. kaohe webhook list shows the ids."),
		Example: s.examples("kaohe webhook remove yJ2mKQ0V8mZ0o3Wl5o3yXk", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			if _, err := r.hooks.DeleteWebhook(ctx, &apiv1.DeleteWebhookRequest{Id: args[0]}); err != nil {
				return err
			}
			s.note(s.say("已移除 %s", "removed %s"), args[0])
			return nil
		}),
	}
	return s.reaching(cmd)
}

func (s *session) webhookTest() *cobra.Command {
	cmd := &cobra.Command{
		Use: "test ID", Args: cobra.ExactArgs(1),
		Short: s.say("发送一次测试", "send a test once"),
		Long: s.say("发送一次测试通知，显示接收方的答复；接收方正处于故障等待期的，最迟一分钟后发出。",
			"Sends a test and shows what the receiver answered. A receiver that is in trouble is left in peace, for a minute at most."),
		Example: s.examples("kaohe webhook test yJ2mKQ0V8mZ0o3Wl5o3yXk", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			d, err := r.hooks.TestWebhook(ctx, &apiv1.TestWebhookRequest{Id: args[0]})
			switch {
			case err != nil:
				return err
			case d.State == apiv1.DeliveryState_DELIVERY_STATE_PENDING:
				return fmt.Errorf("%s", s.say("测试尚未发出：接收方之前未答复，或没有进程运行 notify", "the test is not sent yet: the receiver did not answer before, or no process runs notify"))
			case d.State == apiv1.DeliveryState_DELIVERY_STATE_DEAD:
				return fmt.Errorf("%s: %s", s.say("接收方没有接受", "the receiver did not take it"), whyDead(d))
			}
			s.note(s.say("已送达，答复 %d", "delivered, answered %d"), d.Status)
			return nil
		}),
	}
	return s.reaching(cmd)
}

func (s *session) webhookDead() *cobra.Command {
	cmd := &cobra.Command{
		Use: "dead ID", Args: cobra.ExactArgs(1),
		Short:   s.say("查看死信", "show dead letters"),
		Long:    s.say("列出未能送达、不再重试的通知及原因；保留三十天。", "Lists what could not be delivered and is not tried any more, with the reason. It is kept for thirty days."),
		Example: s.examples("kaohe webhook dead yJ2mKQ0V8mZ0o3Wl5o3yXk", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			all := &apiv1.ListDeliveriesResponse{}
			for token := ""; ; {
				page, err := r.hooks.ListDeliveries(ctx, &apiv1.ListDeliveriesRequest{Id: args[0], PageToken: token, PageSize: 1000})
				if err != nil {
					return err
				}
				all.Deliveries = append(all.Deliveries, page.Deliveries...)
				if token = page.NextPageToken; token == "" {
					break
				}
			}
			g := grid{columns: []column{
				{name: s.say("编号", "id")}, {name: s.say("类型", "type")}, {name: s.say("单位", "unit")},
				{name: s.say("次数", "attempts"), numeric: true}, {name: s.say("最后", "last")}, {name: s.say("原因", "why")},
			}}
			for _, d := range all.Deliveries {
				last := ""
				if d.TriedAt != nil {
					last = day(d.TriedAt)
				}
				g.add(d.Id, d.Type, printable(d.Unit), strconv.Itoa(int(d.Attempts)), last, whyDead(d))
			}
			return s.answer(all, g)
		}),
	}
	return s.printing(s.reaching(cmd))
}

// whyDead is what was wrong and, where it is told, what the receiver said.
func whyDead(d *apiv1.Delivery) string {
	if d.Said == "" {
		return printable(d.Error)
	}
	return printable(d.Error) + ": " + printable(d.Said)
}

func (s *session) webhookReplay() *cobra.Command {
	cmd := &cobra.Command{
		Use: "replay ID [NOTIFICATION…]", Args: cobra.MinimumNArgs(1),
		Short: s.say("重发死信", "send dead letters again"),
		Long: s.say("重发全部死信，或只重发指定的；编号不变。已停用的接收方随之启用。",
			"Sends all dead letters again, or those named, under the ids they had, and enables a receiver that was disabled."),
		Example: s.examples("kaohe webhook replay yJ2mKQ0V8mZ0o3Wl5o3yXk", "", "kaohe webhook replay yJ2mKQ0V8mZ0o3Wl5o3yXk EABCDEFGH2345678", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			answer, err := r.hooks.ReplayDeliveries(ctx, &apiv1.ReplayDeliveriesRequest{Id: args[0], Deliveries: args[1:]})
			if err != nil {
				return err
			}
			s.note(s.say("重发 %d 件", "%d are sent again"), answer.Replayed)
			return nil
		}),
	}
	return s.reaching(cmd)
}
