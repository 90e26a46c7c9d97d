package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"kaohe.dev/services/cli/measure"
)

func (s *session) bench() *cobra.Command {
	o := measure.Defaults()
	million := false
	cmd := &cobra.Command{
		Use: "bench", Args: cobra.NoArgs,
		Short: s.say("测量性能，并与裸部件比较", "measure the performance beside the bare parts"),
		Long: s.say("在临时目录启动真实的 kaohe，测量吞吐、延迟、期限准时性和读取速度；能测基准的同时测基准。输出 Markdown 表格。",
			"Starts a real kaohe in a temporary directory and measures throughput, latency, the lateness of deadlines and\n"+
				"reading, each beside a baseline where there is one. Prints a markdown table."),
		Example: s.examples(
			"kaohe bench", s.say("约一两分钟", "a minute or two"),
			"kaohe bench --events 20000 -o json", s.say("较小规模，JSON", "smaller, as JSON"),
			"kaohe bench --million-deadlines", s.say("外加一百万个期限", "a million deadlines as well"),
			"kaohe bench --boston boston311_2015.csv.gz", s.say("以波士顿一年为输入", "the Boston year as the feed")),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if million {
				o.Million = 1_000_000
			}
			return s.measure(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Events, "events", o.Events, s.say("送入多少事件", "events to feed"))
	f.IntVar(&o.Armed, "armed", o.Armed, s.say("另有多少期限待到期", "deadlines armed far away"))
	f.IntVar(&o.Due, "due", o.Due, s.say("多少期限到期", "deadlines that fall due"))
	f.DurationVar(&o.DueOver, "due-over", o.DueOver, s.say("在多长时间内到期", "over how long they fall due"))
	f.IntVar(&o.Latencies, "latencies", o.Latencies, s.say("测多少次入账延迟", "entries whose latency is measured"))
	f.DurationVar(&o.Reading, "reading", o.Reading, s.say("读取测多久", "how long reading is measured"))
	f.StringVar(&o.Boston, "boston", "", s.say("波士顿 311 日志文件", "file of the Boston 311 log"))
	f.BoolVar(&million, "million-deadlines", false, s.say("外加一百万个期限", "arm a million deadlines as well"))
	f.StringVar(&o.Dir, "dir", "", s.say("放临时数据的目录（默认系统临时目录）", "directory of the temporary data (default: the system's)"))
	cmd.AddCommand(s.overload())
	return s.printing(cmd)
}

func (s *session) measure(ctx context.Context, o measure.Options) error {
	if o.Events < 1 || o.Due < 1 || o.Latencies < 1 || o.Armed < 0 || o.Reading <= 0 || o.DueOver <= 0 {
		return usageError{"kaohe bench", errors.New(s.say("规模必须为正", "the sizes must be positive"))}
	}
	dir, err := os.MkdirTemp(o.Dir, "kaohe-bench")
	if err != nil {
		return fmt.Errorf("%s: %w", s.say("建立临时目录", "make a temporary directory"), err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	o.Dir = dir
	steps := &steps{s: s}
	o.Told = steps.told
	figures, err := measure.Run(ctx, o)
	steps.end()
	if err != nil {
		if ctx.Err() != nil {
			return errTold
		}
		return err
	}
	return s.figures(figures)
}

// steps shows the progress of one step after the other.
type steps struct {
	s   *session
	mu  sync.Mutex
	now measure.Text
	bar *progress
}

func (t *steps) told(step measure.Text, done, total int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now != step {
		t.finish()
		label := t.s.say(step.Zh, step.En)
		t.now, t.bar = step, t.s.progress(label, int64(total), false)
		if width(t.s.Err) == 0 {
			t.s.note("%s", label)
		}
	}
	t.bar.set(int64(done))
}

func (t *steps) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.finish()
}

func (t *steps) finish() {
	if t.bar != nil {
		t.bar.done()
		t.bar = nil
	}
}

// figures prints what was measured.
func (s *session) figures(figures []measure.Figure) error {
	g := grid{columns: []column{
		{name: s.say("测量", "what")}, {name: s.say("结果", "figure"), numeric: true}, {name: s.say("单位", "unit")},
		{name: s.say("基准", "baseline"), numeric: true}, {name: s.say("比值", "ratio"), numeric: true}, {name: s.say("基准为", "baseline is")},
	}}
	for _, f := range figures {
		row := []string{s.say(f.What.Zh, f.What.En), amount(f.Value), f.Unit, "", "", ""}
		if f.Against != nil {
			row[3], row[4], row[5] = amount(f.Baseline), fmt.Sprintf("%.2f", f.Ratio), s.say(f.Against.Zh, f.Against.En)
		}
		g.add(row...)
	}
	switch s.format {
	case "csv":
		return s.csv(g)
	case "json":
		encoder := json.NewEncoder(s.Out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(map[string]any{"cpus": runtime.NumCPU(), "go": runtime.Version(), "figures": figures})
	}
	return s.print(markdown(g))
}

// amount shows a figure with three digits that matter.
func amount(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func markdown(g grid) string {
	var head, rule []string
	for _, c := range g.columns {
		head = append(head, c.name)
		if c.numeric {
			rule = append(rule, "---:")
		} else {
			rule = append(rule, "---")
		}
	}
	out := "| " + strings.Join(head, " | ") + " |\n|" + strings.Join(rule, "|") + "|\n"
	for _, row := range g.rows {
		out += "| " + strings.Join(row, " | ") + " |\n"
	}
	return out
}
