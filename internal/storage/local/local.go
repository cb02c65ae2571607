// Package local keeps objects as files in a folder that the operator allows. No name and no
// link leads out of it: the kernel resolves every path below the folder.
package local

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"compressor/internal/blob"
	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

const (
	part = ".compressor-part-" // begins the names of files that are not finished

	fileMode   = 0o644
	folderMode = 0o755

	noteProperties = "A folder keeps no ACL, class, metadata, headers or tags, so they were left out."
)

// Bucket is a folder.
type Bucket struct {
	root  string // of those that the operator allows
	below string // the folder, from there
}

var _ storage.Bucket = (*Bucket)(nil)

// Open prepares the way to the folder of a place, which must lie in one of the roots that the
// operator allows, and asks nothing of it yet. The folder is made by the first object.
func Open(p storage.Place, roots []string) (*Bucket, error) {
	folder, wrong := storage.Folder(roots, p.Root)
	if p.Provider == storage.Local && wrong == "" {
		for _, root := range roots {
			if below, err := filepath.Rel(root, folder); err == nil && filepath.IsLocal(below) {
				return &Bucket{root, below}, nil
			}
		}
	}
	return nil, storage.NewFault("open", storage.Invalid, "", 0, nil)
}

// enter opens the folder, and makes it if asked to. The operator's root is where the kernel
// begins to look, so that a link in it leads nowhere else. A root that is missing is a fault
// NoBucket; a folder that is, is gone.
func (b *Bucket) enter(doing string, gone storage.Reason, make bool) (*os.Root, error) {
	top, err := os.OpenRoot(b.root)
	if err != nil {
		return nil, fault(doing, storage.NoBucket, err)
	}
	defer top.Close()
	if make {
		err = top.MkdirAll(b.below, folderMode)
	}
	var folder *os.Root
	if err == nil {
		folder, err = top.OpenRoot(b.below)
	}
	if err != nil {
		return nil, fault(doing, gone, err)
	}
	return folder, nil
}

// Put writes a file under another name, flushes it, and gives it its own: the old file is
// there until the new one is, whole.
func (b *Bucket) Put(ctx context.Context, o storage.Object, body blob.Blob) (storage.Written, error) {
	name, err := nameOf("write", o.Key)
	if err != nil {
		return storage.Written{}, err
	}
	var w storage.Written
	if o.ACL != "" || o.Class != "" || len(o.Metadata)+len(o.Headers)+len(o.Tags) > 0 {
		if o.ACLNamed {
			return storage.Written{}, storage.NewFault("write", storage.ACLRefused, "", 0, nil)
		}
		w.Notes = append(w.Notes, noteProperties)
	}
	for try := 0; ; try++ {
		w.ETag, err = b.write(ctx, name, o.Keep, body)
		// A Remove may take away a folder that was just made, since it was empty.
		if !storage.Is(err, storage.NoObject) || try == 3 {
			break
		}
	}
	if ctx.Err() != nil && err != nil {
		return storage.Written{}, context.Cause(ctx)
	}
	if err != nil {
		return storage.Written{}, err
	}
	return w, nil
}

func (b *Bucket) write(ctx context.Context, name string, keep bool, body blob.Blob) (string, error) {
	root, err := b.enter("write", storage.NoObject, true)
	if err != nil {
		return "", err
	}
	defer root.Close()
	etag, err := replace(ctx, root, name, keep, body)
	if err == nil {
		return etag, nil
	}
	if !keep && errors.Is(err, fs.ErrExist) { // a folder of that name
		return "", storage.NewFault("write", storage.Invalid, "", 0, nil)
	}
	return "", fault("write", storage.NoObject, err)
}

func replace(ctx context.Context, root *os.Root, name string, keep bool, body blob.Blob) (string, error) {
	folder := path.Dir(name)
	if err := root.MkdirAll(folder, folderMode); err != nil {
		return "", err
	}
	var nonce [8]byte
	rand.Read(nonce[:])
	temporary := path.Join(folder, part+hex.EncodeToString(nonce[:]))
	out, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return "", err
	}
	defer root.Remove(temporary) // after a rename there is nothing left to remove
	err = fill(ctx, out, body)
	info, statErr := out.Stat()
	if err := errors.Join(err, statErr, out.Close()); err != nil {
		return "", err
	}
	if keep {
		err = root.Link(temporary, name)
	} else {
		err = root.Rename(temporary, name)
	}
	if err != nil {
		return "", err
	}
	return tag(info), flush(root, folder)
}

// fill copies the contents and flushes them to the disk.
func fill(ctx context.Context, out *os.File, body blob.Blob) error {
	in, err := body.Open()
	if err != nil {
		return fmt.Errorf("local: reading what to store: %w", errors.Join(errSource, err))
	}
	defer in.Close()
	n, err := io.Copy(out, stopping{ctx, in})
	switch {
	case err != nil:
		return err
	case n != body.Size:
		return errSource
	}
	return out.Sync()
}

// errSource tells that the contents to be stored could not be read.
var errSource = errors.New("local: the contents are not whole")

// stopping is a reader that ends with its context.
type stopping struct {
	ctx context.Context
	in  io.Reader
}

func (s stopping) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.in.Read(p)
}

// flush puts the names in a folder on the disk, so that they outlive a crash.
func flush(root *os.Root, folder string) error {
	f, err := root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Open reads a file.
func (b *Bucket) Open(ctx context.Context, key string) (storage.Info, io.ReadCloser, error) {
	name, err := nameOf("read", key)
	if err != nil {
		return storage.Info{}, nil, err
	}
	if ctx.Err() != nil {
		return storage.Info{}, nil, context.Cause(ctx)
	}
	root, err := b.enter("read", storage.NoObject, false)
	if err != nil {
		return storage.Info{}, nil, err
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe is not waited for
	if err != nil {
		return storage.Info{}, nil, fault("read", storage.NoObject, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		f.Close()
		return storage.Info{}, nil, fault("read", storage.NoObject, err)
	}
	return storage.Info{Key: key, Size: info.Size(), Changed: info.ModTime(), ETag: tag(info)}, transfer.Reader{ReadCloser: f}, nil
}

// Remove deletes a file, and the folders that it leaves empty.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	name, err := nameOf("remove", key)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	root, err := b.enter("remove", storage.NoObject, false)
	if err != nil {
		return unless(err, storage.NoObject)
	}
	defer root.Close()
	info, err := root.Lstat(name)
	if err == nil && info.IsDir() {
		return nil // a folder is no object
	}
	if err == nil {
		err = root.Remove(name)
	}
	if err != nil {
		return unless(fault("remove", storage.NoObject, err), storage.NoObject)
	}
	for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
		if root.Remove(folder) != nil { // not empty
			break
		}
	}
	return nil
}

// unless is err, or nil where it is a fault for this reason.
func unless(err error, reason storage.Reason) error {
	if storage.Is(err, reason) {
		return nil
	}
	return err
}

// nameOf is the path of a key. A key that is none, as one with an empty segment, is a fault
// Invalid.
func nameOf(doing, key string) (string, error) {
	if !filepath.IsLocal(key) || path.Clean(key) != key || key == "." || strings.HasPrefix(path.Base(key), part) || strings.ContainsRune(key, 0) {
		return "", storage.NewFault(doing, storage.Invalid, "", 0, nil)
	}
	return key, nil
}

// tag stands for the contents of a file: another one has another.
func tag(info fs.FileInfo) string {
	return fmt.Sprintf("%x-%x", info.ModTime().UnixNano(), info.Size())
}

// fault turns an error of the system into ours. Its cause leaves the path out.
func fault(doing string, gone storage.Reason, err error) error {
	reason := storage.Failed
	switch {
	case errors.Is(err, errSource):
	case errors.Is(err, fs.ErrExist):
		reason = storage.Exists
	case errors.Is(err, fs.ErrNotExist):
		reason = gone
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		reason = storage.Denied
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EMLINK):
		reason = storage.Full
	case errors.Is(err, syscall.ENOTDIR) && doing != "write": // a name below that of a file
		reason = gone
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.ELOOP):
		reason = storage.Invalid
	case escapes(err):
		reason = storage.Outside
	}
	var number syscall.Errno
	if errors.As(err, &number) {
		return storage.NewFault(doing, reason, "", 0, number)
	}
	return storage.NewFault(doing, reason, "", 0, nil)
}

// escapes says whether os.Root refused a path since it leads out. It has no error to compare
// with, but is the only one that wraps no number of the system's in its PathError.
func escapes(err error) bool {
	var at *fs.PathError
	var link *os.LinkError
	var number syscall.Errno
	return (errors.As(err, &at) || errors.As(err, &link)) && !errors.As(err, &number)
}
