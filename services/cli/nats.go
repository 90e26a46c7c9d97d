package cli

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"kaohe.dev/services/app"
)

func (s *session) natsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "nats", Args: cobra.NoArgs,
		Short: s.say("NATS 的用户、权限和消息流", "users, permissions and streams of NATS"),
		Long: s.say("每个服务是 NATS 的一个用户，只能发布它声明产生的内容，只能读取它需要的消息流。",
			"Each service is a user of NATS that may publish what it declares to say, and read the streams it needs, nothing else."),
		Example: s.examples(
			"kaohe nats keys ./nkeys", "",
			"kaohe nats accounts --partitions 4 > accounts.conf", "",
			"kaohe nats setup --nats nats://nats:4222 --nats-nkeys ./nkeys --replicas 3", ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.natsKeys(), s.natsAccounts(), s.natsSetup())
	return cmd
}

func (s *session) natsKeys() *cobra.Command {
	return &cobra.Command{
		Use: "keys DIR", Args: cobra.ExactArgs(1),
		Short: s.say("生成尚缺的用户密钥", "make the keys of users that are missing"),
		Long: s.say("在目录中为每个用户生成尚缺的密钥 名称.nk，并把全部公钥写入 nats.env，供 NATS 服务器的环境变量使用。已有的密钥不变。",
			"Makes what is missing of the users' keys, NAME.nk, in a directory, and writes all public keys to nats.env there, for the\n"+
				"environment of the NATS servers. Keys that are there stay."),
		Example: s.examples("kaohe nats keys ./nkeys", ""),
		RunE: func(_ *cobra.Command, args []string) error {
			made, err := app.MakeKeys(args[0])
			if err != nil {
				return err
			}
			if len(made) == 0 {
				return s.print(s.say("密钥已齐全\n", "all keys are there\n"))
			}
			return s.print(s.say("新密钥：", "new keys: ") + strings.Join(made, ", ") +
				s.say("；公钥在 ", "; the public keys are in ") + filepath.Join(args[0], app.KeysFile) + "\n")
		},
	}
}

func (s *session) natsAccounts() *cobra.Command {
	partitions := 1
	cmd := &cobra.Command{
		Use: "accounts", Args: cobra.NoArgs,
		Short: s.say("输出 NATS 服务器的用户和权限配置", "print the users and permissions for NATS servers"),
		Long: s.say("按各服务的声明输出 NATS 服务器的用户和权限配置，在服务器配置中用 include 引入。公钥取自环境变量。",
			"Prints the users and permissions as the services declare them, to be included by the configuration of NATS servers.\n"+
				"The public keys come from their environment."),
		Example: s.examples("kaohe nats accounts --partitions 4 > accounts.conf", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.print(app.Accounts(partitions))
		},
	}
	cmd.Flags().IntVar(&partitions, "partitions", partitions, s.say("每个服务的分区数", "parts in which each service keeps its keys"))
	return cmd
}

func (s *session) natsSetup() *cobra.Command {
	config, level := app.Defaults(), "warn"
	cmd := &cobra.Command{
		Use: "setup", Args: cobra.NoArgs,
		Short: s.say("建立消息流", "make the streams"),
		Long: s.say("以用户 admin 建立消息流，或更新已有的；NATS 尚未就绪则等待。其他用户不能建立消息流，只会等待。",
			"Makes the streams as the user admin, or brings them up to date, and waits for NATS if need be. Other users may not make\n"+
				"streams and wait for them."),
		Example: s.examples("kaohe nats setup --nats nats://nats:4222 --nats-nkeys ./nkeys --replicas 3", ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := s.configure(cmd.Flags()); err != nil {
				return usageError{"kaohe config", err}
			}
			logger, err := s.logger(level)
			if err != nil {
				return err
			}
			config.Logger = logger
			if err := app.Setup(cmd.Context(), config); err != nil {
				return err
			}
			return s.print(s.say("消息流已就绪\n", "the streams are there\n"))
		},
	}
	s.serveFlags(cmd, &config, &level)
	return cmd
}
