package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/phrase"
)

func (s *session) registry() *cobra.Command {
	cmd := &cobra.Command{
		Use: "registry", Args: cobra.NoArgs,
		Short: s.say("登记单位、客服人员、营业厅主任；导入", "register units, agents and hall managers; import them"),
		Long: s.say("登记都从某一天起生效，旧的保留不改；已关账的月份不能再变。承诺时限和工作日历随规则手册发布而改变（kaohe rulebook publish），此处只供查看。",
			"Whatever is registered holds from a date on and overwrites nothing; a closed month does not change any more.\n"+
				"Commitment classes and calendars are shown here and change with the rulebook (kaohe rulebook publish)."),
		Example: s.examples(
			"kaohe registry template registry.xlsx", s.say("要填写的工作簿", "the workbook to fill in"),
			"kaohe registry import registry.xlsx", s.say("只预览", "tells what would change"),
			"kaohe registry import registry.xlsx --yes", s.say("写入，全部或全不", "does it, all or nothing"),
			"kaohe registry unit chengqu --customers 30000 --from 2026-04-01", "",
			"kaohe registry units --unit chengqu", s.say("谁在何时登记了什么", "who registered what, from when")),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.registryImport(), s.registryTemplate(), s.registerUnit(), s.registerAgent(), s.registerManager(),
		s.registryUnits(), s.registryAgents(), s.registryManagers(), s.commitments(), s.workingCalendar())
	return cmd
}

// listing is a command that lists what is registered, of one unit if asked.
func (s *session) listing(use, short string, list func(context.Context, *remote, string) error) *cobra.Command {
	var unit string
	cmd := &cobra.Command{
		Use: use, Args: cobra.NoArgs, Short: short, Long: short,
		Example: s.examples("kaohe registry "+use+" --unit chengqu", ""),
		RunE:    s.asking(func(ctx context.Context, r *remote, _ []string) error { return list(ctx, r, unit) }),
	}
	cmd.Flags().StringVar(&unit, "unit", "", s.say("只看这个单位", "only this unit"))
	return s.printing(s.reaching(cmd))
}

func (s *session) registryUnits() *cobra.Command {
	return s.listing("units", s.say("单位的登记历史", "what was registered of units, and when"), func(ctx context.Context, r *remote, unit string) error {
		list, err := r.registry.ListUnitHistory(ctx, &apiv1.ListUnitHistoryRequest{Unit: unit})
		if err != nil {
			return err
		}
		return s.answer(list, s.unitGrid(list.Registrations))
	})
}

func (s *session) unitGrid(list []*apiv1.Registration) grid {
	return s.registered(list, []string{s.say("单位", "unit"), s.say("名称", "name"), s.say("类型", "kind"), s.say("客户数", "customers"), s.say("营业厅", "hall"), s.say("地址", "address")},
		func(r *apiv1.Registration) []string {
			u := r.Event.GetUnitRegistered()
			name := u.GetNameZh()
			if s.lang == "en" {
				name = firstOf(u.GetNameEn(), name)
			}
			return []string{u.GetUnit(), name, s.unitKind(u.GetKind()), strconv.FormatInt(u.GetCustomers(), 10), u.GetHall(), u.GetHallAddress()}
		})
}

func (s *session) registryAgents() *cobra.Command {
	var at string
	var history bool
	cmd := s.listing("agents", s.say("客服人员，或其登记历史", "the agents, or all that was registered of them"), func(ctx context.Context, r *remote, unit string) error {
		request := &apiv1.ListAgentsRequest{Unit: unit, History: history}
		if at != "" {
			day, err := time.ParseInLocation(time.DateOnly, at, operatorZone())
			if err != nil {
				return usageError{"kaohe registry agents", fmt.Errorf("--at %q: %s", at, s.say("请写成 2026-03-01", "write it as 2026-03-01"))}
			}
			request.At = timestamppb.New(day)
		}
		list, err := r.registry.ListAgents(ctx, request)
		if err != nil {
			return err
		}
		return s.answer(list, s.agentGrid(list.Registrations))
	})
	cmd.Flags().StringVar(&at, "at", "", s.say("某一天的情况（默认今天）", "as of this day (default: now)"))
	cmd.Flags().BoolVar(&history, "history", false, s.say("列出全部登记", "all that was registered"))
	return cmd
}

func (s *session) agentGrid(list []*apiv1.Registration) grid {
	return s.registered(list, []string{s.say("工号", "agent"), s.say("姓名", "name"), s.say("单位", "unit"), s.say("班组", "team"), s.say("离职", "left")},
		func(r *apiv1.Registration) []string {
			a := r.Event.GetAgentRegistered()
			left := ""
			if a.GetLeft() {
				left = s.say("是", "yes")
			}
			return []string{a.GetAgent(), a.GetName(), a.GetUnit(), a.GetTeam(), left}
		})
}

func (s *session) registryManagers() *cobra.Command {
	return s.listing("managers", s.say("营业厅主任的登记历史", "who manages the halls, and since when"), func(ctx context.Context, r *remote, unit string) error {
		list, err := r.registry.ListHallManagers(ctx, &apiv1.ListHallManagersRequest{Unit: unit})
		if err != nil {
			return err
		}
		return s.answer(list, s.managerGrid(list.Registrations))
	})
}

func (s *session) managerGrid(list []*apiv1.Registration) grid {
	return s.registered(list, []string{s.say("单位", "unit"), s.say("营业厅主任", "manager")}, func(r *apiv1.Registration) []string {
		m := r.Event.GetHallManagerRegistered()
		return []string{m.GetUnit(), firstOf(m.GetPerson(), s.say("（无）", "(nobody)"))}
	})
}

// registered is a table of registrations: what, from when, by whom.
func (s *session) registered(list []*apiv1.Registration, columns []string, cells func(*apiv1.Registration) []string) grid {
	g := grid{}
	for _, name := range append(columns, s.say("生效", "from"), s.say("登记时间", "registered"), s.say("登记人", "by")) {
		g.columns = append(g.columns, column{name: name})
	}
	for _, r := range list {
		row := cells(r)
		for i := range row {
			row[i] = printable(row[i])
		}
		from := firstOf(r.EffectiveFrom, s.say("一直", "always"))
		if r.Replaced {
			from += s.say("（已被取代）", " (replaced)")
		}
		g.add(append(row, from, phrase.Instant(r.Event.OccurredAt.AsTime(), operatorZone()), printable(r.By))...)
	}
	return g
}

func (s *session) commitments() *cobra.Command {
	return s.listing("commitments", s.say("服务承诺时限（由规则手册规定）", "the commitment classes of the rulebook in force"), func(ctx context.Context, r *remote, unit string) error {
		list, err := r.registry.ListCommitments(ctx, &apiv1.ListCommitmentsRequest{Unit: unit})
		if err != nil {
			return err
		}
		g := grid{columns: []column{
			{name: s.say("承诺", "class")}, {name: s.say("名称", "name")}, {name: s.say("时限", "within"), numeric: true}, {name: s.say("日历", "calendar")},
			{name: s.say("条款", "clause")}, {name: s.say("依据", "basis")}, {name: s.say("规则版本", "rulebook")},
		}}
		for _, c := range list.Commitments {
			g.add(printable(c.Class), s.text(c.Label), c.Within.AsDuration().String(), firstOf(c.Calendar, s.say("自然时间", "every hour")), c.Clause, c.Basis, list.RulebookVersion)
		}
		return s.answer(list, g)
	})
}

func (s *session) workingCalendar() *cobra.Command {
	var year int
	short := s.say("一年的工作日及时段（由规则手册规定）", "the working days of a year and their hours, as the rulebook has them")
	cmd := &cobra.Command{
		Use: "calendar NAME", Args: cobra.ExactArgs(1), Short: short, Long: short,
		Example: s.examples("kaohe registry calendar cn --year 2026", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			c, err := r.registry.GetCalendar(ctx, &apiv1.GetCalendarRequest{Name: args[0], Year: int32(year)}) //nolint:gosec // the contract bounds it
			if err != nil {
				return err
			}
			g := grid{columns: []column{{name: s.say("日期", "date")}, {name: s.say("时段（", "hours (") + c.Zone + s.say("）", ")")}}}
			for _, day := range c.Days {
				hours := ""
				for _, h := range day.Hours {
					hours += h + " "
				}
				g.add(day.Date, hours)
			}
			return s.answer(c, g)
		}),
	}
	cmd.Flags().IntVar(&year, "year", 0, s.say("年份（默认今年）", "the year (default: this one)"))
	return s.printing(s.reaching(cmd))
}
