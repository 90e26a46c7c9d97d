package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	contractv1 "kaohe.dev/proto/gen/kaohe/contract/v1"
)

// role is a role's name on the command line and on the screen.
func role(r contractv1.Role) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(r.String(), "ROLE_")), "_", "-")
}

func roles() []string {
	var names []string
	for i := range len(contractv1.Role_name) - 1 {
		names = append(names, role(contractv1.Role(i+1)))
	}
	return names
}

func (s *session) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Args: cobra.NoArgs,
		Short: s.say("发放、查看、吊销令牌", "make, list and revoke access tokens"),
		Long: s.say("令牌各有角色：feed 送事件，unit-manager 只看本单位，assessor 和 committee 看全部并定分，operations 运维，administrator 不限。",
			"A token has a role: feed pushes events, a unit-manager reads his own units, assessor and committee read everything\n"+
				"and set points, operations looks after the system, an administrator may do everything."),
		Example: s.examples(
			"kaohe token create --role feed --name 96766", "",
			"kaohe token create --role unit-manager --unit chengqu --name 城区 --expires 2160h", "",
			"kaohe token list", "", "kaohe token revoke ID", ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.tokenCreate(), s.tokenList(), s.tokenRevoke())
	return cmd
}

func (s *session) tokenCreate() *cobra.Command {
	var name, as string
	var units []string
	var expires time.Duration
	var speaks bool
	cmd := &cobra.Command{
		Use: "create", Args: cobra.NoArgs,
		Short: s.say("发放令牌，只显示这一次", "make a token; it is shown this once"),
		Long: s.say("发放令牌并输出它本身。系统只保存其散列，之后无法再次显示。",
			"Makes a token and prints it. Only its hash is kept, so it cannot be shown again."),
		Example: s.examples("kaohe token create --role feed --name 96766 > feed.token", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			request := &apiv1.CreateTokenRequest{Name: name, Units: units, SpeaksForPersons: speaks}
			for i := range contractv1.Role_name {
				if i > 0 && role(contractv1.Role(i)) == as {
					request.Role = contractv1.Role(i)
				}
			}
			if request.Role == 0 {
				return usageError{"kaohe token create", fmt.Errorf("--role %q: %s %s", as, s.say("请选", "choose from"), strings.Join(roles(), ", "))}
			}
			if expires > 0 {
				request.ExpiresAt = timestamppb.New(time.Now().Add(expires))
			}
			answer, err := r.tokens.CreateToken(ctx, request)
			if err != nil {
				return err
			}
			s.note(s.say("编号 %s，只显示这一次：", "id %s, shown this once:"), answer.Token.Id)
			return s.print(answer.Secret + "\n")
		}),
	}
	f := cmd.Flags()
	f.StringVar(&name, "name", "", s.say("名称，例如由谁使用", "a name for people, for example whose it is"))
	f.StringVar(&as, "role", "", s.say("角色：", "role: ")+strings.Join(roles(), ", "))
	f.StringSliceVar(&units, "unit", nil, s.say("业务单位（unit-manager），可多个", "units of a unit-manager"))
	f.DurationVar(&expires, "expires", 0, s.say("多久后失效，例如 2160h（默认不失效）", "how long it holds, for example 2160h (default: for good)"))
	f.BoolVar(&speaks, "speaks-for-persons", false, s.say("可代人员提出和决定，用于人员登录的其他系统的服务账号；审计记录两者",
		"may name other persons as those who propose and decide: for the service account of a system that people sign in to; the audit trail shows both"))
	return s.reaching(cmd)
}

func (s *session) tokenList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Args: cobra.NoArgs,
		Short:   s.say("列出令牌", "list the tokens"),
		Long:    s.say("列出全部令牌，含已失效和已吊销的；令牌本身不显示。", "Lists all tokens, expired and revoked ones too; never the tokens themselves."),
		Example: s.examples("kaohe token list", "", "kaohe token list -o json", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			answer, err := r.tokens.ListTokens(ctx, &apiv1.ListTokensRequest{})
			if err != nil {
				return err
			}
			g := grid{columns: []column{
				{name: s.say("编号", "id")}, {name: s.say("名称", "name")}, {name: s.say("角色", "role")}, {name: s.say("单位", "units")},
				{name: s.say("发放", "made")}, {name: s.say("状态", "state")},
			}}
			for _, t := range answer.Tokens {
				g.add(t.Id, printable(t.Name), s.roleOf(t), strings.Join(t.Units, ", "), day(t.CreatedAt), s.tokenState(t))
			}
			return s.answer(answer, g)
		}),
	}
	return s.printing(s.reaching(cmd))
}

// roleOf is what a token may do, in short.
func (s *session) roleOf(t *apiv1.Token) string {
	if t.SpeaksForPersons {
		return role(t.Role) + s.say("（可代人员）", " (speaks for persons)")
	}
	return role(t.Role)
}

func day(t *timestamppb.Timestamp) string { return t.AsTime().Local().Format("2006-01-02 15:04") }

func (s *session) tokenState(t *apiv1.Token) string {
	switch {
	case t.RevokedAt != nil:
		return s.say("已吊销 ", "revoked ") + day(t.RevokedAt)
	case t.ExpiresAt == nil:
		return s.say("有效", "holds")
	case t.ExpiresAt.AsTime().Before(time.Now()):
		return s.say("已失效 ", "expired ") + day(t.ExpiresAt)
	}
	return s.say("有效至 ", "holds until ") + day(t.ExpiresAt)
}

func (s *session) tokenRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use: "revoke ID", Args: cobra.ExactArgs(1),
		Short:   s.say("吊销令牌", "revoke a token"),
		Long:    s.say("吊销令牌，各网关一秒内生效。编号见 kaohe token list。", "Revokes a token, on every gateway within a second. kaohe token list shows the ids."),
		Example: s.examples("kaohe token revoke yJ2mKQ0V8mZ0o3Wl5o3yXk", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			token, err := r.tokens.RevokeToken(ctx, &apiv1.RevokeTokenRequest{Id: args[0]})
			if err != nil {
				return err
			}
			s.note(s.say("已吊销 %s（%s）", "revoked %s (%s)"), token.Id, printable(token.Name))
			return nil
		}),
	}
	return s.reaching(cmd)
}
