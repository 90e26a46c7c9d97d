package app_test

import (
	"testing"

	"kaohe.dev/services/app"
)

func TestEveryCollectionSaysHowItLiesOnShardsAndWhy(t *testing.T) {
	all := app.Collections(2)
	names := map[string]bool{}
	for _, c := range all {
		if c.Sharding.Why == "" {
			t.Errorf("%s does not say how it lies on shards: give store.Spread or store.Whole with the reason", c.Name)
		}
		if err := c.Validate(); err != nil || names[c.Name] {
			t.Errorf("%s is there twice, or: %v", c.Name, err)
		}
		names[c.Name] = true
	}
	for _, name := range []string{"kaohe/layout", "door/seen", "views/entries", "sla-timer/members"} {
		if !names[name] {
			t.Errorf("%s is not among the %d collections", name, len(all))
		}
	}
}
