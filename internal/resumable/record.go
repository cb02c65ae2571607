package resumable

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"compressor/internal/problem"
	"compressor/internal/work"
)

// folder of the data directory, with a folder for each upload.
const folder = "uploads"

// dataName is where the bytes of an upload lie, as package disk names files.
func dataName(id string) string { return folder + "/" + id + "/data" }

func recordName(id string) string { return folder + "/" + id + "/record" }

// record is what is written of an upload when it begins. Options were judged before, and
// what of them is secret, the webhook, is sealed.
type record struct {
	ID       string            `json:"id"`
	KeyID    string            `json:"key_id"`
	Size     int64             `json:"size"`
	Expires  time.Time         `json:"expires"`
	Order    work.Order        `json:"order"`
	Notice   json.RawMessage   `json:"notice,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

// write makes the folder of an upload. The record comes last, so that a folder without one
// is one that was not finished.
func (b *Box) write(r record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	to, err := b.files.Path(recordName(r.ID))
	if err != nil {
		return err
	}
	dir := filepath.Dir(to)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if err := writeSynced(filepath.Join(dir, "data"), nil); err != nil {
		return err
	}
	if err := writeSynced(to+".part", text); err != nil {
		return err
	}
	if err := os.Rename(to+".part", to); err != nil {
		return err
	}
	if err := syncPath(dir); err != nil {
		return err
	}
	return syncPath(filepath.Dir(dir))
}

func writeSynced(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(f.Sync(), f.Close())
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// read reads the record of an upload that is open.
func (b *Box) read(id string) (record, error) {
	var r record
	path, err := b.files.Path(recordName(id))
	if err != nil {
		return r, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(text, &r)
}

// load reads what an earlier process left of an upload.
func (b *Box) load(id string) (*entry, error) {
	r, err := b.read(id)
	if err != nil {
		return nil, err
	}
	path, err := b.files.Path(dataName(id))
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if r.ID != id || info.Size() > r.Size {
		return nil, fmt.Errorf("record of %s, %d bytes of %d", r.ID, info.Size(), r.Size)
	}
	return &entry{key: r.KeyID, size: r.Size, offset: info.Size(), expires: r.Expires}, nil
}

// removeFolder removes what the disk holds of an upload. The record goes last: should the
// process end before, the next one finds an upload that is not whole.
func (b *Box) removeFolder(id string) error {
	path, err := b.files.Path(folder + "/" + id)
	if err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(path, "data")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.RemoveAll(path)
}

// full turns a full disk into its own problem.
func full(err error) error {
	if problem.Full(err) {
		return problem.New(problem.StorageFull).Because(err)
	}
	return err
}
