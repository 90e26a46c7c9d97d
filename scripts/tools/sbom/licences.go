package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// allowed are the licences that kaohe may be given away with: they ask for
// nothing but to be named. A part under another one is looked at by a person
// before it is added here.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"}

// file is what licences are called; what is said beside them (patents, notices)
// is no licence, and lists of others' licences tell of modules that are parts
// themselves where they are in the program.
var (
	file   = regexp.MustCompile(`(?i)^(li[cs]en[cs]e|copying)([.-].*)?$`)
	others = regexp.MustCompile(`(?i)(3rd|third).?part`)
)

// license finds the licences of all parts, and reports each part whose licence
// is not known or not allowed.
func license(parts []part) error {
	dirs, err := directories(parts)
	if err != nil {
		return err
	}
	var problems []error
	for i := range parts {
		p := &parts[i]
		p.licences, err = licencesIn(dirs[p.path])
		if err != nil {
			return fmt.Errorf("look for the licence of %s: %w", p.path, err)
		}
		if len(p.licences) == 0 {
			problems = append(problems, fmt.Errorf("%s %s: no licence that is known stands in its folder %s", p.path, p.version, dirs[p.path]))
		}
		for _, id := range p.licences {
			if !slices.Contains(allowed, id) {
				problems = append(problems, fmt.Errorf("%s %s is under %s, which is none of %v: take another module, or add the licence after reading it",
					p.path, p.version, id, allowed))
			}
		}
	}
	return errors.Join(problems...)
}

// licencesIn gives what stands in the files of a folder that are licences, by
// what their text is, not by what they are called.
func licencesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, entry := range entries {
		if entry.IsDir() || !file.MatchString(entry.Name()) || others.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		for _, match := range licensecheck.Scan(text).Match {
			found = append(found, match.ID)
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// directories tells where the source of each part is, fetched where it is not.
func directories(parts []part) (map[string]string, error) {
	dirs, arguments := map[string]string{}, []string{"mod", "download", "-json"}
	for _, p := range parts {
		if p.path != std {
			arguments = append(arguments, p.path+"@"+p.version)
		}
	}
	root, err := output("env", "GOROOT")
	if err != nil {
		return nil, err
	}
	dirs[std] = strings.TrimSpace(root)
	downloads, err := output(arguments...)
	if err != nil {
		return nil, err
	}
	for decoder := json.NewDecoder(strings.NewReader(downloads)); ; {
		var module struct{ Path, Dir string }
		if err := decoder.Decode(&module); errors.Is(err, io.EOF) {
			return dirs, nil
		} else if err != nil {
			return nil, fmt.Errorf("read what go mod download says: %w", err)
		}
		dirs[module.Path] = module.Dir
	}
}

func output(arguments ...string) (string, error) {
	command := exec.Command("go", arguments...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w", arguments[0], err)
	}
	return string(out), nil
}
