// Package local keeps objects as files in a folder that the operator allows. No name leads
// out of it: every step goes through os.Root, which follows no link to the outside.
package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"compressor/internal/blob"
	"compressor/internal/problem"
	"compressor/internal/storage"
)

// Bucket is one folder.
type Bucket struct {
	allowed string // a root of the operator's
	folder  string // below it, "." for the root itself
}

// Open gives the folder of p, which must lie in one of roots. It need not be there: the first
// object makes it.
func Open(roots []string, p storage.Place) (*Bucket, error) {
	for _, root := range roots {
		rel, err := filepath.Rel(root, p.Root)
		if err == nil && filepath.IsLocal(rel) {
			return &Bucket{allowed: root, folder: rel}, nil
		}
	}
	return nil, storage.NewFault("open", storage.Forbidden, "", 0, errors.New("the folder is in none that the operator allows"))
}

// prefixOfParts begins the names of files that are being written.
const prefixOfParts = ".compressor-part-"

// root opens the folder, and makes it first if it is to be written to.
func (b *Bucket) root(create bool) (*os.Root, error) {
	allowed, err := os.OpenRoot(b.allowed)
	if err != nil {
		return nil, err
	}
	defer allowed.Close()
	if create {
		if err := allowed.MkdirAll(b.folder, 0o755); err != nil {
			return nil, err
		}
	}
	return allowed.OpenRoot(b.folder)
}

// Put implements storage.Bucket. The file is flushed under another name and then renamed, so
// that nobody sees a part of it.
func (b *Bucket) Put(ctx context.Context, o storage.Object, body blob.Blob) (storage.Written, error) {
	written, err := b.put(ctx, o, body)
	return written, fault("write", err)
}

func (b *Bucket) put(ctx context.Context, o storage.Object, body blob.Blob) (w storage.Written, err error) {
	root, err := b.root(true)
	if err != nil {
		return w, err
	}
	defer root.Close()
	dir := path.Dir(o.Key)
	if err := root.MkdirAll(dir, 0o755); err != nil {
		return w, err
	}
	part := path.Join(dir, prefixOfParts+rand.Text())
	defer root.Remove(part) //nolint:errcheck // it is gone where all went well
	if err := copyTo(ctx, root, part, body); err != nil {
		return w, err
	}
	if o.Keep {
		err = root.Link(part, o.Key) // which takes no other's place, as a rename does
	} else {
		err = root.Rename(part, o.Key)
	}
	if err != nil {
		return w, err
	}
	if err := flush(root, dir); err != nil {
		return w, err
	}
	info, err := root.Stat(o.Key)
	if err != nil {
		return w, err
	}
	return storage.Written{ETag: tag(info)}, nil
}

// copyTo writes body to a new file, and returns when it is on the disk.
func copyTo(ctx context.Context, root *os.Root, name string, body blob.Blob) error {
	src, err := body.Open()
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, &patient{ctx, src})
	if err == nil {
		err = dst.Sync()
	}
	return errors.Join(err, dst.Close())
}

// patient reads until its context ends.
type patient struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}

// flush makes the names in a folder last.
func flush(root *os.Root, dir string) error {
	f, err := root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Stat implements storage.Bucket.
func (b *Bucket) Stat(_ context.Context, key string) (storage.Info, error) {
	root, err := b.root(false)
	if err != nil {
		return storage.Info{}, fault("read", err)
	}
	defer root.Close()
	info, err := root.Stat(key)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return storage.Info{}, fault("read", err)
	}
	return infoOf(key, info), nil
}

// Open implements storage.Bucket.
func (b *Bucket) Open(_ context.Context, key string) (storage.Info, io.ReadCloser, error) {
	root, err := b.root(false)
	if err != nil {
		return storage.Info{}, nil, fault("read", err)
	}
	defer root.Close()
	f, err := root.OpenFile(key, os.O_RDONLY|syscall.O_NONBLOCK, 0) // so that a pipe without a writer holds nobody up
	if err != nil {
		return storage.Info{}, nil, fault("read", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return storage.Info{}, nil, fault("read", errors.Join(err, f.Close()))
	}
	return infoOf(key, info), f, nil
}

// Remove implements storage.Bucket. A folder that is empty then stays.
func (b *Bucket) Remove(_ context.Context, key string) error {
	root, err := b.root(false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault("remove", err)
	}
	defer root.Close()
	if err := root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault("remove", err)
	}
	return nil
}

// List implements storage.Bucket: files only, no links, and none that is being written.
func (b *Bucket) List(ctx context.Context, prefix, after string, each func(storage.Info) error) error {
	root, err := b.root(false)
	if err != nil {
		return fault("list", err)
	}
	defer root.Close()
	l := lister{ctx: ctx, root: root, prefix: prefix, after: after, each: each}
	return l.folder("")
}

// lister walks a tree in the order of whole names, one folder in memory at a time and level.
type lister struct {
	ctx           context.Context
	root          *os.Root
	prefix, after string
	each          func(storage.Info) error
}

// folder lists one, whose name is "" or ends in a slash.
func (l *lister) folder(name string) error {
	entries, err := l.read(name)
	if err != nil {
		return fault("list", err)
	}
	// A folder sorts by its name with the slash: "a.txt" goes before what is in "a".
	key := func(e fs.DirEntry) string {
		if e.IsDir() {
			return name + e.Name() + "/"
		}
		return name + e.Name()
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(key(a), key(b)) })
	for _, e := range entries {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		at := key(e)
		switch {
		case e.IsDir():
			below := strings.HasPrefix(l.prefix, at) || strings.HasPrefix(at, l.prefix)
			if below && (at > l.after || strings.HasPrefix(l.after, at)) {
				err = l.folder(at)
			}
		case e.Type().IsRegular() && !strings.HasPrefix(e.Name(), prefixOfParts) && strings.HasPrefix(at, l.prefix) && at > l.after:
			err = l.file(at, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) read(name string) ([]fs.DirEntry, error) {
	f, err := l.root.Open(path.Clean(name))
	if err != nil {
		return nil, err
	}
	entries, err := f.ReadDir(-1)
	return entries, errors.Join(err, f.Close())
}

func (l *lister) file(key string, e fs.DirEntry) error {
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // gone meanwhile
	}
	if err != nil {
		return fault("list", err)
	}
	return l.each(infoOf(key, info))
}

func infoOf(key string, info fs.FileInfo) storage.Info {
	return storage.Info{Key: key, Size: info.Size(), Changed: info.ModTime(), ETag: tag(info)}
}

// tag is a name for the state of a file: time and size, as web servers make it.
func tag(info fs.FileInfo) string { return fmt.Sprintf("%x-%x", info.ModTime().UnixNano(), info.Size()) }

// fault turns an error of the file system into one of a store.
func fault(doing string, err error) error {
	var known *storage.Fault
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	reason := storage.Failed
	switch {
	case errors.Is(err, fs.ErrNotExist) && doing == "read":
		reason = storage.NoObject
	case errors.Is(err, fs.ErrNotExist):
		reason = storage.NoBucket
	case errors.Is(err, fs.ErrExist):
		reason = storage.Exists
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		reason = storage.Denied
	case problem.Full(err):
		reason = storage.Full
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENAMETOOLONG),
		errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, syscall.EINVAL):
		reason = storage.Invalid // such as an object whose name is that of a folder
	case strings.Contains(err.Error(), "escapes"):
		reason = storage.Forbidden // os.Root has no error value for it
	}
	return storage.NewFault(doing, reason, "", 0, err)
}
