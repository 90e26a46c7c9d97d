package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/phrase"
)

func (s *session) audit() *cobra.Command {
	request := &apiv1.ListAuditRequest{}
	since, limit := "24h", 0
	cmd := &cobra.Command{
		Use: "audit", Args: cobra.NoArgs,
		Short: s.say("审计：谁在何时写入了什么", "who wrote what, and when"),
		Long: s.say("按接收顺序列出全部写入：推送的事件、发放和吊销令牌、登录、导出、核对、重建。审计就是事件日志本身。",
			"Lists every write in the order kaohe received it: pushed events, tokens made and revoked, sign-ins, exports,\n"+
				"verifications, rebuilds. The trail is the log of events itself."),
		Example: s.examples(
			"kaohe audit", s.say("最近一天", "the last day"),
			"kaohe audit --since 2026-03-01 --who admin", s.say("管理员做了什么", "what the administrator did"),
			"kaohe audit --since 720h --what call_made -o csv", s.say("只看调用", "calls alone")),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			from, err := instant(since)
			if err != nil {
				return usageError{"kaohe audit", fmt.Errorf("--since: %w", err)}
			}
			request.Since = timestamppb.New(from)
			records, err := r.listAudit(ctx, request, limit)
			if err != nil {
				return err
			}
			return s.answer(&apiv1.ListAuditResponse{Records: records}, s.auditGrid(records))
		}),
	}
	f := cmd.Flags()
	f.StringVar(&since, "since", since, s.say("从何时起：多久以前（如 24h）、日期或时刻", "from when: how long ago, for example 24h, a date, or an instant"))
	f.StringVar(&request.Who, "who", "", s.say("只看此人：令牌编号、admin、oidc:…", "only of this sender: a token's id, admin, oidc:…"))
	f.StringVar(&request.What, "what", "", s.say("只看此类事件，例如 points_decided、call_made", "only this kind of event, for example points_decided or call_made"))
	f.IntVar(&limit, "limit", 0, s.say("最多几条，0 为全部", "how many at most; 0: all"))
	return s.printing(s.reaching(cmd))
}

// instant reads how long ago, a day of the operator's zone, or an instant.
func instant(text string) (time.Time, error) {
	if ago, err := time.ParseDuration(text); err == nil {
		return time.Now().Add(-ago), nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, operatorZone()); err == nil {
		return day, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("%q is not a duration (24h), a date (2026-03-01) or an instant (2026-03-01T09:00:00+08:00)", text)
	}
	return at, nil
}

// listAudit reads page after page, up to a limit; 0 is none.
func (r *remote) listAudit(ctx context.Context, request *apiv1.ListAuditRequest, limit int) ([]*apiv1.AuditRecord, error) {
	var all []*apiv1.AuditRecord
	for {
		request.PageSize = pageSize
		if limit > 0 {
			request.PageSize = int32(min(pageSize, limit-len(all)))
		}
		page, err := r.audits.ListAudit(ctx, request)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Records...)
		request.PageToken = page.NextPageToken
		if page.NextPageToken == "" || limit > 0 && len(all) >= limit {
			return all, nil
		}
	}
}

func (s *session) auditGrid(records []*apiv1.AuditRecord) grid {
	zone := operatorZone()
	g := grid{columns: []column{
		{name: s.say("接收", "received")}, {name: s.say("谁", "who")}, {name: s.say("名称", "name")}, {name: s.say("写入", "what")},
		{name: s.say("内容", "what it says"), wraps: true}, {name: s.say("来源/编号", "source/id")},
	}}
	for _, a := range records {
		g.add(phrase.Instant(a.At.AsTime(), zone), printable(a.Who), printable(a.Name), s.eventName(a.Event),
			strings.TrimSpace(details(a.Event, zone)), printable(a.Event.GetSource()+"/"+a.Event.GetId()))
	}
	return g
}
