package disk

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Mount shows a disk at a directory. That needs /dev/fuse and the right to
// mount.
func (d *Disk) Mount(dir string) (unmount func() error, err error) {
	remembered := time.Hour // nobody else changes it
	server, err := fs.Mount(dir, &directory{disk: d}, &fs.Options{
		EntryTimeout: &remembered, AttrTimeout: &remembered, NullPermissions: true,
		MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "plug", Name: "plug", DisableXAttrs: true},
	})
	if err != nil {
		return nil, fmt.Errorf("mount a disk with a plug: %w", err)
	}
	return func() error {
		// Who was killed may have files open for a moment yet.
		err := syscall.Unmount(dir, syscall.MNT_DETACH)
		server.Wait()
		return err
	}, nil
}

// directory is a directory as the kernel sees it.
type directory struct {
	fs.Inode
	disk *Disk
}

// regular is a file as the kernel sees it.
type regular struct {
	fs.Inode
	disk *Disk
	file *file
}

// handle is an open file.
type handle struct{ syncs bool }

func open(flags uint32) *handle { return &handle{syncs: flags&syscall.O_DSYNC != 0} }

// OnAdd fills the root with what is on the disk.
func (n *directory) OnAdd(ctx context.Context) {
	if !n.IsRoot() {
		return
	}
	at := map[string]*fs.Inode{"": n.EmbeddedInode()}
	for _, name := range slices.Sorted(maps.Keys(n.disk.names)) {
		parent, base := path.Split(name)
		child := n.inode(ctx, n.disk.names[name])
		at[strings.TrimSuffix(parent, "/")].AddChild(base, child, true)
		at[name] = child
	}
}

func (n *directory) inode(ctx context.Context, f *file) *fs.Inode {
	if f.directory {
		return n.NewPersistentInode(ctx, &directory{disk: n.disk}, fs.StableAttr{Mode: syscall.S_IFDIR})
	}
	return n.NewPersistentInode(ctx, &regular{disk: n.disk, file: f}, fs.StableAttr{Mode: syscall.S_IFREG})
}

func (n *directory) path(name string) string { return path.Join(n.Path(n.Root()), name) }

// make makes a file or a directory.
func (n *directory) make(ctx context.Context, name string, directory bool, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	f := newFile(directory, nil)
	if errno := n.disk.change(func() syscall.Errno { n.disk.names[n.path(name)] = f; return 0 }); errno != 0 {
		return nil, errno
	}
	out.Nlink = 1 // or the kernel takes it for removed
	return n.inode(ctx, f), 0
}

// Create makes a file and opens it.
func (n *directory) Create(ctx context.Context, name string, flags, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	child, errno := n.make(ctx, name, false, out)
	return child, open(flags), 0, errno
}

// Mkdir makes a directory.
func (n *directory) Mkdir(ctx context.Context, name string, _ uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return n.make(ctx, name, true, out)
}

// Unlink removes a name; who has the file open goes on.
func (n *directory) Unlink(_ context.Context, name string) syscall.Errno {
	return n.disk.change(func() syscall.Errno { delete(n.disk.names, n.path(name)); return 0 })
}

// Rmdir removes an empty directory.
func (n *directory) Rmdir(ctx context.Context, name string) syscall.Errno {
	if child := n.GetChild(name); child != nil && len(child.Children()) > 0 {
		return syscall.ENOTEMPTY
	}
	return n.Unlink(ctx, name)
}

// Link gives a file another name.
func (n *directory) Link(_ context.Context, to fs.InodeEmbedder, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	out.Nlink = 2
	linked, ok := to.(*regular)
	if !ok {
		return nil, syscall.EPERM
	}
	return linked.EmbeddedInode(), n.disk.change(func() syscall.Errno { n.disk.names[n.path(name)] = linked.file; return 0 })
}

// Rename moves a name, over another if there is one.
func (n *directory) Rename(_ context.Context, name string, to fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	if flags != 0 {
		return syscall.EINVAL
	}
	return n.disk.change(func() syscall.Errno {
		n.disk.move(n.path(name), path.Join(to.EmbeddedInode().Path(n.Root()), newName))
		return 0
	})
}

// Fsync commits the journal.
func (n *directory) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	return n.disk.change(func() syscall.Errno { n.disk.commit(); return 0 })
}

// room is how many pages the disk says it has.
const room = 1 << 24

// Statfs says that there is room.
func (n *directory) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	out.Bsize, out.Frsize, out.Blocks, out.Bfree, out.Bavail, out.NameLen = page, page, room, room, room, 255
	return 0
}

// Getattr gives the attributes of a directory.
func (n *directory) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode, out.Nlink = 0o700, 1
	return 0
}

// Setattr keeps no attributes.
func (n *directory) Setattr(ctx context.Context, f fs.FileHandle, _ *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	return n.Getattr(ctx, f, out)
}
