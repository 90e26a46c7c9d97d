package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// errTold fails a command whose output has said why already.
var errTold = errors.New("the output says why")

// usageError is a command line that cannot be understood.
type usageError struct {
	command string
	cause   error
}

func (e usageError) Error() string { return e.cause.Error() }
func (e usageError) Unwrap() error { return e.cause }

// Run runs a command line and gives its exit code: 0 done, 1 failed, 2 not
// understood. It returns when the command is done or the context ends.
func Run(ctx context.Context, args []string, t Terminal) int {
	s := newSession(args, t)
	root := s.root()
	root.SetArgs(args)
	err := misread(root, root.ExecuteContext(ctx))
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errTold):
		return exitFailed
	case errors.As(err, &usage):
		_, _ = fmt.Fprintf(s.Err, "kaohe: %v\n%s\n", err,
			s.say("用法见：", "how to use it: ")+usage.command+" --help")
		return exitUsage
	}
	_, _ = fmt.Fprintf(s.Err, "kaohe: %v\n", s.explained(err))
	return exitFailed
}

// misread marks the one of cobra's own errors about the command line that has
// no hook.
func misread(root *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	if strings.HasPrefix(err.Error(), "unknown command") {
		return usageError{root.CommandPath(), err}
	}
	return err
}

// root is the program with all its commands.
func (s *session) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "kaohe",
		Short: s.say("工单一到，月度服务考核分数立即可见", "live monthly service scores from a ticket feed"),
		Long: s.say(
			"kaohe 把呼叫中心的工单事件变成业务单位的月度考核分数：每一笔加减分当即入账，附理由和凭据；事实变了，附理由冲回。",
			"kaohe turns the ticket events of a call centre into the monthly scores of its business units: every point\n"+
				"is posted the moment it is gained or lost, with its reason and proof, and taken back with a reason when\nthe facts change."),
		Example: s.examples(
			"kaohe demo", s.say("播放一个模拟月份，看分数变化", "play a simulated month and watch the scores move"),
			"kaohe up", s.say("在一个进程中运行全部服务", "run everything in one process"),
			"kaohe scores", s.say("本月排名", "the ranking of this month"),
			"kaohe watch", s.say("实时查看入账", "entries as they happen")),
		SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().String("lang", "", s.say("语言：zh 或 en（默认取 KAOHE_LANG、LANG）", "language: zh or en (default: KAOHE_LANG, LANG)"))
	root.PersistentFlags().BoolP("help", "h", false, s.say("帮助", "help"))
	for _, group := range s.groups() {
		root.AddGroup(&cobra.Group{ID: group.id, Title: group.title})
		for _, command := range group.commands {
			command.GroupID = group.id
			root.AddCommand(command)
		}
	}
	s.speak(root)
	return root
}

type group struct {
	id, title string
	commands  []*cobra.Command
}

func (s *session) groups() []group {
	return []group{
		{"run", s.say("运行：", "Run:"), []*cobra.Command{s.up(), s.demo(), s.serve()}},
		{"feed", s.say("送入事件：", "Bring events in:"), []*cobra.Command{s.push(), s.imports(), s.registry(), s.quarantine()}},
		{"ask", s.say("查询：", "Ask:"), []*cobra.Command{
			s.scores(), s.quotaCommand(), s.ledger(), s.explain(), s.ticket(), s.watch(), s.units(),
		}},
		{"month", s.say("月度考核：", "The month:"), []*cobra.Command{s.month(), s.report(), s.work(), s.objection(), s.draw()}},
		{"log", s.say("事件日志：", "The log:"), []*cobra.Command{s.backup(), s.restore(), s.rebuild(), s.mend(), s.archive()}},
		{"check", s.say("检查：", "Check:"), []*cobra.Command{s.verify(), s.whatIf(), s.rulebook(), s.config(), s.keyCommand(), s.tokenCommand(), s.audit(), s.webhookCommand(), s.storeCommand(), s.natsCommand(), s.bench(), s.version()}},
	}
}

// examples renders command lines with what they do.
func (s *session) examples(pairs ...string) string {
	longest := 0
	for i := 0; i < len(pairs); i += 2 {
		longest = max(longest, len(pairs[i]))
	}
	var lines []string
	for i := 0; i+1 < len(pairs); i += 2 {
		line := "  " + pairs[i]
		if pairs[i+1] != "" {
			line += strings.Repeat(" ", longest-len(pairs[i])) + "  # " + pairs[i+1]
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// speak puts the words that cobra itself says into the session's language, and
// turns mistakes in a command line into usage errors.
func (s *session) speak(root *cobra.Command) {
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetIn(s.In)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{cmd.CommandPath(), err}
	})
	root.SetUsageTemplate(s.usageTemplate())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, command := range root.Commands() {
		switch command.Name() {
		case "help":
			command.Short = s.say("查看命令的帮助", "help about a command")
		case "completion":
			command.Short = s.say("生成 shell 自动补全脚本", "generate the completion script of a shell")
		}
	}
	wrapArgs(root)
}

// wrapArgs makes a wrong number of arguments a usage error.
func wrapArgs(command *cobra.Command) {
	if check := command.Args; check != nil {
		command.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError{cmd.CommandPath(), err}
			}
			return nil
		}
	}
	for _, child := range command.Commands() {
		wrapArgs(child)
	}
}

func (s *session) usageTemplate() string {
	return s.say("用法：", "Usage:") + `{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} ` + s.say("命令", "COMMAND") + `{{end}}{{if .HasExample}}

` + s.say("示例：", "Examples:") + `
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}{{$all := .Commands}}{{range $group := .Groups}}

{{.Title}}{{range $all}}{{if and (eq .GroupID $group.ID) .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if not .AllChildCommandsHaveGroup}}

` + s.say("其他：", "Other:") + `{{range $all}}{{if and (eq .GroupID "") (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

` + s.say("选项：", "Flags:") + `
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

` + s.say("通用选项：", "Global flags:") + `
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
`
}
