package cli

import "github.com/spf13/cobra"

func (s *session) bench() *cobra.Command {
	return &cobra.Command{Use: "bench", Short: s.say("测量性能", "measure the performance"), RunE: func(*cobra.Command, []string) error { return nil }}
}
