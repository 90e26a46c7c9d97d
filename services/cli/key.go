package cli

import (
	"github.com/spf13/cobra"

	"kaohe.dev/services/app"
)

func (s *session) keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "key", Args: cobra.NoArgs,
		Short: s.say("实例的密钥", "the keys of an instance"),
		Long: s.say("customer.key 用于客户编号的散列，secrets.key 用于封存文档库中的密钥。两者都不能重新生成：丢失或不符时 kaohe 不启动。",
			"customer.key keys the hash of customer references, secrets.key seals the secrets in the store. Neither can be made anew:\n"+
				"kaohe does not start when one is missing or another than the one that was used."),
		Example: s.examples("kaohe key accept customer.key --data ./data", ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.keyAccept())
	return cmd
}

func (s *session) keyAccept() *cobra.Command {
	config, level := app.Defaults(), "warn"
	cmd := &cobra.Command{
		Use: "accept NAME", Args: cobra.ExactArgs(1), ValidArgs: []string{app.CustomerKey, app.SecretsKey},
		Short: s.say("原密钥确已丢失时，改用数据目录中的密钥", "use the key of the data directory when the old one is lost for good"),
		Long: s.say("改用数据目录中的密钥；没有则生成新的。此后新事件的客户与以前的对不上（customer.key），或须重新登记通知接收方（secrets.key）。\n"+
			"期间 kaohe 不得运行；此举记入审计。",
			"From now on the key in the data directory counts; one is made where there is none. Customers of new events will not be\n"+
				"known as those of before (customer.key), or webhooks must be removed and added anew (secrets.key). kaohe must not be\n"+
				"running. It is noted in the trail."),
		Example: s.examples("kaohe key accept customer.key --data ./data", "", "kaohe key accept secrets.key --data ./data", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := s.configure(cmd.Flags()); err != nil {
				return usageError{"kaohe config", err}
			}
			if err := app.AcceptKey(cmd.Context(), config, args[0]); err != nil {
				return err
			}
			return s.print(s.say("已改用 ", "from now on it is ") + config.Data + "/" + args[0] + "\n")
		},
	}
	s.appFlags(cmd, &config, &level)
	return cmd
}
