package disk

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// page is what reaches the disk as a whole.
const page = 4096

// file is a file, or a directory.
type file struct {
	directory bool
	// live is what programs read, durable what stays.
	live, durable []byte
	// dirty are the pages of live that durable does not have yet.
	dirty map[int]bool
	// shortest is the least length since the journal was committed.
	shortest int
}

func newFile(directory bool, content []byte) *file {
	return &file{
		directory: directory, live: content, durable: slices.Clone(content), dirty: map[int]bool{}, shortest: len(content),
	}
}

func (f *file) write(data []byte, at int) {
	if end := at + len(data); end > len(f.live) {
		f.lengthen(end)
	}
	copy(f.live[at:], data)
	f.touch(at, at+len(data))
}

func (f *file) touch(from, to int) {
	for p := from / page; p*page < to; p++ {
		f.dirty[p] = true
	}
}

func (f *file) lengthen(to int) {
	from := len(f.live)
	f.live = append(f.live, make([]byte, to-from)...)
	f.touch(from, to)
}

func (f *file) shorten(to int) {
	clear(f.live[to:]) // or lengthening would bring it back
	f.live = f.live[:to]
	f.shortest = min(f.shortest, to)
	maps.DeleteFunc(f.dirty, func(p int, _ bool) bool { return p*page >= to })
	if to%page > 0 {
		f.dirty[to/page] = true
	}
}

// sync makes all of it durable.
func (f *file) sync() {
	for p := range f.dirty {
		f.durable = reach(f.durable, f.live, p)
	}
	f.durable = f.durable[:len(f.live)]
	clear(f.dirty)
	f.shortest = len(f.live)
}

// reach writes one page to where it stays.
func reach(durable, live []byte, p int) []byte {
	end := min((p+1)*page, len(live))
	if missing := end - len(durable); missing > 0 {
		durable = append(durable, make([]byte, missing)...)
	}
	copy(durable[p*page:end], live[p*page:end])
	return durable
}

// found gives what a power loss leaves of it. Cut: that it was truncated had
// reached the disk.
func (f *file) found(chance *rand.Rand, cut bool) *file {
	content := slices.Clone(f.durable)
	if cut {
		content = content[:min(len(content), f.shortest)]
	}
	unsynced := slices.Sorted(maps.Keys(f.dirty))
	switch chance.IntN(3) {
	case 0: // none of it
		unsynced = nil
	case 1: // what was written first
		unsynced = unsynced[:chance.IntN(len(unsynced)+1)]
	default: // whatever
		unsynced = slices.DeleteFunc(unsynced, func(int) bool { return chance.IntN(2) == 0 })
	}
	for _, p := range unsynced {
		content = reach(content, f.live, p)
	}
	return newFile(f.directory, content)
}
