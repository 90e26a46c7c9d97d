package disk

import (
	"context"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Open opens a file; the kernel keeps what it has read of it.
func (n *regular) Open(_ context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return open(flags), fuse.FOPEN_KEEP_CACHE, 0
}

// Read gives a part of a file.
func (n *regular) Read(_ context.Context, _ fs.FileHandle, into []byte, at int64) (fuse.ReadResult, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if at >= int64(len(n.file.live)) {
		return fuse.ReadResultData(nil), 0
	}
	return fuse.ReadResultData(into[:copy(into, n.file.live[at:])]), 0
}

// Write writes a part of a file, and syncs it if it was opened so.
func (n *regular) Write(_ context.Context, h fs.FileHandle, data []byte, at int64) (uint32, syscall.Errno) {
	errno := n.disk.change(func() syscall.Errno {
		n.file.write(data, int(at))
		if opened, ok := h.(*handle); ok && opened.syncs {
			n.disk.sync(n.file)
		}
		return 0
	})
	return uint32(len(data)), errno
}

// Fsync makes a file durable.
func (n *regular) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	return n.disk.change(func() syscall.Errno { n.disk.sync(n.file); return 0 })
}

// Flush does nothing: closing a file syncs nothing.
func (n *regular) Flush(context.Context, fs.FileHandle) syscall.Errno { return 0 }

// Getattr gives the length of a file.
func (n *regular) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	out.Mode, out.Nlink, out.Size = 0o600, 1, uint64(len(n.file.live))
	return 0
}

// Setattr truncates and lengthens.
func (n *regular) Setattr(ctx context.Context, h fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if to, resized := in.GetSize(); resized {
		if errno := n.disk.change(func() syscall.Errno { n.resize(int(to)); return 0 }); errno != 0 {
			return errno
		}
	}
	return n.Getattr(ctx, h, out)
}

func (n *regular) resize(to int) {
	if to >= len(n.file.live) {
		n.file.lengthen(to)
		return
	}
	n.file.shorten(to)
	n.disk.cut[n.file] = true
}
