package deploycheck

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// process is a kaohe that something starts: how it is told what to do.
type process struct {
	where string
	args  []string
	env   map[string]string
	// secret names what the environment has too, with values nobody knows here.
	secret []string
	// files are those it sees, by path.
	files map[string]string
}

// settings are what a process takes, by name.
type settings map[string]string

// effective asks kaohe what it makes of a process; ok is false after a problem.
func (d Deploy) effective(p *Problems, one process) (got settings, ok bool) {
	got, err := d.Program.settings(one)
	if err != nil {
		p.addf("%s: %v", one.where, err)
		return nil, false
	}
	got.checkEnvironment(p, one)
	return got, true
}

// settings are what the program makes of a process, if it takes it.
func (k *Program) settings(one process) (settings, error) {
	flags, err := k.flags(one)
	if err != nil {
		return nil, err
	}
	if out, err := k.ask(one.env, append([]string{"config", "check"}, flags...)); err != nil {
		return nil, fmt.Errorf("kaohe says: %s", out)
	}
	out, err := k.ask(one.env, append([]string{"config", "print", "--effective", "-o", "json"}, flags...))
	var all []struct{ Name, Value string }
	if err == nil {
		err = json.Unmarshal([]byte(out), &all)
	}
	if err != nil {
		return nil, fmt.Errorf("kaohe config print: %w: %s", err, out)
	}
	got := settings{}
	for _, s := range all {
		got[s.Name] = s.Value
	}
	return got, nil
}

// checkEnvironment finds variables that look like settings and are none.
func (s settings) checkEnvironment(p *Problems, one process) {
	for _, name := range slices.Concat(slices.Sorted(maps.Keys(one.env)), one.secret) {
		flag, is := strings.CutPrefix(name, "KAOHE_")
		if _, known := s[strings.ToLower(strings.ReplaceAll(flag, "_", "-"))]; is && !known {
			p.addf("%s: no setting is called %s", one.where, name)
		}
	}
}

// flags gives what stands behind the command of a process, with its file of
// settings where the program finds it here.
func (k *Program) flags(one process) ([]string, error) {
	first := slices.IndexFunc(one.args, func(arg string) bool { return strings.HasPrefix(arg, "-") })
	if first < 0 {
		return nil, nil
	}
	flags := slices.Clone(one.args[first:])
	for i, arg := range flags {
		value, joined := strings.CutPrefix(arg, "--config=")
		switch {
		case joined:
		case i > 0 && flags[i-1] == "--config":
			value = arg
		default:
			continue
		}
		text, seen := one.files[value]
		if !seen {
			return nil, fmt.Errorf("--config %s: there is no such file where it runs", value)
		}
		name, err := k.file(text)
		if err != nil {
			return nil, err
		}
		flags[i] = strings.Replace(arg, value, name, 1)
	}
	return flags, nil
}

// file keeps a text in a file that is named after it.
func (k *Program) file(text string) (string, error) {
	name := filepath.Join(k.Scratch, fmt.Sprintf("%x.yaml", sha256.Sum256([]byte(text))))
	if _, err := os.Stat(name); err == nil {
		return name, nil
	}
	return name, os.WriteFile(name, []byte(text), 0o600)
}

// targets are those that a process runs.
func (s settings) targets() []string { return strings.Split(s["target"], ",") }

// checkTargets finds targets that nobody runs; all is everybody.
func (d Deploy) checkTargets(p *Problems, where string, run []string) {
	help, err := d.Program.ask(nil, []string{"serve", "--help"})
	_, list, found := strings.Cut(help, "Targets: ")
	list, _, _ = strings.Cut(list, "\n")
	if err != nil || !found {
		p.addf("kaohe serve --help names no targets: %s", help)
		return
	}
	for target := range strings.SplitSeq(list, ", ") {
		p.needs(target == "all" || slices.Contains(run, target), "%s: nobody runs %s", where, target)
	}
}
