package disk

import (
	"maps"
	"math/rand/v2"
	"path"
	"strings"
	"sync"
	"syscall"
)

// Disk is what is written and what of it is durable. It is safe for concurrent
// use.
type Disk struct {
	mu sync.Mutex
	// names are the files and directories by path, as programs see them, and as
	// the journal has them.
	names, journalled map[string]*file
	// cut are files truncated since the journal was committed.
	cut    map[*file]bool
	pulled chan struct{}
	// left is how many operations pass before the plug is pulled; negative: it
	// stays in.
	left int
}

// New makes an empty disk.
func New() *Disk { return with(map[string]*file{}) }

func with(names map[string]*file) *Disk {
	return &Disk{names: names, journalled: maps.Clone(names), cut: map[*file]bool{}, pulled: make(chan struct{}), left: -1}
}

// PullAfter pulls the plug when so many more operations have been done that
// write or sync.
func (d *Disk) PullAfter(operations int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left = operations
}

// Pulled is closed when the plug has been pulled.
func (d *Disk) Pulled() <-chan struct{} { return d.pulled }

// Pull pulls the plug, if it is not out yet, and gives a disk with what is
// found on this one. Chance decides what of the rest had reached it.
func (d *Disk) Pull(chance *rand.Rand) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pull()
	names, cut := d.journalled, map[*file]bool{}
	if chance.IntN(2) == 0 {
		names, cut = d.names, d.cut
	}
	found := map[string]*file{}
	for name, f := range names {
		found[name] = f.found(chance, cut[f])
	}
	return with(found)
}

func (d *Disk) pull() {
	select {
	case <-d.pulled:
	default:
		close(d.pulled)
	}
}

// change does what writes or syncs, while the plug is in.
func (d *Disk) change(do func() syscall.Errno) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == 0 {
		d.pull()
	}
	d.left--
	select {
	case <-d.pulled:
		return syscall.EIO
	default:
		return do()
	}
}

// commit makes durable what was done to names and lengths.
func (d *Disk) commit() {
	if !maps.Equal(d.names, d.journalled) {
		d.journalled = maps.Clone(d.names)
	}
	for f := range d.cut {
		f.durable = f.durable[:min(len(f.durable), f.shortest)]
		f.shortest = len(f.live)
	}
	clear(d.cut)
}

func (d *Disk) sync(f *file) {
	f.sync()
	d.commit()
}

// move renames a file, or a directory with what is in it.
func (d *Disk) move(from, to string) {
	moved := map[string]*file{}
	for name, f := range d.names {
		if name == from || strings.HasPrefix(name, from+"/") {
			delete(d.names, name)
			moved[path.Join(to, name[len(from):])] = f
		}
	}
	maps.Copy(d.names, moved)
}
