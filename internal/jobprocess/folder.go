package jobprocess

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// folder is the private folder of one job process.
type folder struct {
	path string
	out  *os.File // opened before the process starts, so that it cannot be exchanged
}

func newFolder(parent string) (*folder, error) {
	path, err := os.MkdirTemp(parent, "job-") // mode 0700
	if err != nil {
		return nil, err
	}
	f := &folder{path: path}
	if err = os.Mkdir(f.writable(), 0o700); err == nil {
		f.out, err = os.Open(f.writable())
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	return f, nil
}

func (f *folder) writable() string { return filepath.Join(f.path, outName) }

// remove deletes the folder with all that is in it.
func (f *folder) remove() error {
	return errors.Join(f.out.Close(), os.RemoveAll(f.path))
}

// place puts the input into the folder: a hard link where the cage keeps it from being
// written to, a copy elsewhere and where no link can be made.
func (f *folder) place(input string, mayLink bool) error {
	target := filepath.Join(f.path, inputName)
	if info, err := os.Lstat(input); err == nil && mayLink && info.Mode().IsRegular() {
		if os.Link(input, target) == nil {
			return nil
		}
	}
	from, err := os.Open(input)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// result opens what the process left under name. The process must be gone. A link, a
// pipe, a device, a second name of another file or a file over limit bytes is refused.
func (f *folder) result(name string, limit int64) (*os.File, int64, error) {
	flags := unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC
	fd, err := unix.Openat(int(f.out.Fd()), name, flags, 0)
	if err != nil {
		return nil, 0, fmt.Errorf("result: %w", err)
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		unix.Close(fd)
		return nil, 0, fmt.Errorf("result: %w", err)
	}
	switch {
	case stat.Mode&unix.S_IFMT != unix.S_IFREG:
		err = errors.New("result: not a regular file")
	case stat.Nlink != 1:
		err = errors.New("result: a link to another file")
	case stat.Size > limit:
		err = fmt.Errorf("result: %d bytes are over the limit of %d", stat.Size, limit)
	}
	if err != nil {
		unix.Close(fd)
		return nil, 0, err
	}
	return os.NewFile(uintptr(fd), filepath.Join(f.writable(), name)), stat.Size, nil
}

// copyOut copies size bytes of a result into a file of our own beside the folder that the
// process can write in, and opens that.
func (f *folder) copyOut(from *os.File, size int64) (*os.File, string, int64, error) {
	path := filepath.Join(f.path, "result")
	to, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, "", 0, err
	}
	n, err := io.Copy(to, io.LimitReader(from, size))
	if err == nil {
		_, err = to.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, "", 0, errors.Join(err, to.Close())
	}
	return to, path, n, nil
}
