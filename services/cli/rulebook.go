package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"kaohe.dev/services/rulebook"
)

func (s *session) rulebook() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rulebook", Args: cobra.NoArgs,
		Short:   s.say("检查或显示考核规则", "check or show a rulebook"),
		Long:    s.say("规则是一个 YAML 文件：项目、分值、条款和条件。", "A rulebook is a YAML file: items, points, clauses and conditions."),
		Example: s.examples("kaohe rulebook check rules.yaml", "", "kaohe rulebook show > rules.yaml", ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.rulebookCheck(), s.rulebookShow())
	return cmd
}

func (s *session) rulebookCheck() *cobra.Command {
	return &cobra.Command{
		Use: "check FILE…", Args: cobra.MinimumNArgs(1),
		Short: s.say("检查规则文件：哪一行、什么问题、怎么改", "check rulebooks: which line, what is wrong, what to do"),
		Long: s.say("列出规则文件的全部问题，附行、列和改法。有错误则退出码 1，仅有提醒则为 0。FILE 为 - 时读标准输入。",
			"Lists all that is wrong with rulebooks, with line, column and remedy. The exit code is 1 when one cannot be\nused; warnings alone give 0. The file - is standard input."),
		Example: s.examples("kaohe rulebook check rules.yaml", "", "kaohe rulebook show | kaohe rulebook check -", s.say("默认规则的提醒", "what to know of the default")),
		RunE: func(_ *cobra.Command, names []string) error {
			failed := false
			for _, name := range names {
				wrong, err := s.checkRulebook(name)
				if err != nil {
					return err
				}
				failed = failed || wrong
			}
			if failed {
				return errTold
			}
			return nil
		},
	}
}

// checkRulebook prints what is wrong with a file, and whether it cannot be used.
func (s *session) checkRulebook(name string) (bool, error) {
	raw, err := s.read(name)
	if err != nil {
		return false, fmt.Errorf("%s: %w", s.say("读取规则", "read the rulebook"), err)
	}
	failed := false
	for _, p := range rulebook.Check(raw) {
		paint := yellow
		if !p.Warning {
			failed, paint = true, red
		}
		if err := s.print(name + ": " + s.paint(paint, printable(s.say(p.Zh(), p.String()))) + "\n"); err != nil {
			return failed, err
		}
	}
	if failed {
		return true, s.print(name + ": " + s.say("不能使用\n", "it cannot be used\n"))
	}
	return false, s.print(name + ": " + s.paint(green, s.say("可以使用", "it can be used")) + "\n")
}

// read reads a file, or standard input for "-".
func (s *session) read(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(s.In)
	}
	return os.ReadFile(name)
}

func (s *session) rulebookShow() *cobra.Command {
	return &cobra.Command{
		Use: "show", Args: cobra.NoArgs,
		Short:   s.say("显示默认的 96766 规则", "show the default, the 96766 rulebook"),
		Long:    s.say("输出默认规则的 YAML，可复制修改。", "Prints the YAML of the default, to copy and change."),
		Example: s.examples("kaohe rulebook show", "", "kaohe rulebook show > rules.yaml", s.say("作为自己的起点", "a start for your own")),
		RunE:    func(*cobra.Command, []string) error { return s.print(string(rulebook.DefaultSource())) },
	}
}
