package rulebook

import (
	_ "embed"
	"slices"
	"sync"
)

//go:embed data/96766.yaml
var source96766 []byte

var default96766 = sync.OnceValue(func() *Rulebook {
	book, err := Load("", source96766)
	if err != nil {
		panic("the shipped rulebook: " + err.Error()) // a test loads it
	}
	return book
})

// Default is the 96766 rulebook: the customer-service part of the operator's
// assessment rules. It holds where no published version is in force.
func Default() *Rulebook { return default96766() }

// DefaultSource is the default's YAML, for an operator to copy and change.
func DefaultSource() []byte { return slices.Clone(source96766) }
