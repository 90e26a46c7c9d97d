package deploycheck

import (
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"sync"
)

// Program is a built kaohe. It is asked the same question once: many processes
// are told the same.
type Program struct {
	Path string
	// Scratch is a folder for the files it is given.
	Scratch string

	mu       sync.Mutex
	answered map[string]answer
}

type answer struct {
	said string
	err  error
}

// ask runs a command and gives what it says, in English.
func (k *Program) ask(env map[string]string, args []string) (string, error) {
	question := fmt.Sprint(env, args)
	k.mu.Lock()
	known, asked := k.answered[question]
	k.mu.Unlock()
	if asked {
		return known.said, known.err
	}
	cmd := exec.Command(k.Path, append(slices.Clone(args), "--lang", "en")...)
	cmd.Env = []string{}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		cmd.Env = append(cmd.Env, name+"="+env[name])
	}
	out, err := cmd.CombinedOutput()
	given := answer{strings.TrimSpace(string(out)), err}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.answered == nil {
		k.answered = map[string]answer{}
	}
	k.answered[question] = given
	return given.said, given.err
}
