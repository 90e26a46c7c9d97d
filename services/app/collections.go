package app

import (
	"kaohe.dev/services/gateway"
	"kaohe.dev/services/internal/run"
	"kaohe.dev/services/internal/store"
)

// Collections are all collections of documents there are, when each service
// keeps its keys in so many parts.
func Collections(parts int) []store.Collection {
	all := []store.Collection{run.Layout(), known()}
	for _, t := range targets() {
		if t.machine == nil {
			continue
		}
		for _, name := range run.PartNames(t.name, parts) {
			all = append(all, run.Collections(name, t.machine())...)
		}
		all = append(all, run.Members(t.name))
	}
	return append(append(all, run.Members(Notify)), gateway.Kept()...)
}
