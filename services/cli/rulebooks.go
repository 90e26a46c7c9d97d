package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/rulebook"
)

func (s *session) rulebookList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Args: cobra.NoArgs,
		Short:   s.say("已发布的规则版本", "the published versions"),
		Long:    s.say("列出已发布的规则版本及其适用月份。", "Lists the published versions and the months they are in force."),
		Example: s.examples("kaohe rulebook list", "", "kaohe rulebook list -o json", ""),
		RunE: s.asking(func(ctx context.Context, r *remote, _ []string) error {
			list, err := r.books.ListRulebooks(ctx, &apiv1.ListRulebooksRequest{})
			if err != nil {
				return err
			}
			g := grid{columns: []column{
				{name: s.say("版本", "version")}, {name: s.say("自", "from")}, {name: s.say("至", "to")}, {name: s.say("适用单位", "units"), wraps: true},
				{name: s.say("规则数", "rules"), numeric: true}, {name: s.say("时区", "zone")}, {name: s.say("名称", "title"), wraps: true},
			}}
			for _, b := range list.Rulebooks {
				last := b.LastMonth
				if b.Replaced {
					last = s.say("已被替换", "replaced")
				}
				g.add(printable(b.Version), b.EffectiveMonth, last, s.inForceFor(b.Units), strconv.Itoa(int(b.Rules)), b.Zone, s.text(b.Title))
			}
			return s.answer(list, g)
		}),
	}
	return s.printing(s.reaching(cmd))
}

// inForceFor names the units of a rulebook.
func (s *session) inForceFor(units []string) string {
	if len(units) == 0 {
		return s.say("所有", "all")
	}
	return printable(strings.Join(units, ", "))
}

func (s *session) rulebookShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show [VERSION]", Args: cobra.MaximumNArgs(1),
		Short: s.say("显示规则的 YAML：默认的或已发布的版本", "the YAML of the default, or of a published version"),
		Long: s.say("输出规则的 YAML，可复制修改。不给 VERSION 则为默认的 96766 规则，不需要运行中的 kaohe。",
			"Prints the YAML of a rulebook, to copy and change. Without VERSION it is the default, the 96766 rulebook,\nfor which no kaohe need be running."),
		Example: s.examples("kaohe rulebook show > rules.yaml", s.say("作为自己的起点", "a start for your own"), "kaohe rulebook show 96766-2", ""),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return s.print(string(rulebook.DefaultSource()))
		}
		return s.asking(func(ctx context.Context, r *remote, args []string) error {
			book, err := r.books.GetRulebook(ctx, &apiv1.GetRulebookRequest{Version: args[0]})
			if err != nil {
				return err
			}
			return s.print(book.Yaml)
		})(cmd, args)
	}
	return s.reaching(cmd)
}

func (s *session) rulebookDiff() *cobra.Command {
	cmd := &cobra.Command{
		Use: "diff OLD NEW", Args: cobra.ExactArgs(2),
		Short: s.say("两个规则之间改了什么", "what changes from one rulebook to another"),
		Long: s.say("用文字逐条说明从 OLD 到 NEW 的变化：规则、分值、时限、项目、指标、日历。OLD 和 NEW 是文件，或已发布的版本（需有\n运行中的 kaohe）。",
			"Tells in words, one by one, what changes from OLD to NEW: rules, points, limits, items, quota, calendars. OLD\nand NEW are files, or published versions, for which a kaohe must be running."),
		Example: s.examples("kaohe rulebook diff old.yaml new.yaml", "", "kaohe rulebook diff 96766-1 new.yaml", s.say("与已发布的版本比较", "from a published version")),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var books [2]*rulebook.Rulebook
		for i, named := range args {
			var err error
			if books[i], err = s.rulebookNamed(cmd.Context(), named); err != nil {
				return err
			}
		}
		found, err := rulebook.Diff(books[0], books[1])
		if err != nil {
			return err
		}
		return s.differences(books[0], books[1], found)
	}
	return s.printing(s.reaching(cmd))
}

// rulebookNamed reads a file or, where there is none, asks for a published
// version.
func (s *session) rulebookNamed(ctx context.Context, named string) (*rulebook.Rulebook, error) {
	raw, err := s.read(named)
	if errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(named, `/\`) && !strings.HasSuffix(named, ".yaml") {
		if raw, err = s.publishedYAML(ctx, named); err != nil {
			return nil, fmt.Errorf(s.say("没有文件 %q，作为已发布的版本：%w", "there is no file %q; as a published version: %w"), named, err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.say("读取规则", "read the rulebook"), err)
	}
	book, err := rulebook.Load("", raw)
	var wrong *rulebook.CheckError
	if errors.As(err, &wrong) {
		if _, err := s.problemsOf(named, raw); err != nil {
			return nil, err
		}
		return nil, errTold
	}
	return book, err
}

func (s *session) publishedYAML(ctx context.Context, version string) ([]byte, error) {
	ctx, r, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer r.close()
	book, err := r.books.GetRulebook(ctx, &apiv1.GetRulebookRequest{Version: version})
	if err != nil {
		return nil, errors.New(s.explained(err).Error())
	}
	return []byte(book.Yaml), nil
}

// differences prints what changes, and for whom.
func (s *session) differences(before, after *rulebook.Rulebook, found []rulebook.Difference) error {
	answer := &apiv1.DiffRulebooksResponse{}
	g := grid{columns: []column{
		{name: s.say("变化", "kind")}, {name: s.say("影响得分", "scores")}, {name: s.say("位置", "path")},
		{name: s.say("原", "old")}, {name: s.say("新", "new")}, {name: s.say("说明", "what")},
	}}
	lines, scoring := "", 0
	for _, d := range found {
		answer.Differences = append(answer.Differences, &apiv1.RulebookDifference{
			Kind: d.Kind, Path: d.Path, Old: d.Old, New: d.New, Scores: d.Scores, For: d.For, Text: d.Text.Proto(),
		})
		said := printable(s.say(d.Text.Zh, d.Text.En)) + s.kindsOf(d.For)
		g.add(d.Kind, strconv.FormatBool(d.Scores), printable(d.Path), printable(d.Old), printable(d.New), said)
		colours := map[string]colour{rulebook.Added: green, rulebook.Removed: red, rulebook.Changed: yellow}
		mark := map[string]string{rulebook.Added: "+ ", rulebook.Removed: "- ", rulebook.Changed: "~ "}[d.Kind]
		if d.Scores {
			scoring++
			mark = s.paint(colours[d.Kind], mark)
		} else {
			mark, said = s.paint(faint, mark), s.paint(faint, said)
		}
		lines += mark + said + "\n"
	}
	if s.format != "table" {
		return s.answer(answer, g)
	}
	return s.print(s.whom(before, after, len(found), scoring) + lines)
}

// kindsOf names the kinds of units that a change is for; nothing for all.
func (s *session) kindsOf(kinds []feedv1.UnitKind) string {
	var names []string
	for _, kind := range kinds {
		names = append(names, s.unitKind(kind))
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf(s.say("（仅%s）", " (only: %s)"), strings.Join(names, s.say("、", ", ")))
}

// whom says how much changes, and from when on.
func (s *session) whom(before, after *rulebook.Rulebook, all, scoring int) string {
	title := s.paint(bold, printable(before.Version)+" → "+printable(after.Version)) + "\n"
	if all == 0 {
		return title + s.say("没有变化\n", "nothing changes\n")
	}
	return title + fmt.Sprintf(s.say("%[1]d 处变化，其中 %[2]d 处可能影响得分；自 %[3]s 起；未注明者适用于全部业务单位\n",
		"%[1]d changes, %[2]d of which can change a score; from %[3]s on, and for all business units unless they say otherwise\n"),
		all, scoring, after.EffectiveMonth)
}
