// Command pin names the images of deploy/ by their digest: in flow the files
// with "image: name:tag" and "FROM name:tag", out flow the same files with
// "name:tag@sha256:…", as the registry says today. A digest cannot be moved to
// other content, a tag can. It needs the registries; what one does not answer
// stays as it is and is reported.
//
//	pin deploy
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/google/go-containerregistry/pkg/crane"
)

// reference is where an image is named with a version, and perhaps a digest;
// ours has none: it is built from the folder.
var reference = regexp.MustCompile(`(?m)^(\s*(?:-\s+)?image:\s+|FROM\s+)([^\s:@]+(?::\d+)?(?:/[^\s:@]+)*:[^\s:@]+)(?:@sha256:[0-9a-f]{64})?`)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "pin:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return errors.New("usage: pin DIRECTORY")
	}
	return pin(os.Args[1], resolver())
}

// pin names every image below a folder by its digest.
func pin(dir string, digest func(string) (string, error)) error {
	var failed []error
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".yaml" && entry.Name() != "Dockerfile" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		pinned, err := pinText(text, digest)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", name, err))
		}
		if bytes.Equal(text, pinned) {
			return nil
		}
		return os.WriteFile(name, pinned, 0o644)
	})
	return errors.Join(append(failed, err)...)
}

func pinText(text []byte, digest func(string) (string, error)) ([]byte, error) {
	var failed []error
	pinned := reference.ReplaceAllFunc(text, func(found []byte) []byte {
		parts := reference.FindSubmatch(found)
		is, err := digest(string(parts[2]))
		if err != nil {
			failed = append(failed, fmt.Errorf("what %s is today: %w", parts[2], err))
			return found
		}
		return fmt.Appendf(nil, "%s%s@%s", parts[1], parts[2], is)
	})
	return pinned, errors.Join(failed...)
}

// resolver asks each registry once, so that one name is one digest everywhere.
func resolver() func(string) (string, error) {
	type answer struct {
		digest string
		err    error
	}
	known := map[string]answer{}
	return func(image string) (string, error) {
		if _, asked := known[image]; !asked {
			digest, err := crane.Digest(image)
			known[image] = answer{digest, err}
		}
		return known[image].digest, known[image].err
	}
}
