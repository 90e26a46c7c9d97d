package deploycheck

import (
	"fmt"
	"os"
	"path/filepath"
)

// Deploy is what is checked.
type Deploy struct {
	// Dir is the folder deploy/, or a copy of it.
	Dir string
	// Program is the kaohe that will be deployed.
	Program *Program
	// Toolchain is the Go that go.work names.
	Toolchain string
	// Release: what is fetched must be named by what it is, not by a tag that
	// can be moved.
	Release bool
}

// Problems collects what is wrong.
type Problems []string

func (p *Problems) addf(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

// needs adds a problem where something does not hold.
func (p *Problems) needs(holds bool, format string, args ...any) {
	if !holds {
		p.addf(format, args...)
	}
}

func (d Deploy) path(name string) string { return filepath.Join(d.Dir, name) }

// read gives a file of deploy/; one that is missing is a problem and empty.
func (d Deploy) read(p *Problems, name string) string {
	raw, err := os.ReadFile(d.path(name))
	if err != nil {
		p.addf("%v", err)
	}
	return string(raw)
}
