package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"kaohe.dev/services/app"
	"kaohe.dev/services/internal/durable"
)

// demoMarker marks a directory as made by `kaohe demo`, which may delete it.
const demoMarker = ".kaohe-demo"

// freshDirectory gives the demo an empty directory. It deletes only what an
// earlier demo made and no running one uses.
func (s *session) freshDirectory(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(entries) == 0:
	case err != nil:
		return fmt.Errorf("%s: %w", s.say("读取演示目录", "read the demo's directory"), err)
	default:
		if err := s.clear(dir); err != nil {
			return err
		}
	}
	if err := durable.Dir(dir); err != nil {
		return fmt.Errorf("%s: %w", s.say("建立演示目录", "make the demo's directory"), err)
	}
	return durable.Create(filepath.Join(dir, demoMarker), []byte("made by kaohe demo; the next demo deletes this directory\n"))
}

func (s *session) clear(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, demoMarker)); err != nil {
		return fmt.Errorf(s.say("%s 里有别的数据，不会删除；请用 --data 另选目录", "%s holds other data and is not deleted; choose another directory with --data"), dir)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf(s.say("另一个演示正在使用 %s；先停止它，或用 --data 另选目录",
			"another demo uses %s; stop it, or choose another directory with --data"), dir)
	}
	if err := app.Begin(dir, app.Work{Name: app.WorkDemo, Phase: app.Clearing}); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name := e.Name(); name != demoMarker && name != "lock" && name != app.UnfinishedName {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return durable.Remove(filepath.Join(dir, app.UnfinishedName))
}
