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
		Short: s.say("检查、比较、发布考核规则", "check, compare and publish rulebooks"),
		Long: s.say("规则是一个 YAML 文件：项目、分值、条款和条件。每个版本自其生效月份起适用。",
			"A rulebook is a YAML file: items, points, clauses and conditions. A version is in force from its effective\nmonth until another is."),
		Example: s.examples(
			"kaohe rulebook show > rules.yaml", s.say("从默认规则开始", "start from the default"),
			"kaohe rulebook check rules.yaml", s.say("有什么问题", "what is wrong with it"),
			"kaohe rulebook diff 96766-1 rules.yaml", s.say("改了什么", "what it changes"),
			"kaohe whatif --rulebook rules.yaml --months 2026-01..2026-03", s.say("过去几个月会怎样", "what past months would have been"),
			"kaohe rulebook publish rules.yaml", s.say("发布", "put it in force")),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.rulebookCheck(), s.rulebookDiff(), s.rulebookPublish(), s.rulebookList(), s.rulebookShow())
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
	raw, err := s.readRulebook(name)
	if err != nil {
		return false, err
	}
	return s.problemsOf(name, raw)
}

// problemsOf prints what is wrong with a rulebook, and whether it cannot be used.
func (s *session) problemsOf(name string, raw []byte) (bool, error) {
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

func (s *session) readRulebook(name string) ([]byte, error) {
	raw, err := s.read(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.say("读取规则", "read the rulebook"), err)
	}
	return raw, nil
}

// read reads a file, or standard input for "-".
func (s *session) read(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(s.In)
	}
	return os.ReadFile(name)
}
