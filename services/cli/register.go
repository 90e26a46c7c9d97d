package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
)

// holding gives the last registration that holds on a day; an empty day is
// today or later. What a command line does not say stays as it is there.
func holding(list []*apiv1.Registration, key, day string, of func(*feedv1.Event) string) *feedv1.Event {
	var holds *feedv1.Event
	for _, r := range list {
		if of(r.Event) == key && (day == "" || r.EffectiveFrom <= day) {
			holds = r.Event
		}
	}
	return holds
}

// fromFlag adds the flag that says from when something holds.
func (s *session) fromFlag(cmd *cobra.Command, from *string) {
	cmd.Flags().StringVar(from, "from", "", s.say("从哪天起，例如 2026-04-01（新登记的可不填：一直如此）", "from which date, for example 2026-04-01 (for what is new it may be left out: always)"))
}

func (s *session) registerUnit() *cobra.Command {
	u := &apiv1.RegisterUnitRequest{}
	kind := ""
	cmd := &cobra.Command{
		Use: "unit ID", Args: cobra.ExactArgs(1),
		Short: s.say("登记单位，或从某天起的变化", "register a unit, or what changes from a date on"),
		Long: s.say("登记业务单位。已登记的，未写明的各项保持不变；报修指标随客户数的生效日期。",
			"Registers a business unit. Of one that is registered, what is not said stays as it is. The repair quota follows the\ndate from which its customers hold."),
		Example: s.examples("kaohe registry unit chengqu --name-zh 城区营业部 --kind outlet --customers 20000", "",
			"kaohe registry unit chengqu --customers 30000 --from 2026-04-01", ""),
	}
	f := cmd.Flags()
	f.StringVar(&u.NameZh, "name-zh", "", s.say("中文名称", "name in Chinese"))
	f.StringVar(&u.NameEn, "name-en", "", s.say("英文名称", "name in English"))
	f.StringVar(&kind, "kind", "", s.say("类型：outlet 营业部、contractor 代维公司", "outlet or contractor"))
	f.Int64Var(&u.Customers, "customers", 0, s.say("维护客户总数量", "customers it maintains"))
	f.StringVar(&u.Hall, "hall", "", s.say("营业厅名称（默认与单位同名）", "what its hall is called (default: as the unit)"))
	f.StringVar(&u.HallAddress, "address", "", s.say("营业厅地址", "where its hall is"))
	f.StringVar(&u.Zone, "zone", "", s.say("IANA 时区（默认用规则手册的）", "IANA zone (default: the rulebook's)"))
	s.fromFlag(cmd, &u.EffectiveFrom)
	cmd.RunE = s.asking(func(ctx context.Context, r *remote, args []string) error {
		u.Unit = args[0]
		list, err := r.registry.ListUnitHistory(ctx, &apiv1.ListUnitHistoryRequest{Unit: u.Unit})
		if err != nil {
			return err
		}
		was := holding(list.Registrations, u.Unit, u.EffectiveFrom, func(e *feedv1.Event) string { return e.GetUnitRegistered().GetUnit() }).GetUnitRegistered()
		keep(cmd, "name-zh", &u.NameZh, was.GetNameZh())
		keep(cmd, "name-en", &u.NameEn, was.GetNameEn())
		keep(cmd, "customers", &u.Customers, was.GetCustomers())
		keep(cmd, "hall", &u.Hall, was.GetHall())
		keep(cmd, "address", &u.HallAddress, was.GetHallAddress())
		keep(cmd, "zone", &u.Zone, was.GetZone())
		switch u.Kind = was.GetKind(); kind {
		case "":
		case "outlet", "contractor":
			u.Kind = map[string]feedv1.UnitKind{"outlet": feedv1.UnitKind_UNIT_KIND_OUTLET, "contractor": feedv1.UnitKind_UNIT_KIND_CONTRACTOR}[kind]
		default:
			return usageError{cmd.CommandPath(), fmt.Errorf("--kind %q: %s", kind, s.say("请选 outlet 或 contractor", "choose outlet or contractor"))}
		}
		made, err := r.registry.RegisterUnit(ctx, u)
		if err != nil {
			return err
		}
		return s.answer(made, s.unitGrid([]*apiv1.Registration{made}))
	})
	return s.printing(s.reaching(cmd))
}

// keep keeps a value that the command line does not say.
func keep[T any](cmd *cobra.Command, flag string, value *T, was T) {
	if !cmd.Flags().Changed(flag) {
		*value = was
	}
}

func (s *session) registerAgent() *cobra.Command {
	a := &apiv1.RegisterAgentRequest{}
	cmd := &cobra.Command{
		Use: "agent ID", Args: cobra.ExactArgs(1),
		Short: s.say("登记客服人员，或从某天起的变化", "register an agent, or what changes from a date on"),
		Long:  s.say("登记客服人员。已登记的，未写明的各项保持不变。", "Registers an agent. Of one who is registered, what is not said stays as it is."),
		Example: s.examples("kaohe registry agent 8001 --name 李静 --unit chengqu --team 一班", "",
			"kaohe registry agent 8001 --left --from 2026-06-01", s.say("离职", "he leaves")),
	}
	f := cmd.Flags()
	f.StringVar(&a.Name, "name", "", s.say("姓名", "the name"))
	f.StringVar(&a.Unit, "unit", "", s.say("业务单位（空为客服中心）", "the business unit (empty: the call centre itself)"))
	f.StringVar(&a.Team, "team", "", s.say("班组", "the team"))
	f.BoolVar(&a.Left, "left", false, s.say("离职", "works there no more"))
	s.fromFlag(cmd, &a.EffectiveFrom)
	cmd.RunE = s.asking(func(ctx context.Context, r *remote, args []string) error {
		a.Agent = args[0]
		list, err := r.registry.ListAgents(ctx, &apiv1.ListAgentsRequest{History: true})
		if err != nil {
			return err
		}
		was := holding(list.Registrations, a.Agent, a.EffectiveFrom, func(e *feedv1.Event) string { return e.GetAgentRegistered().GetAgent() }).GetAgentRegistered()
		keep(cmd, "name", &a.Name, was.GetName())
		keep(cmd, "unit", &a.Unit, was.GetUnit())
		keep(cmd, "team", &a.Team, was.GetTeam())
		keep(cmd, "left", &a.Left, was.GetLeft())
		made, err := r.registry.RegisterAgent(ctx, a)
		if err != nil {
			return err
		}
		return s.answer(made, s.agentGrid([]*apiv1.Registration{made}))
	})
	return s.printing(s.reaching(cmd))
}

func (s *session) registerManager() *cobra.Command {
	m := &apiv1.RegisterHallManagerRequest{}
	cmd := &cobra.Command{
		Use: "manager UNIT [PERSON]", Args: cobra.RangeArgs(1, 2),
		Short: s.say("登记营业厅主任", "register who manages a hall"),
		Long:  s.say("登记从某天起谁管理营业厅；不写姓名表示无人。", "Registers who manages a unit's hall from a date on; without a name, nobody does."),
		Example: s.examples("kaohe registry manager chengqu 赵敏", "",
			"kaohe registry manager chengqu 孙丽 --from 2026-05-01", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			m.Unit = args[0]
			if len(args) > 1 {
				m.Person = args[1]
			}
			made, err := r.registry.RegisterHallManager(ctx, m)
			if err != nil {
				return err
			}
			return s.answer(made, s.managerGrid([]*apiv1.Registration{made}))
		}),
	}
	s.fromFlag(cmd, &m.EffectiveFrom)
	return s.printing(s.reaching(cmd))
}
