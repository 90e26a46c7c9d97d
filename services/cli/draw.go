package cli

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	"kaohe.dev/services/draw"
	"kaohe.dev/services/phrase"
)

func (s *session) draw() *cobra.Command {
	var month, seed string
	halls := 1
	cmd := &cobra.Command{
		Use: "draw", Args: cobra.NoArgs,
		Short: s.say("抽取要检查的营业厅", "draw halls to inspect, unannounced"),
		Long: s.say("从当月全部营业厅中随机抽取，连同种子和名单记入日志；任何人都可以凭此重抽核对。没有营业厅的单位（代维公司）不参加。",
			"Draws from all halls of a month by chance and records seed and list in the log, so that anybody can draw again and\n"+
				"compare. A unit without a hall (a contractor) is never drawn."),
		Example: s.examples("kaohe draw --month 2026-03 --halls 3", "", "kaohe draw list --month 2026-03", "",
			"kaohe draw verify ID", s.say("凭种子和名单重抽", "draw again from seed and list")),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			made, err := r.draws.DrawHalls(ctx, &apiv1.DrawHallsRequest{Month: month, Halls: int32(halls), Seed: seed}) //nolint:gosec // the contract bounds it
			if err != nil {
				return err
			}
			return s.answer(made, s.drawGrid([]*apiv1.Draw{made}))
		}),
	}
	s.monthFlag(cmd, &month)
	cmd.Flags().IntVar(&halls, "halls", halls, s.say("抽几个", "how many"))
	cmd.Flags().StringVar(&seed, "seed", "", s.say("种子（默认随机，也应如此；指定会被记录）", "the seed (default: chance, as it should be; that it was chosen is recorded)"))
	cmd.AddCommand(s.drawList(), s.drawVerify())
	return s.printing(s.reaching(cmd))
}

func (s *session) drawList() *cobra.Command {
	var month string
	short := s.say("一个月的抽取", "the draws of a month")
	cmd := &cobra.Command{
		Use: "list", Args: cobra.NoArgs, Short: short, Long: short,
		Example: s.examples("kaohe draw list --month 2026-03", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			list, err := r.draws.ListDraws(ctx, &apiv1.ListDrawsRequest{Month: month})
			if err != nil {
				return err
			}
			return s.answer(list, s.drawGrid(list.Draws))
		}),
	}
	s.monthFlag(cmd, &month)
	return s.printing(s.reaching(cmd))
}

func (s *session) drawVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify ID", Args: cobra.ExactArgs(1),
		Short: s.say("凭种子和名单重抽核对", "draw again from seed and list, and compare"),
		Long: s.say("在本机凭记录的种子和名单重抽，并查名单是否遗漏当时已登记的营业厅。不符则退出码非零。",
			"Draws again on this machine from what was recorded, and looks whether the list left out a hall that was registered\nthen. The exit code tells whether it holds."),
		Example: s.examples("kaohe draw verify draw-7Q0ZP4", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, args []string) error {
			found, err := r.draws.GetDraw(ctx, &apiv1.GetDrawRequest{Draw: args[0]})
			if err != nil {
				return err
			}
			// What the server says of it is not taken on trust.
			found.Again = draw.Draw(found.Drawn.Seed, found.Drawn.Eligible, len(found.Drawn.Drawn))
			found.Holds = found.Holds && slices.Equal(found.Again, found.Drawn.Drawn)
			if err := s.answer(found, s.drawGrid([]*apiv1.Draw{found})); err != nil {
				return err
			}
			if !found.Holds {
				s.note(s.say("不符：重抽得到 %s；遗漏 %s", "it does not hold: drawn again it is %s; left out: %s"),
					printable(strings.Join(found.Again, ", ")), printable(firstOf(strings.Join(found.LeftOut, ", "), "—")))
				return errTold
			}
			return nil
		}),
	}
	return s.printing(s.reaching(cmd))
}

func (s *session) drawGrid(draws []*apiv1.Draw) grid {
	g := grid{columns: []column{
		{name: s.say("时间", "at")}, {name: s.say("月份", "month")}, {name: s.say("抽中", "drawn"), wraps: true}, {name: s.say("候选", "of"), numeric: true},
		{name: s.say("种子", "seed")}, {name: s.say("抽取人", "by")}, {name: s.say("核对", "check")}, {name: s.say("编号", "id")},
	}}
	for _, d := range draws {
		check := s.paint(red, s.say("不符", "DOES NOT HOLD"))
		if d.Holds {
			check = s.say("相符", "holds")
		}
		seed := printable(d.Drawn.Seed)
		if d.Drawn.SeedChosen {
			seed += s.say("（指定）", " (chosen)")
		}
		g.add(phrase.Instant(d.At.AsTime(), operatorZone()), d.Drawn.Month, printable(strings.Join(d.Drawn.Drawn, ", ")), strconv.Itoa(len(d.Drawn.Eligible)),
			seed, printable(d.Drawn.Person), check, printable(d.Drawn.Draw))
	}
	return g
}
