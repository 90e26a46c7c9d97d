package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"kaohe.dev/services/cli/overload"
)

func (s *session) overload() *cobra.Command {
	o := overload.Defaults()
	cmd := &cobra.Command{
		Use: "overload", Args: cobra.NoArgs,
		Short: s.say("过载时的表现：受理、拒绝、延迟、内存", "what becomes of more than can be carried"),
		Long: s.say("另起一个 kaohe 进程并限制内存，由数个客户端（其中一个洪泛）分级送入其承载量的 0.5 至 4 倍，\n测量送入、受理、拒绝、受理者的延迟和内存，最后等待全部判定。",
			"Starts a kaohe in a process of its own with a memory limit and offers it, in steps, from half to four times what it\n"+
				"can carry, from several clients of which one floods: what is offered, carried and refused, how long the admitted\n"+
				"wait, and the memory. In the end it waits until all is decided."),
		Example: s.examples("kaohe bench overload", s.say("约两分钟", "about two minutes"),
			"kaohe bench overload --memory 512MiB -o json", ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return s.overloaded(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.Memory, "memory", o.Memory, s.say("被测进程的 GOMEMLIMIT", "GOMEMLIMIT of the process that is measured"))
	f.DurationVar(&o.Step, "step", o.Step, s.say("每级持续多久", "how long each load is offered"))
	f.Float64SliceVar(&o.Shares, "shares", o.Shares, s.say("各级负载，承载量的倍数", "the loads, in parts of what can be carried"))
	f.StringVar(&o.Dir, "dir", "", s.say("放临时数据的目录（默认系统临时目录）", "directory of the temporary data (default: the system's)"))
	return s.printing(cmd)
}

func (s *session) overloaded(ctx context.Context, o overload.Options) (err error) {
	if o.Step <= 0 || len(o.Shares) == 0 {
		return usageError{"kaohe bench overload", errors.New(s.say("时长和倍数必须为正", "give a time and loads"))}
	}
	if o.Program, err = os.Executable(); err != nil {
		return fmt.Errorf("%s: %w", s.say("找不到自身程序", "find this program"), err)
	}
	if o.Dir, err = os.MkdirTemp(o.Dir, "kaohe-overload"); err != nil {
		return fmt.Errorf("%s: %w", s.say("建立临时目录", "make a temporary directory"), err)
	}
	defer func() { _ = os.RemoveAll(o.Dir) }()
	o.Told = func(step, steps int) { s.note(s.say("第 %d 级，共 %d 级", "load %d of %d"), step, steps) }
	r, err := overload.Run(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			return errTold
		}
		return err
	}
	return s.curve(r)
}

// curve prints a load curve.
func (s *session) curve(r *overload.Result) error {
	g := grid{columns: []column{
		{name: s.say("倍数", "load"), numeric: true}, {name: s.say("送入/秒", "offered/s"), numeric: true},
		{name: s.say("受理/秒", "carried/s"), numeric: true}, {name: s.say("拒绝/秒", "refused/s"), numeric: true},
		{name: s.say("洪泛者 p50/p99 毫秒", "flood p50/p99 ms"), numeric: true}, {name: s.say("其他 p50/p99 毫秒", "others p50/p99 ms"), numeric: true},
		{name: s.say("其他被拒", "others refused"), numeric: true}, {name: s.say("内存 MiB", "memory MiB"), numeric: true},
	}}
	times := func(c overload.Clients) string { return amount(c.P50) + " / " + amount(c.P99) }
	for _, p := range r.Points {
		g.add(fmt.Sprintf("%.1f", p.Share), amount(p.Offered), amount(p.Carried), amount(p.Refused), times(p.Flood), times(p.Others),
			fmt.Sprintf("%d / %d", p.Others.Refused, p.Others.Pushes), amount(p.Memory))
	}
	switch s.format {
	case "csv":
		return s.csv(g)
	case "json":
		encoder := json.NewEncoder(s.Out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	return s.print(markdown(g) + fmt.Sprintf(s.say("\n承载 %.0f 件/秒，GOMEMLIMIT %s；%d 件在 %.1f 秒后全部判定，之后单件 p99 %.1f 毫秒\n",
		"\nit carries %.0f events/s with GOMEMLIMIT %s; all %d events were decided after %.1f s, single pushes then take %.1f ms at p99\n"),
		r.Carries, r.Limit, r.Events, r.Drained, r.Recovered))
}
