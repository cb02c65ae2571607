package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"syscall"
)

// The environment variables that hold, or point to, the master keys.
const (
	KeyVariable  = "COMPRESSOR_MASTER_KEY"
	FileVariable = "COMPRESSOR_MASTER_KEY_FILE"
)

// ErrElsewhere is why no master key is made by itself: the place beside the data folder is
// on another file system, as in a container with a volume, and may not outlive it; or it
// may not be written to.
var ErrElsewhere = errors.New("there is no lasting place for a master key beside the data folder: set " +
	KeyVariable + " to id:base64 with 32 random bytes, such as 1:$(openssl rand -base64 32), or " + FileVariable + " to a file that holds such a line")

// Source is where the master keys come from: Text, else File, else a file beside the data
// folder, which Make makes when it is first needed. Keys are read anew at each call, so
// that a key added to a file is good at once.
type Source struct {
	Text Secret       // as ParseRing reads it
	File string       // one id:base64 a line
	Data string       // the data folder
	Log  *slog.Logger // told when a file is made; may be nil
}

// Read returns the master keys, an empty Ring where there are none yet.
func (s Source) Read() (Ring, error) {
	if !s.Text.Empty() && s.File != "" {
		return Ring{}, errors.New("set " + KeyVariable + " or " + FileVariable + ", not both")
	}
	if !s.Text.Empty() {
		r, err := ParseRing(s.Text.Reveal())
		if err != nil {
			return Ring{}, fmt.Errorf("%s: %w", KeyVariable, err)
		}
		return r, nil
	}
	if s.File != "" {
		r, err := Load(s.File)
		if err != nil {
			return Ring{}, fmt.Errorf("%s: %w", FileVariable, err)
		}
		return r, nil
	}
	file, err := DefaultFile(s.Data)
	if errors.Is(err, ErrElsewhere) {
		return Ring{}, nil
	}
	if err != nil {
		return Ring{}, err
	}
	r, err := Load(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Ring{}, nil
	}
	return r, err
}

// Make is Read that makes the file beside the data folder where nothing else is set, and
// says so in the log. Error: ErrElsewhere where there is no place for one.
func (s Source) Make() (Ring, error) {
	r, err := s.Read()
	if err != nil || !r.Empty() {
		return r, err
	}
	file, err := DefaultFile(s.Data)
	if err != nil {
		return Ring{}, err
	}
	switch err = Make(file); {
	case errors.Is(err, fs.ErrExist): // somebody else was first
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return Ring{}, fmt.Errorf("%w (%w)", ErrElsewhere, err)
	case err != nil:
		return Ring{}, err
	case s.Log != nil:
		s.Log.Warn("a master key was made for the credentials of connectors: back it up, apart from the data folder", "file", file)
	}
	return Load(file)
}

// DefaultFile is where the master keys lie if nothing is set: beside the data folder and
// not inside, so that a backup of the folder does not hold both. Error: ErrElsewhere.
func DefaultFile(data string) (string, error) {
	data, err := filepath.Abs(data)
	if err != nil {
		return "", fmt.Errorf("place of the master keys: %w", err)
	}
	here, err := device(data)
	if err != nil {
		return "", err
	}
	beside, err := device(filepath.Dir(data))
	if err != nil {
		return "", err
	}
	if here != beside || filepath.Dir(data) == data {
		return "", ErrElsewhere
	}
	return data + ".masterkeys", nil
}

// device is the file system that a folder lies on (st_dev of stat(2)).
func device(folder string) (uint64, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(folder, &st); err != nil {
		return 0, fmt.Errorf("place of the master keys: %w", err)
	}
	return uint64(st.Dev), nil
}
