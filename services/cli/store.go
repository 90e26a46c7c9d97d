package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"kaohe.dev/services/app"
	"kaohe.dev/services/internal/store/mongostore"
	"kaohe.dev/services/internal/store/storeurl"
)

func (s *session) storeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "store", Args: cobra.NoArgs,
		Short:   s.say("检查文档库", "check a store"),
		Long:    s.say("检查文档库是否满足 kaohe 的要求。", "Checks whether a store is fit for kaohe."),
		Example: s.examples("kaohe store check mongodb://mongo:27017/kaohe", "", "kaohe store check sqlite:./data/state", ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.storeCheck())
	return cmd
}

func (s *session) storeCheck() *cobra.Command {
	parts := 1
	cmd := &cobra.Command{
		Use: "check URL", Args: cobra.ExactArgs(1),
		Short: s.say("试用文档库，指出缺什么", "try a store and say what is missing"),
		Long: s.say("在单独的集合里试做 kaohe 要做的一切：建索引、提交、版本冲突、查询、删除。能用则退出码 0，否则为 1。\n"+
			"对 MongoDB 还逐个列出集合的分片键和理由，可直接粘贴到 mongosh；不分片时不需要。",
			"Does all that kaohe does with a store, in a collection of its own: indexes, commits, conflicts of versions, queries,\n"+
				"deletes. The exit code is 0 when the store is fit, else 1. For MongoDB it also lists the shard key of each collection\n"+
				"with the reason, to be pasted into mongosh; without shards nothing has to be done."),
		Example: s.examples("kaohe store check mongodb://mongo:27017/kaohe", ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.tryStore(cmd.Context(), args[0]); err != nil {
				return err
			}
			return s.shardKeys(args[0], parts)
		},
	}
	cmd.Flags().IntVar(&parts, "partitions", parts, s.say("每个服务的分区数", "parts in which each service keeps its keys"))
	return cmd
}

// tryStore tells what was tried, and whether the store is fit.
func (s *session) tryStore(ctx context.Context, address string) error {
	fit := true
	for _, f := range storeurl.Check(ctx, address) {
		mark, words := s.paint(green, "✓"), f.Found
		switch {
		case f.Err != nil:
			fit, mark, words = false, s.paint(red, "✗"), f.Err.Error()
		case f.Doubt != nil:
			mark, words = "!", f.Found+": "+f.Doubt.Error()
		}
		if words != "" {
			words = ": " + words
		}
		if err := s.print("  " + mark + " " + f.What + printable(words) + "\n"); err != nil {
			return err
		}
	}
	if !fit {
		s.note(s.say("%s 不能用", "%s is not fit"), storeurl.Redacted(address))
		return errTold
	}
	return s.print(s.say("可以使用\n", "it is fit\n"))
}

// shardKeys states how each collection lies on shards, and why.
func (s *session) shardKeys(address string, parts int) error {
	if !strings.HasPrefix(address, "mongodb") {
		return nil
	}
	head := s.say("分片集群：在 kaohe 首次启动之前于 mongosh 执行\n", "on a sharded cluster, in mongosh, before kaohe starts for the first time:\n")
	return s.print(head + strings.Join(mongostore.Sharding(address, app.Collections(parts)), "\n") + "\n")
}
