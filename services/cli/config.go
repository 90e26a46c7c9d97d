package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kaohe.dev/services/app"
	"kaohe.dev/services/gateway/door"
)

// configFlag names a file of settings.
const configFlag = "config"

// variable is the environment variable of a flag.
func variable(flag string) string {
	return "KAOHE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// setting is what a flag is set to, and by whom.
type setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	From  string `json:"from"`
}

// configure sets the flags that the command line does not: from the
// environment, else from the file of --config, else they stay as they are. One
// precedence, and every flag has all three ways.
func (s *session) configure(flags *pflag.FlagSet) ([]setting, error) {
	file := cmp.Or(flags.Lookup(configFlag).Value.String(), s.Getenv(variable(configFlag)))
	filed, err := s.readConfig(file, flags)
	if err != nil {
		return nil, err
	}
	var settings []setting
	var problems []error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == configFlag || !isSetting(f) {
			return
		}
		from := s.say("默认", "default")
		value, inFile := filed[f.Name]
		environment := s.Getenv(variable(f.Name))
		var err error
		switch {
		case f.Changed:
			from = s.say("命令行", "command line")
		case environment != "":
			from = variable(f.Name)
			err = f.Value.Set(environment)
		case inFile:
			from = file
			err = f.Value.Set(value)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %s: %w", from, f.Name, err))
		}
		settings = append(settings, setting{f.Name, redacted(strings.Trim(f.Value.String(), "[]")), from})
	})
	return settings, errors.Join(problems...)
}

// redacted hides the passwords in URLs.
func redacted(value string) string {
	all := strings.Split(value, ",")
	for i, one := range all {
		if u, err := url.Parse(one); err == nil && u.User != nil {
			all[i] = u.Redacted()
		}
	}
	return strings.Join(all, ",")
}

// isSetting leaves out what is about this call only.
func isSetting(f *pflag.Flag) bool {
	return !slices.Contains([]string{"help", "lang", "output"}, f.Name)
}

// readConfig reads a YAML file of flags and their values.
func (s *session) readConfig(name string, flags *pflag.FlagSet) (map[string]string, error) {
	if name == "" {
		return nil, nil
	}
	document, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	parsed, err := parser.ParseBytes(document, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", name, yaml.FormatError(err, false, true))
	}
	values := map[string]string{}
	if len(parsed.Docs) == 0 || parsed.Docs[0].Body == nil {
		return values, nil
	}
	mapping, ok := parsed.Docs[0].Body.(ast.MapNode)
	if !ok {
		return nil, fmt.Errorf("%s:1: %s", name, s.say("应写成 名称: 值，每行一个", "write name: value, one a line"))
	}
	var problems []error
	var known []string
	flags.VisitAll(func(f *pflag.Flag) {
		if isSetting(f) && f.Name != configFlag {
			known = append(known, f.Name)
		}
	})
	for entries := mapping.MapRange(); entries.Next(); {
		key, line := entries.Key().String(), entries.Key().GetToken().Position.Line
		if !slices.Contains(known, key) {
			problems = append(problems, fmt.Errorf(s.say("%s:%d: 没有设置项 %q%s", "%s:%d: there is no setting %q%s"), name, line, key,
				s.perhaps(door.Nearest(key, known))))
			continue
		}
		values[key] = scalar(entries.Value())
	}
	return values, errors.Join(problems...)
}

func (s *session) perhaps(near string) string {
	if near == "" {
		return ""
	}
	return fmt.Sprintf(s.say("；是不是 %q？", "; did you mean %q?"), near)
}

// scalar gives a value as one would write it on the command line.
func scalar(node ast.Node) string {
	if list, ok := node.(*ast.SequenceNode); ok {
		var all []string
		for _, v := range list.Values {
			all = append(all, scalar(v))
		}
		return strings.Join(all, ",")
	}
	if text, ok := node.(*ast.StringNode); ok {
		return text.Value
	}
	return node.String()
}

// config shows and checks settings.
func (s *session) config() *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", Args: cobra.NoArgs,
		Short: s.say("查看、检查设置", "show and check settings"),
		Long: s.say("每个设置可由命令行、环境变量（KAOHE_ 加大写名称，- 写成 _）或 --config 文件给出；同时给出时，命令行优先，其次环境变量，再次文件。",
			"Every setting can be given on the command line, in the environment (KAOHE_ and its name in capitals, _ for -) or\nin the file of --config. The command line comes first, then the environment, then the file."),
		Example: s.examples("kaohe config check --config kaohe.yaml", "", "kaohe config print --effective", ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.configCheck(), s.configPrint())
	return cmd
}

func (s *session) configCheck() *cobra.Command {
	config, level := app.Defaults(), "warn"
	cmd := &cobra.Command{
		Use: "check", Args: cobra.NoArgs,
		Short: s.say("检查设置，不启动", "check the settings without starting anything"),
		Long: s.say("读取 --config 文件、环境变量和命令行，指出哪一项、哪一行不对；不启动任何东西。",
			"Reads the file of --config, the environment and the command line, and names what cannot work, with its line.\nNothing is started."),
		Example: s.examples("kaohe config check --config kaohe.yaml", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := s.configure(cmd.Flags()); err != nil {
				return err
			}
			if err := config.Validate(); err != nil {
				return err
			}
			return s.print(s.say("设置没有问题\n", "the settings are good\n"))
		},
	}
	s.serveFlags(cmd, &config, &level)
	return cmd
}

func (s *session) configPrint() *cobra.Command {
	config, level, effective := app.Defaults(), "warn", false
	cmd := &cobra.Command{
		Use: "print", Args: cobra.NoArgs,
		Short: s.say("列出设置及其来源", "list the settings and where each comes from"),
		Long: s.say("列出 kaohe up 和 kaohe serve 会采用的设置，以及每一项来自命令行、环境变量、文件还是默认值。密码不显示。",
			"Lists the settings that kaohe up and kaohe serve would take, and whether each comes from the command line, the\nenvironment, the file or is the default. Passwords are not shown."),
		Example: s.examples("kaohe config print --effective", s.say("含未改的默认值", "with the defaults that nobody changed")),
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := s.configure(cmd.Flags())
			if err != nil {
				return err
			}
			settings = slices.DeleteFunc(settings, func(one setting) bool {
				return one.Name == "effective" || !effective && one.From == s.say("默认", "default")
			})
			return s.printSettings(settings)
		},
	}
	s.serveFlags(cmd, &config, &level)
	cmd.Flags().BoolVar(&effective, "effective", false, s.say("列出全部，含默认值", "all of them, defaults included"))
	return s.printing(cmd)
}

func (s *session) printSettings(settings []setting) error {
	if s.format == "json" {
		encoder := json.NewEncoder(s.Out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(settings)
	}
	g := grid{columns: []column{{name: s.say("设置", "setting")}, {name: s.say("值", "value")}, {name: s.say("来自", "from")}}}
	for _, one := range settings {
		g.add(one.Name, one.Value, one.From)
	}
	if s.format == "csv" {
		return s.csv(g)
	}
	return s.table(g)
}
